"""Studies, densities, posteriors and acquisition functions whose answers are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp

from optuna_scaleup.model.density import Density
from optuna_scaleup.model.features import FeatureMap
from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.model.mixture import MixturePrediction
from optuna_scaleup.model.priors import Prior
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import UnitSpace


def continuous(n_dims: int) -> UnitSpace:
    """A unit cube."""
    return UnitSpace((Axis(),) * n_dims)


def ordered(n_values: int) -> Axis:
    """A discrete numeric axis, half a step of padding at both ends."""
    return Axis((np.arange(n_values) + 0.5) / n_values)


def categorical(n_choices: int) -> Axis:
    return Axis(np.arange(n_choices, dtype=float), is_categorical=True)


def mixed_space() -> UnitSpace:
    """A continuous, an ordered, a categorical and (where rows say so) a conditional axis."""
    return UnitSpace((Axis(), ordered(6), categorical(3), Axis()))


def mixed_points(n: int, rng: np.random.Generator) -> Array:
    """Legal points of :func:`mixed_space`, the last axis inactive in every third row."""
    X = np.column_stack([rng.random(n), rng.random(n), rng.integers(3, size=n), rng.random(n)])
    X = mixed_space().snap(X)
    X[::3, 3] = np.nan
    return X


def feature_map(space: UnitSpace, X: Array) -> FeatureMap:
    """Features of a space in which ``X`` tells the conditional axes."""
    return FeatureMap.of(space, np.isnan(X).any(axis=0))


def quadratic(X: Array, optimum: float) -> Array:
    """``-|x - optimum|^2`` with every inactive coordinate at 0.5, shape ``(n,)``."""
    return np.asarray(-((np.where(np.isnan(X), 0.5, X) - optimum) ** 2).sum(axis=-1))


def quadratic_study(n: int, n_dims: int, optimum: float, rng: np.random.Generator) -> Dataset:
    """Random trials of :func:`quadratic`."""
    X = rng.random((n, n_dims))
    return Dataset(X, quadratic(X, optimum)[:, None])


def no_trials(n_dims: int) -> Dataset:
    return Dataset(np.empty((0, n_dims)), np.empty((0, 1)))


class GaussianDensity(Density):
    """Normal prior times a normal likelihood of the hyperparameters: evidence and moments known.

    Args:
        means: Where the likelihood peaks, shape ``(m, p)``: the mean of ``m`` normals.
        cov: Width of each peak, shape ``(p, p)``.
        prior_std: Standard deviations of the zero-mean prior, shape ``(p,)``.
    """

    def __init__(self, means: Array, cov: Array, prior_std: Array) -> None:
        p = len(prior_std)
        X = np.array([[0.2], [0.8]])
        rows = Rows.of(feature_map(continuous(1), X), X, np.array([0.0, 1.0]))
        super().__init__(rows, Prior(np.zeros(p), prior_std, np.full(p, np.inf), np.zeros(p)))
        self.likelihood_means = means
        self.precision = np.linalg.inv(cov)
        self.log_norm = -0.5 * float(np.linalg.slogdet(2.0 * np.pi * cov)[1])

    def value_and_grad(self, theta: Array, with_grad: bool = True) -> tuple[Array, Array]:
        gap = theta[:, None, :] - self.likelihood_means
        pull = gap @ self.precision
        log_peak = -0.5 * (pull * gap).sum(-1)
        log_sum = logsumexp(log_peak, axis=1)
        value = self.log_norm - np.log(gap.shape[1]) + log_sum + self.prior.log_density(theta)
        share = np.exp(log_peak - log_sum[:, None])
        return value, self.prior.gradient(theta) - np.einsum("bm,bmp->bp", share, pull)


class KnownMixture(Mixture):
    """A mixture over the unit interval: draw ``k`` has a known mean and standard deviation.

    Args:
        log_weight: Shape ``(K,)``.
        scale: Shape ``(K,)``.
        slope: Of each draw's mean ``intercept + slope x``, shape ``(K,)``.
        intercept: Shape ``(K,)``.
        std_slope: Of each draw's standard deviation ``0.2 + std_slope x``, shape ``(K,)``.
    """

    def __init__(
        self, log_weight: Array, scale: Array, slope: Array, intercept: Array, std_slope: Array
    ) -> None:
        self.log_weight = log_weight
        self.scale = scale
        self.source_weights = np.ones(1)
        self._slope, self._intercept, self._std_slope = slope, intercept, std_slope

    # As if a warped unit were the objective's, with a bad value at -1.

    @property
    def expected_bad(self) -> float:
        return -1.0

    def expected_values(self, X: Array) -> Array:
        return np.asarray(np.exp(self.log_weight) @ self.predict(X).mean)

    def to_warped(self, values: Array) -> Array:
        return np.tile(values, (len(self.scale), 1))

    def from_warped(self, z: Array) -> Array:
        return z

    def predict(self, X: Array, with_grad: bool = False) -> MixturePrediction:
        x = X[:, 0]
        mean = self._intercept[:, None] + self._slope[:, None] * x
        std = 0.2 + self._std_slope[:, None] * x
        flat = np.ones((len(self.scale), len(x), 1))
        return MixturePrediction(
            mean, std, self._slope[:, None, None] * flat, self._std_slope[:, None, None] * flat
        )


class FunctionAcquisition:
    """An acquisition function from a plain function and its gradient.

    Args:
        f: Values of rows, shape ``(q, d)`` to ``(q,)``.
        gradient: Of ``f`` at one point, shape ``(d,)`` to ``(d,)``.
    """

    def __init__(self, f: Callable[[Array], Array], gradient: Callable[[Array], Array]) -> None:
        self._f = f
        self._gradient = gradient

    def value(self, X: Array) -> Array:
        return self._f(X)

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        return float(self._f(x[None])[0]), self._gradient(x)
