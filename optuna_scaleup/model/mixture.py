"""The transfer model once it is fitted: weighted posteriors of one output, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from optuna_scaleup.model.features import FeatureMap
from optuna_scaleup.model.posterior import Posterior
from optuna_scaleup.model.warp import OutcomeWarp
from optuna_scaleup.types import Array


_N_QUANTILES = 64
_N_GAINS = 16
_SMALLEST = float(np.finfo(float).tiny)


@dataclass(frozen=True)
class MixturePrediction:
    """Prediction of every draw, in warped units, gradients in the axes' coordinates.

    Attributes:
        mean: Shape ``(K, q)``.
        std: Shape ``(K, q)``.
        grad_mean: Shape ``(K, q, d)``, zero along categorical axes; empty if not asked.
        grad_std: The same for the standard deviation.
    """

    mean: Array
    std: Array
    grad_mean: Array
    grad_std: Array


class Mixture:
    """Weighted posteriors of one output of the large study.

    Attributes:
        log_weight: Of every draw, normalised, shape ``(K,)``.
        scale: Distance from median to best in the unit of the values, shape ``(K,)``.
        source_weights: Weight of each source by evidence and, last, of "no source".
        used_weights: The same as predictions use them, see
            :func:`~optuna_scaleup.model.hypotheses.hedged`.
        log_evidence: Of the trials, all hypotheses together; known up to what is common to models
            of the same trials.
        gain: Of every draw, by how much the large study is expected to be better altogether than
            the model knows of, in warped units: the mean of an exponential distribution, ``(K,)``.
    """

    def __init__(
        self,
        feature_map: FeatureMap,
        posteriors: Sequence[Posterior],
        log_weights: Sequence[Array],
        source_weights: Array,
        used_weights: Array,
        log_evidence: float,
        gains: Sequence[float],
        warp: OutcomeWarp,
    ) -> None:
        self._feature_map = feature_map
        self._warp = warp
        self._posteriors = posteriors
        self._to_axes = (
            (feature_map.axis[:, None] == np.arange(feature_map.n_axes))
            & feature_map.is_shiftable[:, None]
        ).astype(float)
        self.log_weight = np.concatenate(log_weights)
        self.scale = np.concatenate([p.scale for p in posteriors])
        self._anchor = np.concatenate([np.full(p.n_draws, p.anchor) for p in posteriors])
        self._noise_var = np.concatenate([p.noise_var for p in posteriors])
        self.source_weights = source_weights
        self.used_weights = used_weights
        self.log_evidence = log_evidence
        self.gain = np.repeat(gains, [p.n_draws for p in posteriors])

    def predict(self, X: Array, with_grad: bool = False) -> MixturePrediction:
        """Predictions at the rows of ``X``, shape ``(q, d)``, in unit coordinates."""
        features = self._feature_map.transform(X)
        parts = [p.predict(features, with_grad) for p in self._posteriors]
        mean = np.concatenate([p.mean for p in parts])
        std = np.sqrt(np.concatenate([p.var for p in parts]))
        if not with_grad:
            return MixturePrediction(mean, std, np.empty(0), np.empty(0))
        grad_mean = np.concatenate([p.grad_mean for p in parts]) @ self._to_axes
        grad_var = np.concatenate([p.grad_var for p in parts]) @ self._to_axes
        return MixturePrediction(mean, std, grad_mean, grad_var / (2.0 * std[..., None]))

    def sample(
        self,
        n_paths: int,
        rng: np.random.Generator,
        no_source_odds: float = 1.0,
        zero: float | None = None,
    ) -> Callable[[Array], Array]:
        """Functions drawn from the mixture, each in its own warped unit.

        Args:
            n_paths: How many.
            rng: Random numbers.
            no_source_odds: Factor on the weight of "no source", if there is a source at all.
            zero: The value of which the functions tell the distance; the median of the trials, as
                each draw has it, if :obj:`None`.

        Returns:
            Values of all of them at rows in unit coordinates, ``(q, d)`` to ``(n_paths, q)``.
        """
        factors = [no_source_odds if p.parent is None else 1.0 for p in self._posteriors]
        counts = [p.n_draws for p in self._posteriors]
        cumulative = np.cumsum(np.exp(self.log_weight) * np.repeat(factors, counts))
        levels = (np.arange(n_paths) + rng.random()) / n_paths * cumulative[-1]
        picks = np.minimum(np.searchsorted(cumulative, levels), len(cumulative) - 1)
        first = np.cumsum([0, *counts])
        paths = [
            posterior.paths(picks[(picks >= a) & (picks < b)] - a, rng)
            for posterior, a, b in zip(self._posteriors, first[:-1], first[1:], strict=True)
        ]

        base = 0.0 if zero is None else self.to_warped(np.array([zero]))[picks]

        def values(X: Array) -> Array:
            features = self._feature_map.transform(X)
            return np.asarray(np.concatenate([path(features) for path in paths]) - base)

        return values

    def value_quantiles(self, x: Array, levels: Sequence[float]) -> Array:
        """Quantiles of what a trial at ``x`` will return, in the unit of the values.

        Where all known values are on the worse side of zero, as losses are, so are these.

        Args:
            x: One point, shape ``(d,)``.
            levels: Probabilities.

        Returns:
            Shape ``(len(levels),)``; noise is included.
        """
        p = self.predict(x[None])
        std = np.sqrt(p.std[:, 0] ** 2 + self._noise_var)
        z = p.mean + std[:, None] * ndtri(_levels(_N_QUANTILES))
        values = self._gained(z) if self.gain.any() else self.from_warped(z)
        values = np.where(self._anchor[:, None] < 0.0, np.minimum(values, 0.0), values)
        weights = np.exp(self.log_weight)[:, None].repeat(values.shape[1], axis=1).ravel()
        order = np.argsort(values, axis=None)
        cumulative = np.cumsum(weights[order]) / weights.sum()
        picks = np.searchsorted(cumulative, levels)
        return np.asarray(values.ravel()[order][np.minimum(picks, len(order) - 1)])

    def _gained(self, z: Array) -> Array:
        """Values with what the study gains altogether, shape ``(K, n)`` to ``(K, n n_gains)``.

        Where all known values are on the worse side of zero, as losses are, a gain brings a value
        the closer to zero the larger it is, but not beyond: of a small one all counts, of one as
        large as the value itself two thirds.
        """
        by = self.gain[:, None] * -np.log1p(-_levels(_N_GAINS))
        gained = self.from_warped((z[:, :, None] + by[:, None, :]).reshape(len(z), -1))
        before = np.minimum(self.from_warped(z), 0.0).repeat(by.shape[1], axis=1)
        with np.errstate(over="ignore"):
            bounded = before * np.exp((before - gained) / np.maximum(-before, _SMALLEST))
        return np.where(self._anchor[:, None] < 0.0, bounded, gained)

    @property
    def expected_bad(self) -> float:
        """Value twice as far below the median as the best is above it, averaged over the draws."""
        return float(np.exp(self.log_weight) @ (self._anchor - 3.0 * self.scale))

    def expected_values(self, X: Array) -> Array:
        """Values at the rows of ``X``, each draw's most likely ones averaged, shape ``(q,)``."""
        return np.asarray(np.exp(self.log_weight) @ self.from_warped(self.predict(X).mean))

    def to_warped(self, values: Array) -> Array:
        """Values in each draw's warped units: shape ``(b,)`` to ``(K, b)``."""
        return self._warp.value(1.0 + (values - self._anchor[:, None]) / self.scale[:, None])

    def from_warped(self, z: Array) -> Array:
        """Inverse of :meth:`to_warped`, shape ``(..., K, b)``."""
        v = self._warp.inverse(z)
        return np.asarray(self._anchor[:, None] + self.scale[:, None] * (v - 1.0))


def _levels(n: int) -> Array:
    """The middles of ``n`` equal parts of [0, 1]."""
    return (np.arange(n) + 0.5) / n
