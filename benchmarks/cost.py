"""Regret by training cost, for tasks that know what a configuration costs to train."""

from __future__ import annotations

import numpy as np
import pandas as pd


N_BUDGETS = 40
FIRST_BUDGET = 0.25  # In trainings of a task's median cost.
# Regret of a run without a finished trial: that of a median random configuration, or that of its
# first trial if this is worse, so that no curve rises.
NOTHING_YET = 1.0


def regret_by_budget(rows: pd.DataFrame) -> pd.DataFrame:
    """Every run's regret at the same training budgets; ``x`` is the budget, ``trial`` its number.

    Costs are seconds for one task and floating-point operations for another, so the unit of each
    task is the median cost of all its trials in ``rows``. Tasks without costs are left out.
    """
    known = rows[rows["cost"].notna()].sort_values("trial")
    if known.empty:
        return known.assign(x=[])
    unit = known.groupby("task")["cost"].transform("median")
    by_run = ["task", "method", "seed"]
    known = known.assign(relative=known["cost"] / unit)
    known = known.assign(spent=known.groupby(by_run)["relative"].cumsum())
    budgets = np.geomspace(FIRST_BUDGET, float(known["trial"].max()), N_BUDGETS)
    runs = [_at_budgets(run, budgets) for _, run in known.groupby(by_run)]
    return pd.concat(runs, ignore_index=True)


def _at_budgets(run: pd.DataFrame, budgets: np.ndarray) -> pd.DataFrame:
    n_finished = np.searchsorted(run["spent"].to_numpy(), budgets, side="right")
    known = run["regret"].to_numpy()
    regrets = np.append(max(NOTHING_YET, known[0]), known)
    names = {name: run[name].iloc[0] for name in ("family", "task", "method", "seed")}
    return pd.DataFrame(
        {**names, "trial": range(len(budgets)), "x": budgets, "regret": regrets[n_finished]}
    )
