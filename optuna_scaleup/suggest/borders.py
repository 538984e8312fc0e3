"""Takes a suggestion off the borders of the space where the acquisition function hardly cares.

A Gaussian process knows least at the borders, so expected improvement sends one trial after the
other into corners (Siivola et al., 2018: "Correcting boundary over-exploration deficiencies in
Bayesian optimization with virtual derivative sign observations"). Optima lie near borders more
often than on them, and trials that are all on a border cannot tell the difference.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optuna_scaleup.suggest.activity import Activity
from optuna_scaleup.suggest.optimize import Acquisition
from optuna_scaleup.suggest.optimize import is_tried
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import UnitSpace


_ALLOWANCE = 0.1  # nats of the acquisition function, for all axes together
_STEPS = np.array([0.3, 0.2, 0.14, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01])  # widths of the space
_MIN_VALUES = 11  # the first of few values is a value like the others
_MAX_AXES = 20
_AT_BORDER = 1e-3


def off_borders(
    acquisition: Acquisition,
    space: UnitSpace,
    x: Array,
    tried: Array,
    fixed: Mapping[int, float],
    activity: Activity,
    rng: np.random.Generator,
) -> Array:
    """The point itself, or one farther inside that is worth almost as much.

    Args:
        acquisition: A logarithm.
        space: The search space.
        x: A legal point, shape ``(d,)``, ``NaN`` where its branch has no such axis.
        tried: Points not to suggest again, shape ``(n, d)``; may hold ``NaN``.
        fixed: Axes already decided: index to coordinate.
        activity: Which axes decide about others; these stay.
        rng: Random numbers: no axis comes first always.
    """
    kept = {*fixed, *(rule.parent for rule in activity.rules)}
    free = [j for j in range(space.n_dims) if j not in kept]
    at_border = np.array([j for j in free if _is_at_border(space.axes[j], x[j])], dtype=int)
    axes = rng.permutation(at_border)[:_MAX_AXES]
    for j in axes:
        X = np.repeat(x[None], 1 + len(_STEPS), axis=0)
        X[1:, j] = np.abs(np.round(x[j]) - _STEPS)
        X = space.legal(X, fixed)
        values = acquisition.value(X)
        is_enough = values[1:] >= values[0] - _ALLOWANCE / len(axes)
        is_enough &= ~is_tried(X[1:], tried)
        if is_enough.any():
            x = X[1 + np.argmax(is_enough)]
    return x


def _is_at_border(axis: Axis, u: float) -> bool:
    if axis.grid is None:
        return bool(min(u, 1.0 - u) < _AT_BORDER)
    is_fine = not axis.is_categorical and len(axis.grid) >= _MIN_VALUES
    return is_fine and bool(u in (axis.grid[0], axis.grid[-1]))
