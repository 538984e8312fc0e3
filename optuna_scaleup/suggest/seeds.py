"""Good trials, around which the search for the best point starts."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.suggest.boxes import is_nondominated
from optuna_scaleup.suggest.boxes import most_different_first
from optuna_scaleup.suggest.constraints import violations
from optuna_scaleup.suggest.initial_design import centre
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import UnitSpace


_N_SEEDS = 3  # a study and objective


def good_points(problem: Problem, rng: np.random.Generator) -> Array:
    """Best trials of the target and of the largest source, feasible first, made legal."""
    X = [np.empty((0, problem.space.n_dims))]
    for data in (problem.target, *problem.sources[-1:]):
        X.append(data.X[best_rows(data)])
    return filled(problem.space, np.concatenate(X), rng)


def filled(space: UnitSpace, X: Array, rng: np.random.Generator) -> Array:
    """The rows of ``X``, shape ``(n, d)``, on the grid, the centre where they have no axis."""
    return space.snap(np.where(np.isnan(X), centre(space, rng), X))


def best_rows(data: Dataset) -> Array:
    """Some of the best rows of a study; of several objectives, spread along the front."""
    violation = violations(data)
    n_objectives = data.Y.shape[1]
    if n_objectives == 1:
        return np.asarray(np.lexsort((-data.Y[:, 0], violation))[:_N_SEEDS])
    least = np.flatnonzero(violation == violation.min(initial=np.inf))
    front = least[is_nondominated(data.Y[least])]
    return np.asarray(front[most_different_first(data.Y[front])[: _N_SEEDS * n_objectives]])
