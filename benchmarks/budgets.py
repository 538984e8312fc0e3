"""Regret of every run when a budget is spent: seconds, epochs or whatever trainings cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


# Regret of a run without a finished trial: that of a median random configuration, or that of its
# first trial if this is worse, so that no curve rises.
NOTHING_YET = 1.0
_ROUNDING = 1e-9  # of sums of costs


def regret_at_budgets(
    rows: pd.DataFrame, by_run: Sequence[str], spent: str, budgets: Sequence[float]
) -> pd.DataFrame:
    """Each run's regret at some budgets: index ``by_run``, one column a budget.

    Args:
        rows: One row a trial. ``regret`` is that of the best trial so far, infinite before there
            is one.
        by_run: Columns that tell runs apart.
        spent: Column with what a run had spent when the trial was finished.
        budgets: In the unit of ``spent``.
    """
    runs = rows.sort_values(spent).groupby([*by_run])
    regrets = {key: _at_budgets(run, spent, budgets) for key, run in runs}
    index = pd.MultiIndex.from_tuples(list(regrets), names=[*by_run])
    return pd.DataFrame(list(regrets.values()), index=index, columns=[*budgets])


def _at_budgets(run: pd.DataFrame, spent: str, budgets: Sequence[float]) -> np.ndarray:
    run = run[np.isfinite(run["regret"])]
    known = run["regret"].to_numpy()
    n_finished = np.searchsorted(run[spent].to_numpy(), np.asarray(budgets) + _ROUNDING, "right")
    return np.append(max([NOTHING_YET, *known[:1]]), known)[n_finished]
