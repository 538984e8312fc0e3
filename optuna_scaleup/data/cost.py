"""What a trial cost, in the terms of the user."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import numpy as np

from optuna_scaleup._optuna import as_float
from optuna_scaleup.types import Array


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


CostOf = Callable[["FrozenTrial"], Any]

_MAX_TOLD: Final = 80  # characters


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


def complaint(trial: FrozenTrial, cost: CostOf) -> str:
    """What the cost of a trial is that has none."""
    try:
        told = repr(cost(_own_copy(trial)))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    return f"trial {trial.number}: {told[:_MAX_TOLD]}"


def _cost_of(trial: FrozenTrial, cost: CostOf) -> float:
    try:
        value = as_float(cost(_own_copy(trial)))
    except Exception:  # the user's own; a trial without a cost still counts for the rest
        return math.nan
    return value if math.isfinite(value) and value > 0.0 else math.nan


def _own_copy(trial: FrozenTrial) -> FrozenTrial:
    """A trial that the user's function may change without changing what is stored."""
    own = copy.copy(trial)
    own.params, own.distributions = dict(trial.params), dict(trial.distributions)
    own.user_attrs, own.system_attrs = dict(trial.user_attrs), dict(trial.system_attrs)
    own.intermediate_values = dict(trial.intermediate_values)
    return own


def _seconds(trial: FrozenTrial) -> float:
    return math.nan if trial.duration is None else trial.duration.total_seconds()
