"""Outcome warp: linear in the good half, logarithmic in the bad tail.

``v = 1 + (y - best) / s``, with ``s`` about the distance from median to best, is zero at the
study's median and one at its best; ``w(v) = v`` for ``v >= 0`` and ``-log(1 - v)`` below. ``w`` is
monotone and continuously differentiable, leaves the good half alone and keeps diverged runs from
owning the variance.
"""

from __future__ import annotations

import numpy as np

from optuna_scaleup.types import Array


_MIN_PENALISED = 3  # trials that share the worst value
_MIN_MEASURED = 5  # others, so that these have a median to speak of
_ROUNDING = 1e-12
_TAIL = 100.0  # Values further below the best than this many distances median to best are clipped.


def warp(v: Array) -> Array:
    """``w(v)``, elementwise."""
    return np.where(v >= 0.0, v, -np.log1p(np.maximum(-v, 0.0)))


def log_slope(v: Array) -> Array:
    """``log w'(v)``, elementwise."""
    return np.asarray(-np.log1p(np.maximum(-v, 0.0)))


def log_slope_derivative(v: Array) -> Array:
    """``w''(v) / w'(v)``, elementwise."""
    return np.where(v >= 0.0, 0.0, 1.0 / (1.0 + np.maximum(-v, 0.0)))


def unwarp(z: Array) -> Array:
    """Inverse of :func:`warp`, elementwise."""
    return np.where(z >= 0.0, z, -np.expm1(np.maximum(-z, 0.0)))


def robust_scale(y: Array) -> float:
    """Distance from median to best; falls back to the range, then to one, when it is zero.

    A worst value that several trials share is a penalty, whatever its size, so the median is that
    of the others.

    Args:
        y: Values of one study, shape ``(n,)``, larger is better.
    """
    best, others = float(np.max(y)), measured(y)
    for values, worse in ((others, np.median(others)), (y, np.median(y)), (y, np.min(y))):
        if best - float(worse) > _ROUNDING * float(np.abs(values).max()):
            return best - float(worse)
    return 1.0


def measured(y: Array) -> Array:
    """The values without a worst one that several trials share; all if few others are left."""
    is_worst = y == np.min(y)
    is_penalty = is_worst.sum() >= _MIN_PENALISED and (~is_worst).sum() >= _MIN_MEASURED
    return y[~is_worst] if is_penalty else y


def winsorise(y: Array) -> Array:
    """Lifts the worst values so that no diverged run dwarfs the rest; keeps the good end.

    What a penalty lacks to the worst value measured is a matter of taste: at most one distance
    from median to best counts.
    """
    if len(y) < 3:
        return y
    scale = robust_scale(y)
    floor = np.max(y) - _TAIL * scale
    others = measured(y)
    if len(others) < len(y):
        floor = max(floor, np.min(others) - scale)
    return np.asarray(np.maximum(y, floor))
