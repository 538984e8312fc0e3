"""Acquisition functions over a mixture of posteriors; the larger, the better.

A criterion rates one draw of the hyperparameters from its mean, standard deviation and incumbent;
:class:`MixtureAcquisition` averages it over the draws. Each draw has its own incumbent, the
highest posterior mean at a tried point, so noise in the best value does no harm.
"""

from __future__ import annotations

from typing import Any
from typing import NamedTuple
from typing import Protocol

import numpy as np
from scipy.special import log_ndtr

from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.suggest.normal_tails import improvement_slopes
from optuna_scaleup.suggest.normal_tails import log_improvement
from optuna_scaleup.suggest.normal_tails import probability_slope
from optuna_scaleup.types import Array


PI_MARGIN = 0.1  # warped units
_CONFIDENCE_STDS = 1.96


class Rating(NamedTuple):
    """A criterion's value and its derivatives in mean and standard deviation, all ``(K, q)``."""

    value: Array
    d_mean: Array
    d_std: Array


class Criterion(Protocol):
    """What a draw's prediction is worth.

    Attributes:
        is_log: Whether values are logarithms, so that draws are averaged by log-sum-exp; otherwise
            values are averaged as they are.

    One that has a ``label`` is called so in figures, others by the name of their class.
    """

    is_log: bool

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        """Rates predictions.

        Args:
            mean: Shape ``(K, q)``, warped units: one is the best value seen, zero the median.
            std: Shape ``(K, q)``.
            incumbent: Highest mean at a tried point, shape ``(K, 1)``.
            scale: Value of one warped unit in the objective's unit, shape ``(K, 1)``.
        """
        ...


class LogExpectedImprovement:
    """Log expected improvement (Jones et al., 1998; in log space: Ament et al., 2023)."""

    is_log = True
    label = "log EI"

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        u = (mean - incumbent) / std
        slope_mean, slope_std = improvement_slopes(u)
        value = np.log(scale) + np.log(std) + log_improvement(u)
        return Rating(value, slope_mean / std, slope_std / std)


class LogProbabilityOfImprovement:
    """Log probability of improving on the incumbent by a margin (Kushner, 1964).

    Without one, the point next to the incumbent is as good as any: it is better with a
    probability of a half.

    Args:
        margin: In warped units.
    """

    is_log = True
    label = "log PI"

    def __init__(self, margin: float = PI_MARGIN) -> None:
        self._margin = margin

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        u = (mean - incumbent - self._margin) / std
        slope = probability_slope(u) / std
        return Rating(log_ndtr(u), slope, -u * slope)


class LogProbabilityOfFeasibility:
    """Log probability of a constraint's value at most the threshold (Schonlau et al., 1998)."""

    is_log = True
    label = "feasible"

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        value, d_mean, d_std = LogProbabilityOfImprovement(margin=0.0)(
            -mean, std, -incumbent, scale
        )
        return Rating(value, -d_mean, d_std)


class LeastExcess:
    """By how much the expected value exceeds a limit, negative; zero below it."""

    is_log = False
    label = "excess"

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        excess = np.maximum(mean - incumbent, 0.0)
        return Rating(-excess, -(excess > 0.0).astype(float), np.zeros_like(mean))


class ConfidenceBound:
    """Optimistic confidence bound; known as LCB where smaller is better (Cox & John, 1992)."""

    is_log = False
    label = "confidence bound"

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        one = np.broadcast_to(scale, mean.shape)
        return Rating(scale * (mean + _CONFIDENCE_STDS * std), one, _CONFIDENCE_STDS * one)


class MaxVariance:
    """Predictive variance: learn the function everywhere."""

    is_log = False
    label = "variance"

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        return Rating(scale**2 * std**2, np.zeros_like(mean), 2.0 * scale**2 * std)


class PosteriorMean:
    """Expected value."""

    is_log = False
    label = "posterior mean"

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        return Rating(scale * mean, np.broadcast_to(scale, mean.shape), np.zeros_like(mean))


class CautiousMean:
    """Expected value less variance: what to try when nothing is known but the source.

    Of normal outcomes that order is the one of an exponential utility (Pratt, 1964). Far from the
    source's trials its mean is little more than a guess, and a bad value may be far worse than a
    good one is good. What varies everywhere alike, as the offset does, decides nothing.
    """

    is_log = False
    label = "mean less variance"

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        one = np.broadcast_to(scale, mean.shape)
        return Rating(scale * (mean - std**2), one, -2.0 * scale * std)


CRITERIA: dict[str, type[Criterion]] = {
    "log_ei": LogExpectedImprovement,
    "log_pi": LogProbabilityOfImprovement,
    "lcb": ConfidenceBound,
    "max_variance": MaxVariance,
}


def check_criterion(criterion: Any) -> None:
    """Raises :exc:`ValueError` unless it is one of :data:`CRITERIA` or an object like those."""
    known = ", ".join(map(repr, CRITERIA))
    if isinstance(criterion, str):
        if criterion not in CRITERIA:
            raise ValueError(f"`acquisition` must be one of {known}, but got {criterion!r}.")
    elif isinstance(criterion, type) or not (
        callable(criterion) and isinstance(getattr(criterion, "is_log", None), bool)
    ):
        raise ValueError(
            f"`acquisition` must be one of {known}, or an object that takes mean, std, incumbent "
            f"and scale, returns a `Rating` and has a boolean `is_log`, but got {criterion!r}."
        )


def best_mean(mixture: Mixture, X: Array) -> Array:
    """Each draw's highest mean at the rows of ``X``, zero without a row, shape ``(K, 1)``."""
    if not len(X):
        return np.zeros((len(mixture.scale), 1))
    return np.asarray(mixture.predict(X).mean.max(axis=1, keepdims=True))


class MixtureAcquisition:
    """A criterion averaged over the draws of a mixture.

    Args:
        mixture: The model.
        criterion: What a draw's prediction is worth.
        incumbent: What each draw compares with, in warped units, shape ``(K, 1)``.
    """

    def __init__(self, mixture: Mixture, criterion: Criterion, incumbent: Array) -> None:
        self._mixture = mixture
        self._criterion = criterion
        self._scale = mixture.scale[:, None]
        self._incumbent = incumbent
        self.is_log = criterion.is_log
        self.label = str(getattr(criterion, "label", type(criterion).__name__))

    def value(self, X: Array) -> Array:
        """Value at the rows of ``X``, shape ``(q, d)`` to ``(q,)``."""
        p = self._mixture.predict(X)
        return self._average(self._criterion(p.mean, p.std, self._incumbent, self._scale).value)

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        """Value and gradient at one point, shape ``(d,)``; zero along categorical axes."""
        p = self._mixture.predict(x[None], with_grad=True)
        rating = self._criterion(p.mean, p.std, self._incumbent, self._scale)
        grads = rating.d_mean * p.grad_mean[:, 0] + rating.d_std * p.grad_std[:, 0]
        weight = np.exp(self._mixture.log_weight)
        value = self._average(rating.value)[0]
        if self.is_log:
            weight = weight * np.exp(rating.value[:, 0] - value)
        return float(value), weight @ grads

    def rate(self, mean: float, std: float) -> float:
        """Value of a point of which every draw predicts this mean and standard deviation."""
        shape = self._scale.shape
        rating = self._criterion(
            np.full(shape, mean), np.full(shape, std), self._incumbent, self._scale
        )
        return float(self._average(rating.value)[0])

    def _average(self, values: Array) -> Array:
        if self.is_log:
            # A tenth of the time of SciPy's, whose dispatch costs more than so few numbers.
            log_weight = self._mixture.log_weight[:, None]
            return np.asarray(np.logaddexp.reduce(values + log_weight, axis=0))
        return np.asarray(np.exp(self._mixture.log_weight) @ values)


class Indifference:
    """Rates points at random.

    Args:
        rng: Random numbers.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def value(self, X: Array) -> Array:
        return self._rng.random(len(X))

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        return 0.0, np.zeros_like(x)
