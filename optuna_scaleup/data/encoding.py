"""One distribution and the coordinates of its values.

What counts is the value, not the distribution it was sampled from: a source's integer 32 finds its
place on the target's float axis, and the choice that equals it on a categorical one.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from functools import lru_cache
from typing import Any
from typing import Final

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from optuna_scaleup._optuna import as_float
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis


MISSING: Final = object()
"""Stands for a parameter that a trial does not have; :obj:`None` may be a value."""

MAX_GRID: Final = 4096
"""Longer grids are thinned to this many of their values."""

_LARGEST_EXACT: Final = 2**53
_LARGEST_LOG: Final = math.log(sys.float_info.max)

_LEAST_LOG_WIDTH: Final = 1e-9
"""On less, logarithms are straight, and floats tell too few of them apart."""

_REACH: Final = 1.0
"""Coordinates are cut this many ranges outside the range. A value farther off says no more about
the range, and a model that has to span it says less. Values <= 0 on a log axis are put there."""


@dataclass(frozen=True)
class CategoricalEncoding:
    """Choices as their indices."""

    distribution: CategoricalDistribution

    @property
    def axis(self) -> Axis:
        return Axis(np.arange(len(self.distribution.choices), dtype=float), is_categorical=True)

    def encode(self, values: Sequence[Any]) -> Array:
        """Index of each value, shape ``(n,)``; ``NaN`` where it is no choice."""
        return np.array([self._index(value) for value in values], dtype=float)

    def decode(self, coordinate: float) -> Any:
        return self.distribution.choices[int(coordinate)]

    def _index(self, value: Any) -> float:
        try:
            return math.nan if value is MISSING else self.distribution.to_internal_repr(value)
        except (ValueError, OverflowError):  # Optuna compares integers as floats
            return math.nan


@dataclass(frozen=True)
class NumericEncoding:
    """A float or integer range as [0, 1], in log space if the distribution is and it matters.

    Args:
        low: Value at coordinate 0, half a step below the lowest value of a discrete range.
        high: Value at coordinate 1.
        is_log: Whether coordinates are linear in the logarithm.
        values: The legal values in ascending order, or :obj:`None` if continuous.
        bounds: The lowest and the highest legal value.
        origin: What ``low`` and ``high`` are counted from; floats do not tell large integers
            apart.
    """

    low: float
    high: float
    is_log: bool
    values: tuple[int, ...] | tuple[float, ...] | None
    bounds: tuple[float, float]
    origin: int = 0

    @property
    def axis(self) -> Axis:
        return Axis(self._grid)

    @cached_property
    def _grid(self) -> Array | None:
        """Coordinates of the legal values, if discrete."""
        return None if self.values is None else self.encode(self.values)

    @property
    def width(self) -> float:
        """Length of the range, in natural logarithms if it is logarithmic."""
        if self.is_log:
            return math.log(self.high) - math.log(self.low)
        return self.high - self.low

    def encode(self, values: Sequence[Any]) -> Array:
        """Coordinate of each value, shape ``(n,)``; ``NaN`` where it is no number.

        Monotone, and outside [0, 1] for a value out of range only.
        """
        column = np.array([as_float(value, self.origin) for value in values], dtype=float)
        is_inside = (column >= self.low) & (column <= self.high)
        if self.is_log:
            with np.errstate(divide="ignore", invalid="ignore"):
                column = np.where(column <= 0.0, -np.inf, np.log(column))
            low, high = math.log(self.low), math.log(self.high)
        else:
            low, high = self.low, self.high
        # Halves where the width of the range exceeds the largest float.
        part = 1.0 if math.isfinite(high - low) else 0.5
        with np.errstate(over="ignore"):
            coordinates = (column * part - low * part) / (high * part - low * part)
        # The logarithm of an end may be another float in an array than alone.
        return np.clip(
            coordinates,
            np.where(is_inside, 0.0, -_REACH),
            np.where(is_inside, 1.0, 1.0 + _REACH),
        )

    def decode(self, coordinate: float) -> int | float:
        """The legal value at, or nearest to, a coordinate."""
        if self.values is not None and self._grid is not None:
            return self.values[int(np.argmin(np.abs(self._grid - coordinate)))]
        if self.is_log:
            low, high = math.log(self.low), math.log(self.high)
            # Rounded up, the end of a range may exceed the floats.
            value = math.exp(min(low + coordinate * (high - low), _LARGEST_LOG))
        else:
            value = self.low * (1.0 - coordinate) + self.high * coordinate
        return min(max(value, self.bounds[0]), self.bounds[1])


Encoding = CategoricalEncoding | NumericEncoding


def encoding_of(distribution: BaseDistribution) -> Encoding:
    """The coordinates of a distribution; of one with a single value that lies at zero.

    Raises:
        TypeError: If the distribution is of no kind that Optuna 4 and 5 know.
    """
    if isinstance(distribution, CategoricalDistribution):
        return CategoricalEncoding(distribution)
    if isinstance(distribution, IntDistribution):
        return _int_encoding(distribution)
    if isinstance(distribution, FloatDistribution):
        return _float_encoding(distribution)
    raise TypeError(f"Unknown kind of distribution: {distribution!r}.")


def random_coordinate(axis: Axis, rng: np.random.Generator) -> float:
    """A legal coordinate, uniform along the axis."""
    if axis.is_categorical and axis.grid is not None:
        return float(rng.choice(axis.grid))
    return float(axis.snap(np.array(rng.random())))


# Every suggestion asks for the same few ranges, and a discrete one has up to MAX_GRID values.
@lru_cache(maxsize=256)
def _float_encoding(distribution: FloatDistribution) -> NumericEncoding:
    low, high, step = distribution.low, distribution.high, distribution.step
    if step is None:
        return NumericEncoding(low, high, _is_log(distribution), None, (low, high))
    n_values = round((high - low) / step) + 1
    # The same rounding as Optuna's samplers, so that equal settings are equal numbers.
    values = tuple(min(max(k * step + low, low), high) for k in _thinned(n_values))
    return NumericEncoding(low - step / 2, high + step / 2, False, values, (low, high))


@lru_cache(maxsize=256)
def _int_encoding(distribution: IntDistribution) -> NumericEncoding:
    low, high, step = distribution.low, distribution.high, distribution.step
    is_log = _is_log(distribution)
    if is_log and high - low >= MAX_GRID:
        spaced = np.rint(np.geomspace(low, high, MAX_GRID))
        values = tuple(min(max(int(v), low), high) for v in np.unique(spaced))
    else:
        values = tuple(low + step * k for k in _thinned((high - low) // step + 1))
    half = step / 2
    origin = low if max(-low, high) > _LARGEST_EXACT and not is_log else 0
    ends = (low - origin - half, high - origin + half)
    return NumericEncoding(*ends, is_log, values, (low, high), origin)


def _is_log(distribution: FloatDistribution | IntDistribution) -> bool:
    """Whether coordinates are linear in the logarithm."""
    if not distribution.log:
        return False
    return math.log(distribution.high) - math.log(distribution.low) > _LEAST_LOG_WIDTH


def _thinned(n_values: int) -> list[int]:
    """At most :data:`MAX_GRID` of the indices ``0 .. n_values - 1``, both ends among them."""
    if n_values <= MAX_GRID:
        return list(range(n_values))
    # In integers, as there may be more values than floats can count.
    return [k * (n_values - 1) // (MAX_GRID - 1) for k in range(MAX_GRID)]
