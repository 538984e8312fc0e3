"""From a problem to what is known about its sources."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from optuna_scaleup.model.diagnosis import Diagnosis
from optuna_scaleup.model.diagnosis import diagnose
from optuna_scaleup.model.diagnosis import within
from optuna_scaleup.model.drift import Drift
from optuna_scaleup.model.drift import Optimum
from optuna_scaleup.model.drift import fit_drift
from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.suggest.activity import activity_of
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.suggest.optima import SMALLEST_STD
from optuna_scaleup.suggest.optima import optimum_draws
from optuna_scaleup.suggest.outputs import objective_outputs
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.suggest.seeds import good_points
from optuna_scaleup.suggest.source_fits import feature_map_of
from optuna_scaleup.types import Problem


_N_DRAWS = 64
_NEWS = 0.5  # of the variance foreseen is left at most where the trials tell an optimum


@dataclass(frozen=True)
class Examination:
    """What is known about the sources of a problem.

    Attributes:
        sources: Of the sources in use, small to large; no optimum moves out of the space.
        weights: Weight of each of them by evidence and, last, of "no source".
        own_share: How much a suggestion rests on the study's own model, by these weights and by
            what sources have to give up as trials come in.
        drift: How the optimum moves with size, if sizes are known. Its slopes are by the study's
            own trials as well, its motions are foreseen without them.
    """

    sources: tuple[Diagnosis, ...]
    weights: tuple[float, ...]
    own_share: float
    drift: Drift | None


def examine(modeller: Modeller, problem: Problem, rng: np.random.Generator) -> Examination:
    """Examines each source on its own, and their weights together.

    Args:
        modeller: The model, with what it knows of the sources.
        problem: With one objective and at least one usable source.
        rng: Random numbers.
    """
    problem = objective_outputs(problem)[0].problem
    target = problem.target
    rows = Rows.of(feature_map_of(problem), target.X, target.Y[:, 0], target.noise_var)
    fits, hyperprior = modeller.fits, modeller.hyperprior_of(problem)
    diagnoses = []
    for source, optimum in zip(fits.sources_of(problem), fits.optima_of(problem), strict=True):
        found = diagnose(rows, source, lambda n, p: sobol(n, p, rng), hyperprior)
        motion = within(found.motion, optimum, problem.sources[optimum.source].X)
        diagnoses.append(replace(found, motion=motion))
    mixture = modeller.fit(problem, rng)
    weights, own_share = tuple(mixture.source_weights.tolist()), float(mixture.used_weights[-1])
    # No law leads from the optima of one problem to that of another one.
    is_related = weights[-1] < 0.5 and not diagnoses[int(np.argmax(weights[:-1]))].is_reversed
    drift = _drift(modeller, problem, mixture, rng) if is_related else fits.drift_of(problem)
    return Examination(tuple(diagnoses), weights, own_share, drift)


def _drift(
    modeller: Modeller, problem: Problem, mixture: Mixture, rng: np.random.Generator
) -> Drift | None:
    """The drift from the sources, its slopes with the study's own optimum as one more."""
    scales, drift = problem.scales, modeller.fits.drift_of(problem)
    ladder = [] if scales is None else modeller.fits.ladder_of(problem, scales)
    if scales is None or drift is None or not ladder or not problem.target.n_trials:
        return drift
    measured = _own_optimum(problem, mixture, drift, ladder[-1], rng)
    own_row = np.zeros((1, scales.log_ratios.shape[1]))
    scales = replace(scales, log_ratios=np.concatenate([scales.log_ratios, own_row]))
    wider = fit_drift(scales, [*ladder, measured])
    return replace(drift, slope_mean=wider.slope_mean, slope_cov=wider.slope_cov)


def _own_optimum(
    problem: Problem, mixture: Mixture, drift: Drift, largest: Optimum, rng: np.random.Generator
) -> Optimum:
    """What the study's trials alone say of its optimum, where they say enough.

    That is the posterior over what was foreseen, Gaussians both: the model of the study has the
    law of its sources in it, which is not to count twice.
    """
    space = problem.space
    functions, seeds = mixture.sample(_N_DRAWS, rng), good_points(problem, rng)
    draws = optimum_draws(functions, space, seeds, {}, rng, activity_of(problem))
    motion, var_motion = drift.motion.at(largest.source).moments()
    foreseen, var_foreseen = largest.mean + motion, largest.var + var_motion
    # Of its 90 % interval, as some functions that are drawn are best anywhere.
    low, mean, high = np.quantile(draws, [0.05, 0.5, 0.95], axis=0)
    var = ((high - low) / (2.0 * ndtri(0.95))) ** 2 + SMALLEST_STD**2
    # ``NaN`` compares as false: an axis that some draws lack tells nothing.
    tells = (var < _NEWS * var_foreseen) & np.isfinite(var_foreseen)
    precision = np.where(tells, 1.0 / var - 1.0 / var_foreseen, 0.0)
    safe = np.where(tells, precision, 1.0)
    own = (mean / var - foreseen / var_foreseen) / safe
    return Optimum(
        len(problem.sources), np.where(tells, own, 0.5), np.where(tells, 1.0 / safe, np.inf)
    )
