"""Which part of an axis is worth showing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optuna_scaleup.types import Array
from optuna_scaleup.visualization._model import Surrogate


_MAX_UNIT_RATIO = 10.0
_MOST = 0.9  # of a study's trials: the worst may have diverged
_MAX_LOG_LOSS = 12.0  # of a logarithm of a gain: a millionth of the best
_SAME = 1e-9
_REACH = 3.0  # distances from median to best that are shown on the bad side of the median


def robust_range(
    curves: Sequence[tuple[Surrogate, Array]], shown: Sequence[float] = ()
) -> list[float]:
    """A range that shows the good end of all studies; one diverged trial does not set it.

    Args:
        curves: Studies with quantiles of their predictions, shape ``(q, 5)``.
        shown: Values that have to be in it.
    """
    edges = [*shown, *(edge for surrogate, q in curves for edge in _edges(surrogate, q))]
    low, high = float(min(edges)), float(max(edges))
    pad = 0.05 * (high - low) or 0.5 * abs(high) or 1.0
    return [low - pad, high + pad]


def good_end(values: Array) -> list[float]:
    """A range of logarithms that leaves out what is worth nothing beside the best."""
    best = float(values.max())
    worst = max(float(values.min()), best - _MAX_LOG_LOSS)
    pad = 0.06 * (best - worst) or 0.5
    return [worst - pad, best + pad]


def _edges(surrogate: Surrogate, q: Array) -> tuple[float, float]:
    """From somewhat worse than the median trial to the best of trials and curve."""
    sign = surrogate.sign
    curve = np.sort(sign * q, axis=1)
    values = np.sort(sign * (surrogate.values if len(surrogate.values) else q[:, 2]))
    best, median = values[-1], float(np.median(values))
    step = best - median
    if step <= _SAME * abs(best):  # one trial, or trials that are all alike
        step = float(np.median(curve[:, 3] - curve[:, 1]))
    worst = max(min(values[0], curve.min()), median - _REACH * step)
    worst = min(worst, curve[:, 2].max())  # the best stretch of the median curve is always shown
    top = max(best, min(curve.max(), best + step))
    low, high = sorted((sign * worst, sign * top))
    return low, high


def is_same_unit(one: Surrogate, other: Surrogate) -> bool:
    """Whether the values of two studies can share an axis."""
    if one.sign != other.sign:
        return False
    if not len(one.values) or not len(other.values):
        return True
    # A study close to its optimum lies above all that the other has found, but for its bad trials.
    extent, other_extent = (_span(s, _MOST) for s in (one, other))
    if extent[0] <= other_extent[1] and other_extent[0] <= extent[1]:
        return True
    (low, high), (other_low, other_high) = (_span(s, 0.5) for s in (one, other))
    spans = (high - low, other_high - other_low)
    if min(spans) > 0.0 and max(spans) > _MAX_UNIT_RATIO * min(spans):
        return False
    gap = max(low - other_high, other_low - high)
    return gap <= 2.0 * max(spans)


def _span(surrogate: Surrogate, share: float) -> tuple[float, float]:
    """The better ``share`` of the study's values, as low and high."""
    values = surrogate.sign * surrogate.values
    worst = float(np.quantile(values, 1.0 - share))
    low, high = sorted((surrogate.sign * worst, surrogate.sign * float(values.max())))
    return low, high
