"""Stepped floats for tools that know them only as a list of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution


def step_values(distribution: FloatDistribution) -> list[float]:
    """All values of a stepped float, without the noise of binary fractions.

    Raises:
        ValueError: If the distribution has no step.
    """
    if distribution.step is None:
        raise ValueError("The distribution has no step.")
    n_steps = round((distribution.high - distribution.low) / distribution.step)
    return [_clean(distribution.low + i * distribution.step) for i in range(n_steps + 1)]


def with_step_values(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """``params`` with every stepped float as :func:`step_values` has it."""
    return {n: _clean(v) if _is_stepped(search_space.get(n)) else v for n, v in params.items()}


def _is_stepped(distribution: BaseDistribution | None) -> bool:
    return isinstance(distribution, FloatDistribution) and distribution.step is not None


def _clean(value: float) -> float:
    return round(float(value), 12)
