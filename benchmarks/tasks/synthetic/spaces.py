"""Search spaces of the synthetic families and the way from configurations to the unit cube."""

from __future__ import annotations

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

from benchmarks.tasks.synthetic.landscape import Landscape
from benchmarks.tasks.task import Array
from benchmarks.tasks.task import Params


INACTIVE_POSITION = 0.5


def float_space(n_dims: int) -> dict[str, BaseDistribution]:
    """``n_dims`` floats, every other one on a log scale."""
    return {
        f"x{i}": FloatDistribution(1e-5, 1e-1, log=True)
        if i % 2 == 0
        else FloatDistribution(0.0, 1.0)
        for i in range(n_dims)
    }


@dataclass(frozen=True)
class OnParams:
    """A landscape as an objective of configurations."""

    landscape: Landscape
    search_space: Mapping[str, BaseDistribution]

    def __call__(self, params: Sequence[Params]) -> Array:
        return self.landscape(unit_rows(params, self.search_space))


def unit_rows(params: Sequence[Params], search_space: Mapping[str, BaseDistribution]) -> Array:
    """Coordinates of configurations, shape ``(n, d)``; choices by index, inactive ones at 0.5."""
    return np.array([[_position(p, n, d) for n, d in search_space.items()] for p in params])


def _position(params: Params, name: str, distribution: BaseDistribution) -> float:
    if name not in params:
        return INACTIVE_POSITION
    return unit_position(distribution, params[name])


def unit_position(distribution: BaseDistribution, value: Any) -> float:
    """Place of a value in [0, 1] on the parameter's own scale; the index of a choice.

    Raises:
        TypeError: If the distribution is of an unknown kind.
    """
    if isinstance(distribution, CategoricalDistribution):
        return float(distribution.choices.index(value))
    if isinstance(distribution, FloatDistribution | IntDistribution):
        if distribution.log:
            low, high = math.log(distribution.low), math.log(distribution.high)
            return (math.log(value) - low) / (high - low)
        return float((value - distribution.low) / (distribution.high - distribution.low))
    raise TypeError(f"Unknown distribution: {distribution!r}.")
