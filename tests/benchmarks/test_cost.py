"""Training cost becomes the abscissa of a figure."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.cost import FIRST_BUDGET
from benchmarks.cost import NOTHING_YET
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
