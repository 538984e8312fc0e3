"""Where the optimum of a study may be: maximisers of functions drawn from its model."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
from scipy.special import softmax

from optuna_scaleup.model.features import FeatureMap
from optuna_scaleup.model.fitting import fit_mixture
from optuna_scaleup.suggest.activity import ALL_ACTIVE
from optuna_scaleup.suggest.activity import Activity
from optuna_scaleup.suggest.initial_design import from_unit_cube
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import UnitSpace


_N_POOL = 256
_STEPS = (0.15, 0.06, 0.025, 0.01, 0.004)  # of the refining rounds, widths of the space
_FINE_STEPS = (*_STEPS, 0.0016, 0.0006, 0.00025, 0.0001)
_N_ROUNDS_LIMITED = 2  # of each step, where there are constraints
_N_MOVES = 3
_N_DRAWS = 64
_N_SEEDS = 3
SMALLEST_STD = 0.003  # of a measured optimum, widths of the space


def locate_optimum(dataset: Dataset, space: UnitSpace) -> tuple[Array, Array]:
    """Where the optimum of a finished study lies, by its own model.

    By two, weighed by their evidence: in a smooth landscape with noise a smooth kernel finds the
    optimum with a third less error than Matern-5/2 does; in a rugged one it is too sure.

    Args:
        dataset: Its trials, at least one.
        space: Of the target; ordered axes count as continuous here, and reach as far as the
            study's own trials do.

    Returns:
        Mean and variance along each axis, shapes ``(d,)``; the variance is infinite along a
        categorical axis and one that the study does not know.
    """
    known = np.flatnonzero(~np.isnan(dataset.X).all(axis=0))
    is_ordered = ~space.is_categorical[known]
    low = np.where(is_ordered, np.minimum(np.nanmin(dataset.X[:, known], axis=0), 0.0), 0.0)
    high = np.where(is_ordered, np.maximum(np.nanmax(dataset.X[:, known], axis=0), 1.0), 1.0)
    own = UnitSpace(
        tuple(Axis() if o else space.axes[j] for j, o in zip(known, is_ordered, strict=True))
    )
    X = (dataset.X[:, known] - low) / (high - low)
    y = dataset.Y[:, 0]
    rng = np.random.default_rng(0)  # the same for whoever locates it
    feature_map = FeatureMap.of(own, np.isnan(X).any(axis=0))
    models = [
        fit_mixture(
            feature_map,
            X,
            y,
            dataset.noise_var,
            [],
            np.empty((0, own.n_dims)),
            lambda n, p: sobol(n, p, rng),
            is_smooth=is_smooth,
        )
        for is_smooth in (False, True)
    ]
    shares = softmax([model.log_evidence for model in models])
    seeds = X[np.argsort(-y, kind="stable")[:_N_SEEDS]]
    seeds = own.snap(np.where(np.isnan(seeds), 0.5, seeds))
    draws = np.concatenate(
        [
            optimum_draws(model.sample(n_draws, rng), own, seeds, {}, rng)
            for model, n_draws in zip(models, np.rint(_N_DRAWS * shares).astype(int), strict=True)
            if n_draws
        ]
    )
    mean, var = np.full(space.n_dims, 0.5), np.full(space.n_dims, np.inf)
    ordered = known[is_ordered]
    mean[ordered] = (low + (high - low) * draws.mean(axis=0))[is_ordered]
    var[ordered] = ((high - low) ** 2 * draws.var(axis=0))[is_ordered] + SMALLEST_STD**2
    return mean, var


def fine_steps(is_limited: bool) -> Array:
    """Steps for :func:`optimum_draws` that tell optima apart that are close.

    Args:
        is_limited: Whether there are constraints: up to a limit that is broken there are fewer
            ways up than to a summit.
    """
    return np.repeat(_FINE_STEPS, _N_ROUNDS_LIMITED if is_limited else 1)


def optimum_draws(
    functions: Callable[[Array], Array],
    space: UnitSpace,
    seeds: Array,
    fixed: Mapping[int, float],
    rng: np.random.Generator,
    activity: Activity = ALL_ACTIVE,
    steps: Sequence[float] | Array = _STEPS,
) -> Array:
    """Maximisers of drawn functions: Thompson samples of where the optimum is.

    All functions rate the same candidates, which close in on each one's best so far.

    Args:
        functions: Values of ``P`` functions at rows, ``(q, d)`` to ``(P, q)``.
        space: The search space.
        seeds: Points worth a look, shape ``(s, d)``, finite.
        fixed: Axes already decided: index to coordinate.
        rng: Random numbers.
        activity: Which axes a point has.
        steps: Of the refining rounds, in widths of the space.

    Returns:
        Shape ``(P, d)``, ``NaN`` where a point's branch has no such axis.
    """
    pool = from_unit_cube(sobol(_N_POOL, space.n_dims, rng), space)
    X = np.unique(space.legal(np.concatenate([pool, seeds]), fixed), axis=0)
    rated = functions(activity.mask(X))
    best, value = X[rated.argmax(axis=1)], rated.max(axis=1)
    for step in steps:
        centres = np.repeat(np.unique(best, axis=0), _N_MOVES, axis=0)
        X = np.unique(space.legal(_moved(centres, space, step, rng), fixed), axis=0)
        rated = functions(activity.mask(X))
        is_better = rated.max(axis=1) > value
        best = np.where(is_better[:, None], X[rated.argmax(axis=1)], best)
        value = np.maximum(value, rated.max(axis=1))
    return activity.mask(best)


def _moved(X: Array, space: UnitSpace, step: float, rng: np.random.Generator) -> Array:
    """Random moves of all ordered axes, and now and then of a categorical one."""
    moved = X.copy()
    for j, axis in enumerate(space.axes):
        if axis.is_categorical and axis.grid is not None:
            drawn = rng.choice(axis.grid, len(X))
            moved[:, j] = np.where(rng.random(len(X)) < 0.3, drawn, X[:, j])
            continue
        along = axis.moved(X[:, j], step * rng.standard_normal(len(X)))
        is_moved = rng.random(len(X)) < max(0.5, 1.0 / space.n_dims)
        moved[:, j] = np.where(is_moved, along, X[:, j])
    return moved
