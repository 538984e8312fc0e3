"""Fits the transfer model: a mixture over sources, "no source", and draws of hyperparameters.

Every source is one hypothesis, that no source helps is one more; their weights come from the
estimated evidence. Within a hypothesis the hyperparameters are drawn, not fitted, until many
trials leave little to average over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from optuna_scaleup.model import gp
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
from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.model.posterior import Posterior
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import SIMILAR
from optuna_scaleup.model.sources import Departure
from optuna_scaleup.model.sources import FittedSource
from optuna_scaleup.model.sources import transfer_density
from optuna_scaleup.types import Array
from optuna_scaleup.types import QuasiRandom


_NEGLIGIBLE = 1e-3
_N_PRIOR_DRAWS = 64
_N_PRIOR_DRAWS_PENDING = 16  # the n-th worker's point is a matter of spread, not of precision
# From so many nats on between the distances median to best of a study and its source they may be
# of different units: then both scales are tried.
_OTHER_UNIT = 2.0
_PRIOR_OTHER_UNIT = 0.2
# What is larger is better altogether, and no small study tells by how much: of 60 large trials by
# a source of known size, 0 to 15 distances from median to best. It says nothing of where to go.
_GAIN_OF_SIZE = 4.0
MAX_FIT_ROWS = 64  # Hyperparameters are fitted to that many trials; all are conditioned on.


@dataclass(frozen=True)
class _Setting:
    """What the models of all hypotheses have in common.

    Attributes:
        hyperprior: Of the study's own GP.
        departure: What is believed of how far the study departs from a source.
        own_log_scale: Logarithm of the distance from median to best, without a source.
        anchor: Best value of the study's own model, as the largest source has it.
        additive_share: Share of the kernel's variance that is a sum over single axes.
        is_smooth: Whether the study's own model has a smooth kernel.
    """

    hyperprior: gp.Hyperprior
    departure: Departure
    own_log_scale: float
    anchor: float
    additive_share: float
    is_smooth: bool

    def density(self, rows: Rows, source: FittedSource | None) -> Density:
        """Of the hyperparameters of one hypothesis."""
        if source is not None:
            return transfer_density(
                rows, source, self.hyperprior, self.departure, self.additive_share
            )
        return gp.gp_density(
            rows,
            self.own_log_scale,
            self.hyperprior,
            self.anchor,
            additive_share=self.additive_share,
            is_smooth=self.is_smooth,
        )


def fit_mixture(
    feature_map: FeatureMap,
    X: Array,
    y: Array,
    noise_var: Array | None,
    sources: Sequence[FittedSource],
    X_pending: Array,
    quasi_random: QuasiRandom,
    hyperprior: gp.Hyperprior = gp.VALUES,
    departure: Departure = SIMILAR,
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
        hyperprior: Of the study's own GP; noise and outcome warp are the same with a source.
        departure: What is believed of how far the study departs from a source.
        aim: What it is modelled for.
        is_smooth: Whether the study's own model has a smooth kernel.
    """
    rows = Rows.of(feature_map, X, y, noise_var)
    effort = effort_for(rows.n_measured, len(y) - rows.n_measured)
    is_sought = aim is Aim.BEST
    setting = _Setting(
        hyperprior,
        departure,
        _own_log_scale(rows, sources, is_sought),
        sources[-1].best if sources else 0.0,
        effort.additive_share(aim),
        is_smooth,
    )
    hypotheses: list[FittedSource | None] = [*sources, None]
    if len(y):
        fit_rows = rows.representative(MAX_FIT_ROWS)
        draws = [_draws_of(setting, fit_rows, s, effort, aim, quasi_random) for s in hypotheses]
    else:
        n_draws = _N_PRIOR_DRAWS_PENDING if len(X_pending) else _N_PRIOR_DRAWS
        draws = [_prior_draws(setting.density(rows, s), n_draws, quasi_random) for s in hypotheses]
    log_posterior = log_priors(len(sources)) + np.array([d.log_evidence for d in draws])
    log_evidence = float(logsumexp(log_posterior))
    log_posterior -= log_evidence
    source_weights = np.exp(log_posterior)
    if len(y) and sources:
        draws[:-1] = _shared_out(draws[:-1], source_weights[:-1], effort.n_draws)
    is_sized = np.array([source.is_sized for source in sources], dtype=bool)
    log_posterior = hedged(log_posterior, rows.n_measured, is_sought, is_sized)
    kept = np.flatnonzero(log_posterior > np.log(_NEGLIGIBLE))
    log_kept = log_posterior[kept] - logsumexp(log_posterior[kept])
    pending = feature_map.transform(X_pending)
    is_first = is_sought and not len(y)
    return Mixture(
        feature_map,
        [Posterior(setting.density(rows, hypotheses[i]), draws[i].theta, pending) for i in kept],
        [share + draws[i].log_weight for i, share in zip(kept, log_kept, strict=True)],
        source_weights,
        np.exp(log_posterior),
        log_evidence,
        [_gain(hypotheses[i]) if is_first else 0.0 for i in kept],
        hyperprior.warp,
    )


def _gain(source: FittedSource | None) -> float:
    """What a study without a trial may gain by its size, see :class:`Mixture`."""
    return _GAIN_OF_SIZE if source is not None and source.is_sized else 0.0


def _own_log_scale(rows: Rows, sources: Sequence[FittedSource], is_sought: bool) -> float:
    """Of the study's own model; a source's as long as few trials tell."""
    if sources and not knows_its_scale(rows.n_measured, is_sought):
        return sources[-1].log_scale
    return rows.log_scale


def _draws_of(
    setting: _Setting,
    rows: Rows,
    source: FittedSource | None,
    effort: Effort,
    aim: Aim,
    quasi_random: QuasiRandom,
) -> Draws:
    """Of one hypothesis; in both units where a source's and the study's may differ."""
    draws = _draws(setting.density(rows, source), effort, aim, quasi_random)
    if source is None or abs(setting.own_log_scale - source.log_scale) < _OTHER_UNIT:
        return draws
    moved = replace(source, log_scale=setting.own_log_scale)
    other = _draws(setting.density(rows, moved), effort, aim, quasi_random)
    return either(draws, other, _PRIOR_OTHER_UNIT, effort.n_draws)


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
