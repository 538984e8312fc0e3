"""Regret by training cost, for tasks that know what a configuration costs to train."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.budgets import regret_at_budgets


N_BUDGETS = 40
FIRST_BUDGET = 0.25  # In trainings of a task's median cost.
_RUN = ["family", "task", "method", "seed"]


def regret_by_budget(rows: pd.DataFrame) -> pd.DataFrame:
    """Every run's regret at the same training budgets; ``x`` is the budget, ``trial`` its number.

    Costs are seconds for one task and floating-point operations for another, so the unit of each
    task is the median cost of all its trials in ``rows``. Tasks without costs are left out.
    """
    known = rows[rows["cost"].notna()].sort_values("trial")
    if known.empty:
        return known.assign(x=[])
    unit = known.groupby("task")["cost"].transform("median")
    known = known.assign(relative=known["cost"] / unit)
    known = known.assign(spent=known.groupby(_RUN)["relative"].cumsum())
    budgets = np.geomspace(FIRST_BUDGET, float(known["trial"].max()), N_BUDGETS)
    regrets = regret_at_budgets(known, _RUN, "spent", list(budgets))
    shown = regrets.melt(var_name="x", value_name="regret", ignore_index=False).reset_index()
    return shown.assign(trial=np.searchsorted(budgets, shown["x"]))
