"""Log expected hypervolume improvement, exact for independent objectives of any number.

Volumes are those of the draws' warped units, in which each objective is a Gaussian process.

The region that improves on the front is cut into boxes. Within a box the improvement is a product
over the objectives, and so is its expectation (Emmerich et al., 2011; Yang et al., 2019): the
difference of two expected improvements over the box's edges in each objective, averaged over the
draws of that objective's model. So all combinations of draws count, at the cost of their sum. All
of it in logarithms, so that the gradient does not vanish (Ament et al., 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.suggest.boxes import improvement_boxes
from optuna_scaleup.suggest.boxes import is_nondominated
from optuna_scaleup.suggest.normal_tails import improvement_slopes
from optuna_scaleup.suggest.normal_tails import log_improvement
from optuna_scaleup.types import Array


# How far below the front's worst values the reference point lies by turns, in ranges of the front;
# None: below all values so far, and bad ones.
_MARGINS = (1.0, 0.3, None)
_MARGIN_OF_ALL = 0.1  # of the range of those
_MIN_LOG_RATIO = -1e-15
_INFINITELY_FAR = -1e100  # standard deviations


@dataclass(frozen=True)
class _Edges:
    """Edges of all boxes along one objective.

    Attributes:
        warped: The distinct ones in each draw's warped units, shape ``(K, n_edges)``.
        lower: Position of each box's lower edge among them, shape ``(n_boxes,)``.
        upper: Position of its upper edge.
    """

    warped: Array
    lower: Array
    upper: Array


class HypervolumeImprovement:
    """Log expected hypervolume improvement on the front of the expected values.

    Args:
        objectives: The model of each.
        X: Points tried so far, shape ``(n, d)``; ``n`` may be zero.
        X_infeasible: Those tried that do not count for the front, likewise.
    """

    label = "log EHVI"
    is_log = True

    def __init__(self, objectives: Sequence[Mixture], X: Array, X_infeasible: Array) -> None:
        self._objectives = objectives
        values = _expected(objectives, X)
        if len(X_infeasible):
            others = _expected(objectives, X_infeasible)
        else:
            others = np.array([[model.expected_bad for model in objectives]])
        lower, upper = improvement_boxes(values, reference_point(values, others))
        self._edges = [
            _edges(model, lower[:, j], upper[:, j]) for j, model in enumerate(objectives)
        ]

    def value(self, X: Array) -> Array:
        """Value at the rows of ``X``, shape ``(q, d)`` to ``(q,)``."""
        log_volume = np.zeros((1, len(X)))
        for model, edges in zip(self._objectives, self._edges, strict=True):
            p = model.predict(X)
            gain = np.logaddexp.reduce(_log_gains(model, edges, p.mean, p.std))
            log_volume = log_volume + _log_difference(gain[edges.lower], gain[edges.upper])
        return np.asarray(np.logaddexp.reduce(log_volume))

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        """Value and gradient at one point, shape ``(d,)``; zero along categorical axes."""
        log_volume = np.zeros(1)
        log_volume_grad = np.zeros((1, len(x)))
        for model, edges in zip(self._objectives, self._edges, strict=True):
            p = model.predict(x[None], with_grad=True)
            gains = _log_gains(model, edges, p.mean, p.std)[..., 0]  # (K, n_edges)
            gain = np.logaddexp.reduce(gains)
            slope_mean, slope_std = improvement_slopes(_u(edges, p.mean, p.std)[..., 0])
            share = np.exp(gains - gain) / p.std
            grad = (share * slope_mean).T @ p.grad_mean[:, 0]
            grad += (share * slope_std).T @ p.grad_std[:, 0]
            difference = _log_difference(gain[edges.lower], gain[edges.upper])
            weight_lower = np.exp(gain[edges.lower] - difference)[:, None]
            weight_upper = np.exp(gain[edges.upper] - difference)[:, None]
            log_volume = log_volume + difference
            log_volume_grad = (
                log_volume_grad
                + weight_lower * grad[edges.lower]
                - weight_upper * grad[edges.upper]
            )
        value = float(np.logaddexp.reduce(log_volume))
        return value, np.exp(log_volume - value) @ log_volume_grad


def reference_point(values: Array, others: Array) -> Array:
    """Where volume begins to count: by turns far below the front, and closer to it.

    What a user counts is not known. From afar the ends of a front are worth most, wherever they
    lie, from close by what is still missing between them; a front of few points is seen from afar
    only. A margin of the front's range is the usual one (Ishibuchi et al., 2018, "How to specify
    a reference point in hypervolume calculation").

    What is bad is told by the model's scale, from median to best, or by infeasible trials, once
    there are any: their values may be far better than any feasible one, and so is the scale.

    Args:
        values: Expected values at the tried points, shape ``(n, m)``.
        others: Those of infeasible ones, or a bad value of each objective, shape ``(k, m)``.
    """
    front = values[is_nondominated(values)]
    margin = _MARGINS[len(values) % len(_MARGINS)]
    if margin is None or len(front) <= values.shape[1]:
        front, margin = np.concatenate([values, others]), _MARGIN_OF_ALL
    return np.asarray(front.min(axis=0) - margin * np.ptp(front, axis=0))


def _expected(objectives: Sequence[Mixture], X: Array) -> Array:
    """Expected values of all objectives, ``(n, d)`` to ``(n, m)``."""
    return np.stack([model.expected_values(X) for model in objectives], axis=-1)


def _edges(model: Mixture, lower: Array, upper: Array) -> _Edges:
    distinct, index = np.unique(np.concatenate([lower, upper]), return_inverse=True)
    return _Edges(model.to_warped(distinct), index[: len(lower)], index[len(lower) :])


def _u(edges: _Edges, mean: Array, std: Array) -> Array:
    """Standardised distance above each edge, ``(K, n_edges, q)``; finite for infinite edges."""
    u = (mean[:, None] - edges.warped[..., None]) / std[:, None]
    return np.asarray(np.maximum(u, _INFINITELY_FAR))


def _log_gains(model: Mixture, edges: _Edges, mean: Array, std: Array) -> Array:
    """Weighted log expected improvement of each draw over each edge, ``(K, n_edges, q)``."""
    weight = model.log_weight + np.log(model.scale)
    log_h = log_improvement(_u(edges, mean, std))
    return np.asarray(weight[:, None, None] + np.log(std)[:, None] + log_h)


def _log_difference(a: Array, b: Array) -> Array:
    """``log(exp(a) - exp(b))`` for ``b <= a``."""
    return np.asarray(a + np.log(-np.expm1(np.minimum(b - a, _MIN_LOG_RATIO))))
