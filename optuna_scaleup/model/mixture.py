"""The transfer model: a mixture over sources, "no source", and draws of the hyperparameters.

Every source is one hypothesis, that no source helps is one more; their weights come from the
estimated evidence. Within a hypothesis the hyperparameters are drawn, not fitted.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp
from scipy.special import ndtri

from optuna_scaleup.model import gp
from optuna_scaleup.model import warp
from optuna_scaleup.model.density import OFFSET_VAR
from optuna_scaleup.model.density import Density
from optuna_scaleup.model.effort import Aim
from optuna_scaleup.model.effort import Effort
from optuna_scaleup.model.effort import effort_for
from optuna_scaleup.model.features import FeatureMap
from optuna_scaleup.model.hyperposterior import Draws
from optuna_scaleup.model.hyperposterior import draw
from optuna_scaleup.model.hyperposterior import either
from optuna_scaleup.model.hyperposterior import mode_only
from optuna_scaleup.model.hyperposterior import thinned
from optuna_scaleup.model.hypotheses import hedged
from optuna_scaleup.model.hypotheses import knows_its_scale
from optuna_scaleup.model.hypotheses import log_priors
from optuna_scaleup.model.posterior import Posterior
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import Source
from optuna_scaleup.model.sources import transfer_density
from optuna_scaleup.types import Array
from optuna_scaleup.types import QuasiRandom


_NEGLIGIBLE = 1e-3
_N_PRIOR_DRAWS = 64
_N_PRIOR_DRAWS_PENDING = 16  # the n-th worker's point is a matter of spread, not of precision
_N_QUANTILES = 64
# From so many nats on between the distances median to best of a study and its source they may be
# of different units: then both scales are tried.
_OTHER_UNIT = 2.0
_PRIOR_OTHER_UNIT = 0.2
MAX_FIT_ROWS = 64  # Hyperparameters are fitted to that many trials; all are conditioned on.


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
        log_weight: Of every draw, shape ``(K,)``.
        scale: Distance from median to best in the unit of the values, shape ``(K,)``.
        source_weights: Weight of each source by evidence and, last, of "no source".
        used_weights: The same as predictions use them, see
            :func:`~optuna_scaleup.model.hypotheses.hedged`.
        log_evidence: Of the trials, all hypotheses together; known up to what is common to models
            of the same trials.
    """

    def __init__(
        self,
        feature_map: FeatureMap,
        posteriors: Sequence[Posterior],
        log_weights: Sequence[Array],
        source_weights: Array,
        used_weights: Array,
        log_evidence: float = 0.0,
    ) -> None:
        self._feature_map = feature_map
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

        Args:
            x: One point, shape ``(d,)``.
            levels: Probabilities.

        Returns:
            Shape ``(len(levels),)``; noise is included.
        """
        p = self.predict(x[None])
        std = np.sqrt(p.std[:, 0] ** 2 + self._noise_var)
        z = p.mean + std[:, None] * ndtri((np.arange(_N_QUANTILES) + 0.5) / _N_QUANTILES)
        values = self.from_warped(z)
        weights = np.exp(self.log_weight)[:, None].repeat(_N_QUANTILES, axis=1).ravel()
        order = np.argsort(values, axis=None)
        cumulative = np.cumsum(weights[order]) / weights.sum()
        picks = np.searchsorted(cumulative, levels)
        return np.asarray(values.ravel()[order][np.minimum(picks, len(order) - 1)])

    @property
    def expected_bad(self) -> float:
        """Value twice as far below the median as the best is above it, averaged over the draws."""
        return float(np.exp(self.log_weight) @ (self._anchor - 3.0 * self.scale))

    def expected_values(self, X: Array) -> Array:
        """Values at the rows of ``X``, each draw's most likely ones averaged, shape ``(q,)``."""
        return np.asarray(np.exp(self.log_weight) @ self.from_warped(self.predict(X).mean))

    def to_warped(self, values: Array) -> Array:
        """Values in each draw's warped units: shape ``(b,)`` to ``(K, b)``."""
        return warp.warp(1.0 + (values - self._anchor[:, None]) / self.scale[:, None])

    def from_warped(self, z: Array) -> Array:
        """Inverse of :meth:`to_warped`, shape ``(..., K, b)``."""
        return np.asarray(self._anchor[:, None] + self.scale[:, None] * (warp.unwarp(z) - 1.0))


def fit_mixture(
    feature_map: FeatureMap,
    X: Array,
    y: Array,
    noise_var: Array | None,
    sources: Sequence[Source],
    X_pending: Array,
    quasi_random: QuasiRandom,
    hyperprior: gp.Hyperprior = gp.VALUES,
    offset_var: float = OFFSET_VAR,
    aim: Aim = Aim.LEVEL,
    is_smooth: bool = False,
) -> Mixture:
    """Fits all hypotheses to the large study's trials.

    Args:
        feature_map: Features of the target's space.
        X: Finished trials, shape ``(n, d)``; ``n`` may be zero if there is a source.
        y: Their values, shape ``(n,)``, larger is better.
        noise_var: Extra noise variance of the values, shape ``(n,)``: zero if measured.
        sources: Fitted small studies.
        X_pending: Running trials, shape ``(q, d)``.
        quasi_random: Source of quasi-random points.
        hyperprior: Of the study's own GP; noise has the same one with a source.
        offset_var: Prior variance of the offset to a source, in squared warped units.
        aim: What it is modelled for.
        is_smooth: Whether the study's own model has a smooth kernel.
    """
    rows = Rows.of(feature_map, X, y, noise_var)
    fit_rows = rows.representative(MAX_FIT_ROWS)
    anchor = sources[-1].best if sources else 0.0
    effort = effort_for(rows.n_measured, len(y) - rows.n_measured)
    is_sought = aim is Aim.BEST
    if sources and not knows_its_scale(rows.n_measured, is_sought):
        own_log_scale = sources[-1].log_scale
    else:
        own_log_scale = float(np.log(warp.robust_scale(y)))
    share = effort.additive_share(aim)
    hypotheses: list[Source | None] = [*sources, None]

    def density(rows: Rows, source: Source | None) -> Density:
        if source is None:
            return gp.gp_density(
                rows,
                own_log_scale,
                hyperprior,
                anchor,
                additive_share=share,
                is_smooth=is_smooth,
            )
        return transfer_density(rows, source, hyperprior, offset_var, share)

    n_prior_draws = _N_PRIOR_DRAWS if not len(X_pending) else _N_PRIOR_DRAWS_PENDING

    def draws_of(source: Source | None) -> Draws:
        if not len(y):
            return _prior_draws(density(rows, source), n_prior_draws, quasi_random)
        draws = _draws(density(fit_rows, source), effort, aim, quasi_random)
        if source is None or abs(own_log_scale - source.log_scale) < _OTHER_UNIT:
            return draws
        in_other_unit = density(fit_rows, replace(source, log_scale=own_log_scale))
        other = _draws(in_other_unit, effort, aim, quasi_random)
        return either(draws, other, _PRIOR_OTHER_UNIT, effort.n_draws)

    draws = [draws_of(source) for source in hypotheses]
    log_posterior = log_priors(len(sources)) + np.array([d.log_evidence for d in draws])
    log_evidence = float(logsumexp(log_posterior))
    log_posterior -= log_evidence
    source_weights = np.exp(log_posterior)
    if len(y) and sources:
        draws[:-1] = _shared_out(draws[:-1], source_weights[:-1], effort.n_draws)
    is_sized = np.array([source.is_sized for source in sources], dtype=bool)
    log_posterior = hedged(log_posterior, rows.n_measured, is_sought, is_sized)
    kept = np.flatnonzero(log_posterior > np.log(_NEGLIGIBLE))
    pending = feature_map.transform(X_pending)
    return Mixture(
        feature_map,
        [Posterior(density(rows, hypotheses[i]), draws[i].theta, pending) for i in kept],
        [log_posterior[i] + draws[i].log_weight for i in kept],
        source_weights,
        np.exp(log_posterior),
        log_evidence,
    )


def _prior_draws(density: Density, n_draws: int, quasi_random: QuasiRandom) -> Draws:
    """Draws for a study without trials."""
    theta = density.prior.quantile(quasi_random(n_draws, len(density.prior.loc)))
    return Draws(theta, np.full(n_draws, -np.log(n_draws)), 0.0)


def _shared_out(draws: Sequence[Draws], weights: Array, n_draws: int) -> list[Draws]:
    """The draws of one source, shared out among several by their weights.

    So predictions cost no more with several sources, and a good one beside bad ones loses nothing.
    """
    shares = np.maximum(weights, _NEGLIGIBLE)
    shares /= shares.sum()
    counts = np.ceil(n_draws * shares).astype(int)
    return [thinned(d, n) for d, n in zip(draws, counts.tolist(), strict=True)]


def _draws(density: Density, effort: Effort, aim: Aim, quasi_random: QuasiRandom) -> Draws:
    if not effort.n_around:
        return mode_only(density)
    n_draws = effort.n_draws_no_source if density.parent is None else effort.n_draws
    n_prior = effort.n_prior(aim)
    sobol = quasi_random(n_prior + effort.n_around, len(density.prior.loc))
    return draw(density, sobol, n_draws, effort.n_modes, n_prior)
