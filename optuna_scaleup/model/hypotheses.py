"""How much each source, and "no source", may say: before any trial, and as trials come in."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from optuna_scaleup.types import Array


PRIOR_NO_SOURCE = 0.2
LARGER_IS_CLOSER = 4.0  # prior odds of a source against the next smaller one

# Where one best value is sought, a source has to explain a trial by so many nats better than the
# study's own model, but for the first; more with rivals: a good one is heard after the bad ones.
# One of unknown size, which may be of another problem, has to be better by one from the start.
_FREE_TRIALS = 2
_FREE_TRIALS_A_RIVAL = 5
_NATS_A_TRIAL = 1.0
_OWN_SCALE_FROM = 4  # trials that tell the distance from median to best
# From so many trials on a study's own model counts more and more however good a source is, from so
# many on alone.
_OWN_FROM = 15
_OWN_ALONE = 60


def log_priors(n_sources: int) -> Array:
    """Prior log weight of every source, small to large, and, last, of "no source"."""
    if not n_sources:
        return np.zeros(1)
    shares = LARGER_IS_CLOSER ** np.arange(n_sources)
    shares *= (1.0 - PRIOR_NO_SOURCE) / shares.sum()
    return np.log([*shares, PRIOR_NO_SOURCE])


def knows_its_scale(n_trials: int, is_sought: bool) -> bool:
    """Whether a study's own trials tell its distance from median to best, rather than a source."""
    return n_trials >= (_OWN_SCALE_FROM if is_sought else _OWN_FROM)


def hedged(log_posterior: Array, n_trials: int, is_sought: bool, is_sized: Array) -> Array:
    """Hands over to "no source" step by step as the study learns to speak for itself.

    Evidence rates a model on all trials, the bad ones included; the last steps to the optimum are
    a matter of the good end alone, where the study's own trials know best, and a source that ranks
    well there hides what lies elsewhere. So only one that predicts much better keeps its say.

    Args:
        log_posterior: Log weights by evidence, "no source" last, shape ``(n_sources + 1,)``.
        n_trials: Trials that were measured.
        is_sought: Whether the best value is all that matters.
        is_sized: Of each source, whether its size is known, shape ``(n_sources,)``.
    """
    if len(log_posterior) == 1:
        return log_posterior
    weights = log_posterior.copy()
    if is_sought:
        n_free = _FREE_TRIALS + _FREE_TRIALS_A_RIVAL * (len(log_posterior) - 2)
        least_due = np.where(is_sized, 0, min(n_trials, 1))
        weights[:-1] -= _NATS_A_TRIAL * np.maximum(n_trials - n_free, least_due)
    weights -= logsumexp(weights)
    least = min((n_trials - _OWN_FROM) / (_OWN_ALONE - _OWN_FROM), 1.0 - 1e-6)
    share = np.exp(weights)
    if share[-1] >= least:
        return np.asarray(weights)
    share[:-1] *= (1.0 - least) / share[:-1].sum()
    share[-1] = least
    return np.asarray(np.log(np.maximum(share, 1e-300)))
