"""Constraints as outputs.

A constraint ``c`` enters as ``asinh(c / s)`` with ``s`` a few large magnitudes of the study: close
to linear as far as most trials lie, logarithmic beyond on either side, and zero where ``c`` is. So
one violation by a factor of 1e6 does not drown what decides between feasible and not, a constraint
in other units is the same constraint, and a linear one stays linear. If that explains the trials
better, ``s`` is a small magnitude: where violations span orders of magnitude, the last of them
would be one step in a large unit. Where no study has a value below zero, zero says only that the
constraint holds, not by how much; it is taken to hold by half of such a magnitude.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optuna_scaleup.model.fitting import MAX_FIT_ROWS
from optuna_scaleup.suggest.output import Output
from optuna_scaleup.suggest.output import map_studies
from optuna_scaleup.suggest.output import one_output
from optuna_scaleup.suggest.output import with_column
from optuna_scaleup.suggest.output import without_noise
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import ValueKind


_LINEAR_TO = 3.0  # large magnitudes
_ZERO_MARGIN = 0.5  # magnitudes
_LARGEST_UNIT = 1e307
_MAX_SQUASHED = 1e150  # asinh squares its argument
_TYPICAL_QUANTILE = 0.9
_SMALL_QUANTILE = 0.2
_MIN_TO_CHOOSE = 6  # trials that tell which unit is the better one
_MIN_SPAN = 100.0  # from the small unit to the large one, where they differ enough to matter
_NATS_FOR_SMALL = -5.0


def constraint_names(problem: Problem) -> list[str]:
    """Every constraint that the target has, or that it may have as it shows nothing yet."""
    studies = [problem.target] if problem.target.n_trials else problem.sources
    return sorted({name for study in studies for name in _finite_constraints(study)})


def constraint_outputs(problem: Problem) -> dict[str, tuple[Output, ...]]:
    """Every constraint in the units that it may have, the most likely one first."""
    return {name: _constraint(problem, name) for name in constraint_names(problem)}


def violations(data: Dataset) -> Array:
    """By how much each row breaks its constraints, in their typical magnitudes, shape ``(n,)``."""
    total = np.zeros(data.n_trials)
    for column in data.constraints.values():
        excess = np.maximum(np.where(np.isfinite(column), column, 0.0), 0.0)
        total += excess / _typical_magnitude(column[np.isfinite(column)])
    return total


def observed_feasibility(data: Dataset, names: Sequence[str]) -> Array:
    """Whether rows keep constraints: 1 or 0, ``NaN`` where unknown, ``(n, len(names))``."""
    held = np.full((data.n_trials, len(names)), np.nan)
    for j, name in enumerate(names):
        column = data.constraints.get(name, held[:, j])
        held[:, j] = np.where(np.isnan(column), np.nan, column <= 0.0)
    return held


def _constraint(problem: Problem, name: str) -> tuple[Output, ...]:
    one = one_output(
        problem, f"constraint {name}", lambda data: with_column(data, data.constraints.get(name))
    )
    # Noise belongs to objective values, and so does what is believed about the optimum's drift.
    one = map_studies(one, without_noise, one.source_keys)
    one = replace(one, scales=None, kind=ValueKind.LEVEL)
    largest = (one.target, *one.sources)[-1].Y
    large, small = (_typical_magnitude(largest, q) for q in (_TYPICAL_QUANTILE, _SMALL_QUANTILE))
    # Evidence is that of all trials only as long as all of them are fitted to.
    is_comparable = _MIN_TO_CHOOSE <= one.target.n_trials <= MAX_FIT_ROWS
    unit = _LINEAR_TO * min(large, _LARGEST_UNIT / _LINEAR_TO)
    likely = _squashed(one, unit, _ZERO_MARGIN / _LINEAR_TO)
    if not is_comparable or small > unit / _MIN_SPAN:
        return (likely,)
    return likely, replace(_squashed(one, small, _ZERO_MARGIN), log_prior=_NATS_FOR_SMALL)


def _squashed(one: Problem, unit: float, margin: float) -> Output:
    """Inverse hyperbolic sine of values in a unit; by what margin zero holds if none is below."""
    studies = (one.target, *one.sources)
    has_slack = any((data.Y < 0.0).any() for data in studies)
    zero = 0.0 if has_slack else -margin

    def squash(data: Dataset) -> Dataset:
        with np.errstate(over="ignore"):
            ratio = np.clip(data.Y / unit, -_MAX_SQUASHED, _MAX_SQUASHED)
        return replace(data, Y=np.arcsinh(np.where(data.Y == 0.0, zero, ratio)))

    keys = tuple(f"{key}/{unit!r}/{zero!r}" for key in one.source_keys)
    values = one.target.Y
    measured = values[values != 0.0] if zero else values  # what is cut off has no density
    log_jacobian = -float(np.log(np.hypot(measured, unit)).sum())
    return Output(map_studies(one, squash, keys), log_jacobian=log_jacobian)


def _finite_constraints(data: Dataset) -> list[str]:
    return [name for name, column in data.constraints.items() if np.isfinite(column).any()]


def _typical_magnitude(values: Array, quantile: float = _TYPICAL_QUANTILE) -> float:
    """Upper decile of the magnitudes that are not zero, one where there is none.

    Not their median: trials gather where constraints are close to zero, and the unit would shrink
    with them until all the rest is a step.

    Args:
        values: Of a constraint.
        quantile: Another one than the upper decile.
    """
    magnitudes = np.abs(values[values != 0.0])
    if not len(magnitudes):
        return 1.0
    return float(np.quantile(magnitudes, quantile, method="lower"))
