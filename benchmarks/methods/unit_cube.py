"""A search space as columns in [0, 1], for tools without log scales, steps or integers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from benchmarks.methods.steps import step_values
from benchmarks.tasks.task import Array
from benchmarks.tasks.task import Params


MAX_GRID_ROWS = 5_000  # Smaller spaces are searched whole.
Numeric = FloatDistribution | IntDistribution


@dataclass(frozen=True)
class UnitCube:
    """Numbers as places on their own (log) scale, choices as one column each."""

    search_space: Mapping[str, BaseDistribution]

    @property
    def n_columns(self) -> int:
        """Number of columns of the table."""
        return sum(_width(d) for d in self.search_space.values())

    def encode(self, params: Params) -> list[float]:
        """One row of a complete configuration."""
        row: list[float] = []
        for name, distribution in self.search_space.items():
            value = params[name]
            if isinstance(distribution, CategoricalDistribution):
                row += [float(value == choice) for choice in distribution.choices]
            else:
                row.append(place_of(distribution, value))
        return row

    def decode(self, row: Sequence[float]) -> dict[str, Any]:
        """The legal configuration nearest to a row."""
        params: dict[str, Any] = {}
        column = 0
        for name, distribution in self.search_space.items():
            width = _width(distribution)
            cells = row[column : column + width]
            if isinstance(distribution, CategoricalDistribution):
                params[name] = distribution.choices[int(np.argmax(cells))]
            else:
                params[name] = value_at(distribution, float(cells[0]))
            column += width
        return params

    def choices(self) -> list[dict[int, float]]:
        """All combinations of choices as fixed columns; one empty dictionary without choices."""
        blocks: list[list[dict[int, float]]] = []
        column = 0
        for distribution in self.search_space.values():
            width = _width(distribution)
            if isinstance(distribution, CategoricalDistribution):
                one_hot = np.eye(width).tolist()
                blocks.append([dict(enumerate(cells, start=column)) for cells in one_hot])
            column += width
        return [
            {i: cell for block in combination for i, cell in block.items()}
            for combination in itertools.product(*blocks)
        ]

    def grid(self, max_rows: int) -> Array | None:
        """All configurations, shape ``(n, n_columns)``; :obj:`None` if not finite or too many."""
        n_rows = n_configurations(self.search_space)
        if n_rows is None or n_rows > max_rows:
            return None
        combinations = itertools.product(*(levels_of(d) or () for d in self.search_space.values()))
        return np.array(
            [self.encode(dict(zip(self.search_space, c, strict=True))) for c in combinations]
        )


def n_configurations(search_space: Mapping[str, BaseDistribution]) -> int | None:
    """How many configurations there are; :obj:`None` if not finitely many."""
    levels = [levels_of(d) for d in search_space.values()]
    if any(level is None for level in levels):
        return None
    return math.prod(len(level or ()) for level in levels)


def levels_of(distribution: BaseDistribution) -> Sequence[Any] | None:
    """All values of a parameter; :obj:`None` if they are not finitely many."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    if isinstance(distribution, IntDistribution):
        return range(distribution.low, distribution.high + 1, distribution.step)
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        return step_values(distribution)
    return None


def place_of(distribution: BaseDistribution, value: float) -> float:
    """Place of a number in [0, 1] on the parameter's own scale.

    Raises:
        TypeError: If the distribution is not numeric.
    """
    low, high = _scaled_range(distribution)
    if high == low:
        return 0.0
    assert isinstance(distribution, Numeric)
    return ((math.log(value) if distribution.log else value) - low) / (high - low)


def value_at(distribution: BaseDistribution, place: float) -> float | int:
    """The legal number nearest to a place in [0, 1] on the parameter's own scale.

    Raises:
        TypeError: If the distribution is not numeric.
    """
    low, high = _scaled_range(distribution)
    assert isinstance(distribution, Numeric)
    x = low + min(max(place, 0.0), 1.0) * (high - low)
    x = math.exp(x) if distribution.log else x
    if distribution.step is not None:
        n_steps = round((x - distribution.low) / distribution.step)
        x = distribution.low + n_steps * distribution.step
    x = min(max(x, distribution.low), distribution.high)
    return int(x) if isinstance(distribution, IntDistribution) else float(x)


def _scaled_range(distribution: BaseDistribution) -> tuple[float, float]:
    if not isinstance(distribution, Numeric):
        raise TypeError(f"Not a numeric distribution: {distribution!r}.")
    low, high = float(distribution.low), float(distribution.high)
    return (math.log(low), math.log(high)) if distribution.log else (low, high)


def _width(distribution: BaseDistribution) -> int:
    return len(distribution.choices) if isinstance(distribution, CategoricalDistribution) else 1
