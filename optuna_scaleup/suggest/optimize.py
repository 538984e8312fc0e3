"""Maximises an acquisition function over a mixed space, on its real grid.

Every candidate is a legal point before it is rated: a continuous optimum is never rounded. A pool
of space-filling points and of points around good trials is refined by shrinking random moves; then
the continuous axes of the best are polished by L-BFGS-B with the analytic gradient. A space small
enough is searched completely.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from typing import Protocol

import numpy as np
from scipy.optimize import minimize

from optuna_scaleup.suggest.activity import ALL_ACTIVE
from optuna_scaleup.suggest.activity import Activity
from optuna_scaleup.suggest.initial_design import from_unit_cube
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from optuna_scaleup.types import UnitSpace


_N_POOL = 256
_N_AROUND_SEED = 16
_N_ROUNDS = 5
_N_MOVES = 96
_FIRST_STEP = 0.1
_SHRINK = 0.4
_MAX_GRID = 1024  # a space with up to so many points is enumerated
_MAX_POLISH_ITER = 15
_MAX_LINE_SEARCH = 6  # evaluations: more only look for the edge of the surroundings of what runs
_FAR = 0.15  # between starts of the polishing, along one axis at least
_SAME = 1e-9
_INACTIVE = -9.0  # no coordinate


class Acquisition(Protocol):
    """What :func:`maximize` needs of an acquisition function."""

    def value(self, X: Array) -> Array: ...

    def value_and_grad(self, x: Array) -> tuple[float, Array]: ...


class Term(Acquisition, Protocol):
    """An acquisition function with a name.

    Attributes:
        label: As figures show it.
        is_log: Whether it is a logarithm, far below zero where a point is of no use.
    """

    @property
    def label(self) -> str: ...

    @property
    def is_log(self) -> bool: ...


@dataclass(frozen=True)
class OptimizeResult:
    """The best legal point found.

    Attributes:
        x: Shape ``(d,)``, ``NaN`` where the point's branch has no such axis.
        value: Acquisition value.
        is_new: Whether it differs from every tried point; false only if none is left.
    """

    x: Array
    value: float
    is_new: bool


def maximize(
    acquisition: Acquisition,
    space: UnitSpace,
    seeds: Array,
    tried: Array,
    fixed: Mapping[int, float],
    rng: np.random.Generator,
    activity: Activity = ALL_ACTIVE,
    n_polished: int = 1,
) -> OptimizeResult:
    """Searches for the best untried point.

    Args:
        acquisition: Rates legal points.
        space: The search space.
        seeds: Points worth searching around, shape ``(s, d)``, legal.
        tried: Points not to suggest again, shape ``(n, d)``; may hold ``NaN``.
        fixed: Axes already decided: index to coordinate.
        rng: Random numbers.
        activity: Which axes a point has.
        n_polished: From how many points, far from each other, the gradient is followed.
    """
    search = _Search(acquisition, space, tried, fixed, activity)
    grid = search.whole_grid()
    found = search.run(seeds, rng, n_polished) if grid is None else search.best_of(grid)
    return replace(found, x=activity.mask(found.x[None])[0])


class _Search:
    def __init__(
        self,
        acquisition: Acquisition,
        space: UnitSpace,
        tried: Array,
        fixed: Mapping[int, float],
        activity: Activity,
    ) -> None:
        self._acquisition = acquisition
        self._space = space
        self._tried = tried
        self._fixed = fixed
        self._activity = activity
        self._free = np.array([j for j in range(space.n_dims) if j not in fixed], dtype=int)
        self._continuous = np.array(
            [j for j in self._free if space.axes[j].grid is None], dtype=int
        )

    def whole_grid(self) -> Array | None:
        """All legal points if the free axes are discrete and few enough."""
        grids = [self._space.axes[j].grid for j in self._free]
        sizes = [0 if g is None else len(g) for g in grids]
        if 0 in sizes or np.prod(np.array(sizes, dtype=float)) > _MAX_GRID:
            return None
        mesh = np.meshgrid(*[g for g in grids if g is not None], indexing="ij")
        n_points = mesh[0].size if mesh else 1
        X = np.zeros((n_points, self._space.n_dims))
        for j, column in zip(self._free, mesh, strict=True):
            X[:, j] = column.ravel()
        return self._legal(X)

    def best_of(self, X: Array) -> OptimizeResult:
        """The best untried row of ``X``; the best row if all are tried."""
        values = self._value(X)
        untried = ~self._is_tried(X)
        is_new = bool(untried.any())
        best = int(np.argmax(np.where(untried, values, -np.inf) if is_new else values))
        return OptimizeResult(X[best], float(values[best]), is_new)

    def run(self, seeds: Array, rng: np.random.Generator, n_polished: int) -> OptimizeResult:
        pool = from_unit_cube(sobol(_N_POOL, self._space.n_dims, rng), self._space)
        around = [self._moves(seed, _N_AROUND_SEED, _FIRST_STEP, rng) for seed in seeds]
        X = self._legal(np.concatenate([pool, seeds, *around]))
        values = self._rate(X)
        pool, pool_values = X, values
        step = _FIRST_STEP
        for i_round in range(_N_ROUNDS):
            n_centres = 4 if i_round < _N_ROUNDS - 2 else 2
            top = np.argsort(-values)[:n_centres]
            moved = [self._moves(X[i], _N_MOVES // n_centres, step, rng) for i in top]
            new = self._legal(np.concatenate(moved))
            X = np.concatenate([X[top], new])
            values = np.concatenate([values[top], self._rate(new)])
            step *= _SHRINK
        best = int(np.argmax(values))
        found = OptimizeResult(X[best], float(values[best]), bool(np.isfinite(values[best])))
        if len(self._continuous):
            starts = [found, *self._elsewhere(found.x, pool, pool_values, n_polished - 1)]
            return max((self._polish(start) for start in starts), key=lambda result: result.value)
        return found if found.is_new else self._sweep(found)

    def _elsewhere(
        self, x: Array, pool: Array, values: Array, n_points: int
    ) -> list[OptimizeResult]:
        """The best points of a pool that are far from ``x`` and from each other."""
        points: list[OptimizeResult] = []
        far = np.isfinite(values)
        for _ in range(n_points):
            far &= np.abs(pool - x).max(axis=1) > _FAR
            if not far.any():
                break
            best = int(np.argmax(np.where(far, values, -np.inf)))
            x = pool[best]
            points.append(OptimizeResult(x, float(values[best]), True))
        return points

    def _sweep(self, start: OptimizeResult) -> OptimizeResult:
        """The first untried points of the grid; of one more than were tried, one is untried."""
        axes: list[int] = []
        sizes: list[int] = []
        for j in self._free:
            grid = self._space.axes[j].grid
            if grid is not None and math.prod(sizes) <= len(self._tried):
                axes.append(int(j))
                sizes.append(len(grid))
        n_points = min(math.prod(sizes), len(self._tried) + 1)
        for first in range(0, n_points, _N_POOL):
            flat = np.arange(first, min(first + _N_POOL, n_points))
            X = np.repeat(start.x[None], len(flat), axis=0)
            for j, index in zip(axes, np.unravel_index(flat, sizes), strict=True):
                grid = self._space.axes[j].grid
                X[:, j] = index if grid is None else grid[index]
            if not self._is_tried(X).all():
                return self.best_of(X)
        return start

    def _value(self, X: Array) -> Array:
        values = self._acquisition.value(self._activity.mask(X))
        return np.where(np.isnan(values), -np.inf, values)

    def _rate(self, X: Array) -> Array:
        return np.where(self._is_tried(X), -np.inf, self._value(X))

    def _legal(self, X: Array) -> Array:
        return self._space.legal(X, self._fixed)

    def _is_tried(self, X: Array) -> Array:
        return is_tried(self._activity.mask(X), self._tried)

    def _moves(self, x: Array, n_moves: int, step: float, rng: np.random.Generator) -> Array:
        """Random moves of some axes of ``x``; a discrete axis moves by one value at least."""
        X = np.repeat(x[None], n_moves, axis=0)
        if not len(self._free):
            return X
        share = 0.75 if len(self._free) <= 2 else max(0.3, 1.0 / len(self._free))
        is_moved = rng.random((n_moves, self._space.n_dims)) < share
        is_moved[np.arange(n_moves), rng.choice(self._free, n_moves)] = True
        for j in self._free:
            axis = self._space.axes[j]
            if axis.is_categorical and axis.grid is not None:
                other = rng.integers(len(axis.grid), size=n_moves).astype(float)
                keep = rng.random(n_moves) < 0.5
                X[:, j] = np.where(is_moved[:, j] & ~keep, other, X[:, j])
                continue
            moved = axis.moved(X[:, j], step * rng.standard_normal(n_moves))
            X[:, j] = np.where(is_moved[:, j], moved, X[:, j])
        return X

    def _polish(self, start: OptimizeResult) -> OptimizeResult:
        """Local ascent on the continuous axes."""

        def loss(u: Array) -> tuple[float, Array]:
            x = start.x.copy()
            x[self._continuous] = u
            masked = self._activity.mask(x[None])[0]
            value, grad = self._acquisition.value_and_grad(masked)
            grad = np.where(np.isnan(masked), 0.0, grad)
            return -value, -grad[self._continuous]

        result = minimize(
            loss,
            start.x[self._continuous],
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * len(self._continuous),
            options={"maxiter": _MAX_POLISH_ITER, "maxls": _MAX_LINE_SEARCH},
        )
        x = start.x.copy()
        x[self._continuous] = np.clip(result.x, 0.0, 1.0)
        is_better = -result.fun > start.value and not self._is_tried(x[None])[0]
        return OptimizeResult(x, -float(result.fun), True) if is_better else start


def is_tried(X: Array, tried: Array) -> Array:
    """Which rows of ``X``, shape ``(q, d)``, are among others, shape ``(n, d)``; shape ``(q,)``.

    Coordinates are the same but for rounding; an axis may be missing, then it is so in both.
    """
    # A number of its own for "missing", as `NaN` equals nothing.
    one, other = (np.where(np.isnan(rows), _INACTIVE, rows) for rows in (X, tried))
    gap = np.abs(one[:, None, :] - other[None])
    return np.asarray((gap < _SAME).all(axis=-1).any(axis=1))
