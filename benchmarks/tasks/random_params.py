"""Random configurations, uniform on each parameter's own scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution


def draw_params(
    search_space: Mapping[str, BaseDistribution], n_params: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Draws ``n_params`` configurations that ignore conditions."""
    U = rng.random((n_params, len(search_space)))
    return [
        {
            name: at_quantile(d, float(u))
            for (name, d), u in zip(search_space.items(), row, strict=True)
        }
        for row in U
    ]


def at_quantile(distribution: BaseDistribution, u: float) -> Any:
    """The value at quantile ``u`` in [0, 1] of the uniform distribution on the parameter's scale.

    Integers get half a step of padding at both ends, so that each has its fair share.

    Raises:
        TypeError: If the distribution is of an unknown kind.
    """
    if isinstance(distribution, CategoricalDistribution):
        n_choices = len(distribution.choices)
        return distribution.choices[min(int(u * n_choices), n_choices - 1)]
    if isinstance(distribution, IntDistribution):
        half = 0.5 * distribution.step
        x = _interpolate(distribution.low - half, distribution.high + half, distribution.log, u)
        n_steps = round((x - distribution.low) / distribution.step)
        return int(
            min(
                max(distribution.low + n_steps * distribution.step, distribution.low),
                distribution.high,
            )
        )
    if isinstance(distribution, FloatDistribution):
        x = _interpolate(distribution.low, distribution.high, distribution.log, u)
        if distribution.step is not None:
            n_steps = round((x - distribution.low) / distribution.step)
            x = distribution.low + n_steps * distribution.step
        return float(min(max(x, distribution.low), distribution.high))
    raise TypeError(f"Unknown distribution: {distribution!r}.")


def _interpolate(low: float, high: float, is_log: bool, u: float) -> float:
    if is_log:
        return math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    return low + u * (high - low)
