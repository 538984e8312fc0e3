"""What is tried whatever the model says: the start of a cold study, the contrast of a warm one."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from optuna_scaleup.types import UnitSpace


DESIGNS = ("auto", "sobol", "corners", "random")
CONTRAST_AT = 3  # trials of a warm study before it is sent where no source recommends
# If the size of the source is not known: it has less say from the start, so it can be told later.
CONTRAST_AT_UNSIZED = 5
# Each corner of the space may be an end of a front of so many objectives: a model that knows only
# the centre sends one trial after the other there, and learns nothing of what lies between.
_MANY_OBJECTIVES = 3
_MAX_OF_AUTO = 10
_MAX_CORNER_AXES = 20  # more corners than that are drawn, not counted


def n_design_points(
    design: str, space: UnitSpace, n_startup_trials: int, n_objectives: int = 1
) -> int:
    """How many points of the design come before the model; the user's number where given."""
    if n_startup_trials:
        return n_startup_trials
    if design == "corners":
        return int(2 ** min(space.n_dims, _MAX_CORNER_AXES))
    n_spread = max(4, space.n_dims + 1)
    if design == "auto":
        return 1 if n_objectives < _MANY_OBJECTIVES else min(n_spread, _MAX_OF_AUTO)
    return n_spread


def design_point(
    design: str, index: int, space: UnitSpace, rng: np.random.Generator, seed: int
) -> Array:
    """Point ``index`` of a design, shape ``(d,)``, before it is snapped to the grid.

    Args:
        design: ``"auto"`` (the centre, then space-filling points), ``"sobol"``, ``"corners"`` (in
            Gray-code order, so that neighbours differ in one axis) or ``"random"``.
        index: Number of points tried or running so far.
        space: The search space.
        rng: Random numbers of this point alone.
        seed: Of the sequence of space-filling points, the same for every index.
    """
    if design == "auto" and index == 0:
        return centre(space, rng)
    if design == "corners":
        return _corner(index, space, rng)
    if design == "random":
        return from_unit_cube(rng.random(space.n_dims), space)
    n_points = 1 << max(index, 1).bit_length()
    return from_unit_cube(sobol(n_points, space.n_dims, np.random.default_rng(seed))[index], space)


def contrast_point(space: UnitSpace, favourite: Array, rng: np.random.Generator) -> Array:
    """The centre of the space with a source's favourite choices, shape ``(d,)``.

    Trials where a source sends a study cannot tell one that ranks from one that misleads: any
    offset explains them. A trial elsewhere can, and people centre their spaces on a good guess.

    Args:
        space: The search space.
        favourite: The source's best trial, shape ``(d,)``; may hold ``NaN``.
        rng: Random numbers, for a categorical axis that the source does not know.
    """
    is_kept = space.is_categorical & ~np.isnan(favourite)
    return np.where(is_kept, favourite, centre(space, rng))


def from_unit_cube(unit: Array, space: UnitSpace) -> Array:
    """Maps points of the unit cube, shape ``(..., d)``, so that every choice has its share.

    A value of an ordered grid has the share of the coordinates that are closest to it: of integers
    on a logarithmic scale large ones lie closer.
    """
    X = np.array(unit, dtype=float)
    for j, axis in enumerate(space.axes):
        if axis.is_categorical and axis.grid is not None:
            n_values = len(axis.grid)
            X[..., j] = axis.grid[np.minimum((X[..., j] * n_values).astype(int), n_values - 1)]
    return space.snap(X)


def centre(space: UnitSpace, rng: np.random.Generator) -> Array:
    """Middle of every numeric axis; a random choice of every categorical one."""
    return np.array(
        [
            float(rng.integers(len(a.grid))) if a.is_categorical and a.grid is not None else 0.5
            for a in space.axes
        ]
    )


def _corner(index: int, space: UnitSpace, rng: np.random.Generator) -> Array:
    if space.n_dims > _MAX_CORNER_AXES:
        return from_unit_cube(rng.integers(2, size=space.n_dims) * 1.0, space)
    code = index % (1 << space.n_dims)
    gray = code ^ (code >> 1)
    return from_unit_cube(np.array([(gray >> j) & 1 for j in range(space.n_dims)]) * 1.0, space)
