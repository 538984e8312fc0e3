"""How the trials stand to the constraints, which optuna-dashboard does not show by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from optuna.trial import TrialState

from optuna_scaleup._optuna import constraints_of
from optuna_scaleup.dashboard._markdown import table
from optuna_scaleup.data.outcomes import counted_value
from optuna_scaleup.data.outcomes import is_feasible
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.report.interval import number


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


def feasibility_text(study: Study, trials: Sequence[FrozenTrial]) -> str:
    """A paragraph and a table of the constraints in Markdown; empty without constraints."""
    complete = [t for t in trials if t.state == TrialState.COMPLETE]
    rows = [(trial, constraints_of(trial)) for trial in complete]
    names = sorted({name for _, values in rows for name in values})
    if not names:
        return ""
    feasible = [trial for trial in complete if is_feasible(trial)]
    lines = [
        f"{len(feasible)} of {len(rows)} complete trials are feasible (every constraint ≤ 0). "
        f"{_best_text(study, feasible)}",
        "",
    ]
    counts = []
    for name in names:
        known = [values[name] for _, values in rows if name in values]
        n_broken = sum(not v <= 0.0 for v in known)
        largest = max((v for v in known if not math.isnan(v)), default=math.nan)
        counts.append((name, f"{n_broken} of {len(known)}", number(largest)))
    header = ("constraint", "trials that break it", "largest value")
    return "\n".join([*lines, table(header, counts)])


def _best_text(study: Study, feasible: Sequence[FrozenTrial]) -> str:
    if len(study.directions) != 1:
        return "The dashboard's Pareto front does not know of constraints."
    if not feasible:
        return "**None is**, so the dashboard's best trial is not feasible."
    found = [(value, trial) for trial in feasible if (value := counted_value(trial)) is not None]
    if not found:
        return "No feasible one has a finite value."
    sign = signs_of(study.directions)[0]
    value, trial = max(found, key=lambda pair: sign * pair[0])
    return f"**Best feasible: trial {trial.number}, value {number(value)}.**"
