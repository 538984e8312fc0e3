"""Objective values and constraints of finished trials; signs are flipped here and only here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from optuna.study import StudyDirection

from optuna_scaleup._optuna import constraints_of
from optuna_scaleup.types import Array


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
                f"Trial {trial.number} has {len(trial.values)} objective values "
                f"where the study to optimize has {len(signs)} objectives."
            )
    values: Array = np.array([trial.values for trial in trials], dtype=float)
    signed: Array = signs * values.reshape(len(trials), len(signs))
    return signed


def constraint_columns(trials: Sequence[FrozenTrial]) -> dict[str, Array]:
    """Constraint values by name, shape ``(n,)``; ``NaN`` where a trial lacks one.

    By name, as storages may return a trial's constraints in any order.
    """
    rows = [constraints_of(trial) for trial in trials]
    names = sorted({name for row in rows for name in row})
    return {name: np.array([_finite(row.get(name)) for row in rows]) for name in names}


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else math.nan
