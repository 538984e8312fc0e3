"""Parameters that no trial of any study has tried yet: where they start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optuna_scaleup.data.encoding import random_coordinate
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import Problem


def settle_unknown_axes(problem: Problem, rng: np.random.Generator, *, at_centre: bool) -> Problem:
    """Decides the axes that nothing is known about, if something is known about others.

    A model is flat along such an axis, so its maximum there would be an accident of the optimiser.
    If nothing is known about any axis, the initial design decides.

    Args:
        problem: What to suggest a point for.
        rng: Random numbers for categorical axes and for ``at_centre=False``.
        at_centre: Whether an ordered axis starts at its centre; otherwise uniformly at random.
    """
    finished = [problem.target.X, *(source.X for source in problem.sources)]
    is_known = np.any([_has_values(X) for X in finished], axis=0)
    if not is_known.any():
        return problem
    is_known |= _has_values(problem.unknown)
    settled = {
        j: _start(axis, rng, at_centre)
        for j, axis in enumerate(problem.space.axes)
        if not is_known[j]
    }
    return replace(problem, fixed={**settled, **problem.fixed})


def _has_values(X: Array) -> Array:
    """Columns with any value, shape ``(d,)``."""
    has_values: Array = np.any(~np.isnan(X), axis=0)
    return has_values


def _start(axis: Axis, rng: np.random.Generator, at_centre: bool) -> float:
    if at_centre and not axis.is_categorical:
        return float(axis.snap(np.array(0.5)))
    return random_coordinate(axis, rng)
