"""Frozen values that cross a border between the layers; numpy only.

Coordinates: a continuous or ordered axis lives in [0, 1] (log scales in log space, discrete axes
with half a step of padding at both ends); a categorical axis holds the index of the choice.
``NaN`` marks a parameter that was not active in a row (conditional spaces, or a source that does
not have the parameter). Values are signed so that larger is better.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from enum import Enum
from enum import auto
from typing import Protocol

import numpy as np


Array = np.ndarray
QuasiRandom = Callable[[int, int], Array]  # (n_points, n_dims) to points of the open unit cube

MISLEADS = 0.95
"""Weight of "no source" from which on the sources no longer matter."""

_NEAR = 0.05  # widths of the space, along every axis


def are_near(X: Array, others: Array) -> Array:
    """Which points are too close to each other to run both: ``(n, d)``, ``(m, d)`` to ``(n, m)``.

    An axis that a point lacks does not tell them apart.
    """
    gap = np.nan_to_num(np.abs(X[:, None] - others)).max(axis=-1, initial=0.0)
    return np.asarray(gap < _NEAR)


@dataclass(frozen=True)
class Axis:
    """One dimension of the search space in unit coordinates.

    Attributes:
        grid:
            :obj:`None` for a continuous axis; otherwise the sorted legal positions, shape
            ``(n_values,)``: points of [0, 1] for an ordered axis, ``0 .. n_choices - 1`` for a
            categorical one.
        is_categorical:
            Whether distances along this axis are Hamming (equal or not).
    """

    grid: Array | None = None
    is_categorical: bool = False

    def snap(self, u: Array) -> Array:
        """Moves every coordinate to the nearest legal position; keeps shape and ``NaN``."""
        u = np.asarray(u, dtype=float)
        if self.grid is None:
            return np.asarray(np.clip(u, 0.0, 1.0))
        upper = np.clip(np.searchsorted(self.grid, u), 1, max(len(self.grid) - 1, 1))
        left = self.grid[upper - 1]
        right = self.grid[np.minimum(upper, len(self.grid) - 1)]
        nearest = np.where(u - left <= right - u, left, right)
        return np.asarray(np.where(np.isnan(u), np.nan, nearest))

    def moved(self, u: Array, step: Array) -> Array:
        """Legal positions ``step`` away, or the next one on that side if that is farther."""
        moved = self.snap(u + step)
        if self.grid is None:
            return moved
        index = np.searchsorted(self.grid, u) + np.sign(step).astype(int)
        return np.where(moved == u, self.grid[np.clip(index, 0, len(self.grid) - 1)], moved)


@dataclass(frozen=True)
class UnitSpace:
    """The modelled search space: one :class:`Axis` per column of ``X``."""

    axes: tuple[Axis, ...]

    @property
    def n_dims(self) -> int:
        return len(self.axes)

    @property
    def is_categorical(self) -> Array:
        """Boolean mask, shape ``(n_dims,)``."""
        return np.array([axis.is_categorical for axis in self.axes], dtype=bool)

    def snap(self, X: Array) -> Array:
        """Moves every row of ``X``, shape ``(n, d)``, to the nearest legal point."""
        if not self.axes:
            return np.asarray(X, dtype=float)
        return np.stack([a.snap(X[..., j]) for j, a in enumerate(self.axes)], axis=-1)

    def legal(self, X: Array, fixed: Mapping[int, float]) -> Array:
        """The nearest legal points that keep what is decided: index of an axis to coordinate."""
        X = self.snap(X)
        for j, u in fixed.items():
            X[..., j] = u
        return X


@dataclass(frozen=True)
class Dataset:
    """Finished trials of one study as arrays.

    Attributes:
        X: Coordinates, shape ``(n, d)``; a source's may lie outside [0, 1].
        Y: Objective values, shape ``(n, m)``, larger is better, finite.
        noise_var: Extra variance of each row's values, shape ``(n,)``, in squared units of ``Y``
            (zero for a complete trial, positive for a value estimated from a learning curve).
        constraints: By name, shape ``(n,)`` each: feasible where ``<= 0``, ``NaN`` where missing.
        cost: What each trial cost, shape ``(n,)``, positive, ``NaN`` where missing, if it matters.
        is_foreign: Where a coordinate is ``NaN`` although the parameter was active, as the space
            lacks its value (another choice), shape ``(n, d)``, if anywhere.
        X_failed: Coordinates of trials that ended with an error, shape ``(k, d)``, if any.
    """

    X: Array
    Y: Array
    noise_var: Array | None = None
    constraints: Mapping[str, Array] = field(default_factory=dict)
    cost: Array | None = None
    is_foreign: Array | None = None
    X_failed: Array | None = None

    @property
    def n_trials(self) -> int:
        return len(self.X)

    @property
    def failed(self) -> Array:
        """``X_failed``, without rows where nothing failed."""
        return self.X[:0] if self.X_failed is None else self.X_failed


class ValueKind(Enum):
    """What values are like: decides what is believed of their model before any trial."""

    SOUGHT = auto()  # what matters lies at the upper end, the rest may lie far below
    LEVEL = auto()  # to be predicted wherever they are, and as smooth as they may be
    TAILED_LEVEL = auto()  # the same, but bad ones may lie far below
    CLASS = auto()  # -0.5 and 0.5 only, for two classes of trials


@dataclass(frozen=True)
class Scales:
    """Sizes of the studies, and what is believed about how the optimum moves with them.

    A size has ``p`` parts, for instance parameters and tokens.

    Attributes:
        log_ratios: Natural logarithm of the target's size over each source's, shape
            ``(n_sources, p)``; a row of ``NaN`` where a source's size is not known.
        slope_mean: How far the optimum is believed to move along each axis, in widths of the
            space, for one unit of log ratio, shape ``(d, p)``; ``NaN`` where nothing is believed.
        slope_std: Standard deviation of that belief, shape ``(d, p)``.
    """

    log_ratios: Array
    slope_mean: Array
    slope_std: Array

    @property
    def is_known(self) -> Array:
        """Of each source, whether its size is known, shape ``(n_sources,)``."""
        return np.asarray(~np.isnan(self.log_ratios).any(axis=1))


class FitShelf(Protocol):
    """Where the hyperparameters of fitted sources lie for other workers; never needed."""

    def get(self, key: str) -> Array | None:
        """The hyperparameters that :meth:`put` stored under ``key``, if any."""

    def put(self, key: str, theta: Array, instead_of: Array | None = None) -> None:
        """Stores hyperparameters, shape ``(p,)``; equal keys mean equal data and axes.

        What another worker has stored meanwhile stays.

        Args:
            key: Of the data and axes.
            theta: The hyperparameters.
            instead_of: What :meth:`get` returned, if it is no fit of these data.
        """


@dataclass(frozen=True)
class Problem:
    """All that the numerics need to suggest one point.

    Attributes:
        space: Axes of the target's search space, ``d`` of them.
        target: Finished trials of the large study.
        sources: Finished trials of each small study, small to large, in the target's coordinates.
        X_pending: Running trials of the large study, shape ``(q, d)``.
        fixed: Axes that are already decided in this trial: index to coordinate.
        source_keys: A fingerprint of each source's trials; equal keys mean equal data, so a fit
            may be reused.
        scales: How large the sources are beside the target, if any size is known.
        shelf: Where fits of the sources are shared with other workers, if anywhere.
        shown: Axes that this trial is known to have, whatever branch other trials took.
        X_unused: Finished trials that tell no value, to be kept away from, shape ``(q, d)``.
        kind: What the values are like.
        n_before: How many trials of the large study started before this one; :obj:`None` if no
            trial asks, but somebody who wants to know what would be suggested next.
    """

    space: UnitSpace
    target: Dataset
    sources: tuple[Dataset, ...] = ()
    X_pending: Array | None = None
    fixed: Mapping[int, float] = field(default_factory=dict)
    source_keys: tuple[str, ...] = ()
    scales: Scales | None = None
    shelf: FitShelf | None = None
    shown: frozenset[int] = frozenset()
    X_unused: Array | None = None
    kind: ValueKind = ValueKind.SOUGHT
    n_before: int | None = None

    @property
    def n_started(self) -> int:
        """Trials before the next suggestion, other than those that start while it is planned."""
        if self.n_before is not None:
            return self.n_before
        return self.target.n_trials + len(self.unknown)

    @property
    def pending(self) -> Array:
        """``X_pending``, without rows where nothing is running."""
        return np.empty((0, self.space.n_dims)) if self.X_pending is None else self.X_pending

    @property
    def unknown(self) -> Array:
        """Points whose value is not known: running trials, and finished ones without a value."""
        unused = [] if self.X_unused is None else [self.X_unused]
        return np.concatenate([self.pending, *unused])

    def with_pending(self, point: Array) -> Problem:
        """The same problem with one more running trial, shape ``(d,)``."""
        return replace(self, X_pending=np.concatenate([self.pending, point[None]]))

    def settled(self) -> Problem:
        """The same problem without points whose value is not known."""
        return replace(self, X_pending=None, X_unused=None)

    def anew(self, n_before: int) -> Problem:
        """The same problem for another trial, of which nothing is decided."""
        return replace(self, fixed={}, shown=frozenset(), n_before=n_before)


@dataclass(frozen=True)
class Suggestion:
    """A point to try and what the model expects of it.

    Attributes:
        x: Coordinates, shape ``(d,)``, ``NaN`` where its branch has no such parameter.
        value_interval: 5 %, 50 % and 95 % quantiles of the predicted value, larger is better;
            :obj:`None` without a model or with several objectives.
        source_weights: What each source in use, three at most, counts here and, last, the study's
            own model without any; empty without a source.
    """

    x: Array
    value_interval: tuple[float, float, float] | None = None
    source_weights: tuple[float, ...] = ()
