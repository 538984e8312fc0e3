"""Objective values and constraints of finished trials, and which sign makes larger better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import TrialState

from optuna_scaleup._optuna import constraints_of
from optuna_scaleup.types import Array
from optuna_scaleup.wording import counted


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def signs_of(directions: Sequence[StudyDirection]) -> Array:
    """Factors, shape ``(m,)``, that make larger values better."""
    return np.array([1.0 if d == StudyDirection.MAXIMIZE else -1.0 for d in directions])


def signed_values(trials: Sequence[FrozenTrial], signs: Array) -> Array:
    """Objective values with larger better, shape ``(n, m)``, infinite where the trial's are.

    Raises:
        ValueError: If a trial has another number of objectives than there are signs.
    """
    for trial in trials:
        if len(trial.values) != len(signs):
            raise ValueError(
                f"Trial {trial.number} has {counted(len(trial.values), 'objective value')} where "
                f"the study to optimize has {counted(len(signs), 'objective')}."
            )
    values: Array = np.array([trial.values for trial in trials], dtype=float)
    signed: Array = signs * values.reshape(len(trials), len(signs))
    return signed


def is_feasible(trial: FrozenTrial) -> bool:
    """Whether every constraint holds that the trial has."""
    return all(value <= 0.0 for value in constraints_of(trial).values())


def counted_value(trial: FrozenTrial) -> float | None:
    """What a trial of one objective counts for as the best: a finite value that is feasible."""
    values = trial.values
    if trial.state != TrialState.COMPLETE or values is None or len(values) != 1:
        return None
    return values[0] if math.isfinite(values[0]) and is_feasible(trial) else None


def constraint_columns(trials: Sequence[FrozenTrial]) -> tuple[dict[str, Array], int]:
    """Constraint values by name, and how many trials have one that is no finite number.

    By name, as storages may return a trial's constraints in any order. An infinite value counts as
    the furthest finite one on its side: a violation without bound is one worth knowing.

    Returns:
        Columns of shape ``(n,)``, ``NaN`` where a trial has no number, and the count.
    """
    rows = [constraints_of(trial) for trial in trials]
    names = sorted({name for row in rows for name in row})
    columns = {name: np.array([row.get(name, math.nan) for row in rows]) for name in names}
    n_odd = sum(not all(map(math.isfinite, row.values())) for row in rows)
    return {name: _within_finite(column) for name, column in columns.items()}, n_odd


def _within_finite(column: Array) -> Array:
    """The column, infinite values moved to the furthest finite one of their sign, or to one."""
    finite = column[np.isfinite(column)]
    highest = float(finite.max(initial=0.0)) or 1.0
    lowest = float(finite.min(initial=0.0)) or -1.0
    return np.where(np.isinf(column), np.where(column > 0.0, highest, lowest), column)
