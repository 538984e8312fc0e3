"""What a trial cost, in the terms of the user."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

import numpy as np

from optuna_scaleup._optuna import is_number
from optuna_scaleup.types import Array


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


CostOf = Callable[["FrozenTrial"], Any]


def checked_cost(cost: Any) -> CostOf | None:
    """A function of a finished trial, from what the user gave.

    Raises:
        ValueError: If it is a text, but not ``"duration"``.
        TypeError: If it is neither a text nor a callable nor None.
    """
    if cost is None:
        return None
    if cost == "duration":
        return _seconds
    if isinstance(cost, str):
        raise ValueError(f"`cost` is 'duration', a callable on a trial, or None; got {cost!r}.")
    if not callable(cost):
        raise TypeError(f"`cost` is 'duration', a callable on a trial, or None; got {cost!r}.")
    return cost  # type: ignore[no-any-return]


def cost_column(trials: Sequence[FrozenTrial], cost: CostOf) -> Array:
    """Cost of each trial, positive, shape ``(n,)``; ``NaN`` where there is none."""
    return np.array([_cost_of(trial, cost) for trial in trials], dtype=float)


def _cost_of(trial: FrozenTrial, cost: CostOf) -> float:
    try:
        value = cost(trial)
        cost_value = float(value) if is_number(value) else math.nan
    except Exception:  # the user's own; a trial without a cost still counts for the rest
        return math.nan
    return cost_value if math.isfinite(cost_value) and cost_value > 0.0 else math.nan


def _seconds(trial: FrozenTrial) -> float:
    return math.nan if trial.duration is None else trial.duration.total_seconds()
