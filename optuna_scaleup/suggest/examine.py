"""From a problem to what is known about its sources."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from optuna_scaleup.model.diagnosis import Diagnosis
from optuna_scaleup.model.diagnosis import diagnose
from optuna_scaleup.model.diagnosis import within
from optuna_scaleup.model.drift import Drift
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.suggest.outputs import objective_outputs
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.suggest.source_fits import feature_map_of
from optuna_scaleup.types import Problem


@dataclass(frozen=True)
class Examination:
    """What is known about the sources of a problem.

    Attributes:
        sources: Of the sources in use, small to large; no optimum moves out of the space.
        weights: Weight of each of them by evidence and, last, of "no source".
        own_share: How much a suggestion rests on the study's own model, by these weights and by
            what sources have to give up as trials come in.
        drift: How the optimum moves with size, if sizes are known.
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
    problem = objective_outputs(problem)[0].problem.settled()
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
    return Examination(tuple(diagnoses), weights, own_share, fits.drift_of(problem))
