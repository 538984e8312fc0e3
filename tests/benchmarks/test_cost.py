"""Training cost becomes the abscissa of a figure."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.budgets import NOTHING_YET
from benchmarks.budgets import regret_at_budgets
from benchmarks.cost import FIRST_BUDGET
from benchmarks.cost import regret_by_budget


def _rows(costs: list[float | None], regrets: list[float], task: str = "t") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "family": "f",
            "task": task,
            "method": "m",
            "seed": 0,
            "trial": range(1, len(costs) + 1),
            "regret": regrets,
            "cost": pd.Series(costs, dtype=float),
        }
    )


def test_a_run_has_the_regret_that_its_budget_paid_for() -> None:
    # In units of the median (20): 0.5 after the first trial, 1.5 after the second, 3.5 at the end.
    shown = regret_by_budget(_rows([10, 20, 40], [0.8, 0.4, 0.2])).set_index("x")["regret"]
    assert shown.index[0] == FIRST_BUDGET
    assert shown.index[-1] == pytest.approx(3)
    assert set(shown[shown.index < 0.5]) == {NOTHING_YET}
    assert set(shown[(shown.index > 0.5) & (shown.index < 1.5)]) == {0.8}
    assert set(shown[shown.index > 1.5]) == {0.4}


def test_regret_at_budgets() -> None:
    runs = {
        "good": ([0.1 + 0.2, 2.0], [0.8, 0.4]),
        "bad": ([2.0, 3.0], [5.0, 0.1]),
        "late": ([1.0, 2.0], [float("inf"), 0.7]),
        "never": ([1.0], [float("inf")]),
    }
    rows = pd.DataFrame(
        [
            {"run": run, "spent": spent, "regret": regret}
            for run, columns in runs.items()
            for spent, regret in zip(*columns, strict=True)
        ]
    )
    table = regret_at_budgets(rows, ["run"], "spent", [0.3, 1.0, 2.0])
    at = {run: table.loc[run].to_numpy().ravel().tolist() for run in runs}
    assert at["good"] == [0.8, 0.8, 0.4]  # sums of costs are rounded
    assert at["bad"] == [5.0, 5.0, 5.0]  # nothing yet is no better than its first trial
    assert at["late"] == [NOTHING_YET, NOTHING_YET, 0.7]
    assert at["never"] == [NOTHING_YET] * 3


def test_no_curve_rises() -> None:
    shown = regret_by_budget(_rows([1, 1], [7.0, 0.5]))["regret"]
    assert shown.is_monotonic_decreasing
    assert shown.iloc[0] == 7


def test_tasks_have_units_of_their_own() -> None:
    seconds = _rows([1, 2, 4], [0.8, 0.4, 0.2], "seconds")
    flops = _rows([1e20, 2e20, 4e20], [0.8, 0.4, 0.2], "flops")
    shown = regret_by_budget(pd.concat([seconds, flops])).pivot_table(
        index="x", columns="task", values="regret"
    )
    assert (shown["seconds"] == shown["flops"]).all()


def test_tasks_without_costs_are_left_out() -> None:
    without = _rows([None, None], [0.8, 0.4], "without")
    both = pd.concat([without, _rows([1, 1], [0.8, 0.4])])
    assert set(regret_by_budget(both)["task"]) == {"t"}
    assert regret_by_budget(without).empty
