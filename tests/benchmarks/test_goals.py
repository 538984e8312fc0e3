"""The wanted figures, on results small enough to check by hand."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.goals import goals_frame
from benchmarks.goals import step_law_formula
from benchmarks.summary import figure
from benchmarks.tasks import Task
from benchmarks.tasks.synthetic import build_synthetic


BILLION = 1e9


def rows_of(regrets: Mapping[tuple[str, str, str], Sequence[float]]) -> pd.DataFrame:
    """A row for each trial of each (family, task, method)."""
    return pd.DataFrame(
        [
            (family, task, method, 0, trial, regret, regret, 0.1)
            for (family, task, method), values in regrets.items()
            for trial, regret in enumerate(values, start=1)
        ],
        columns=["family", "task", "method", "seed", "trial", "value", "regret", "seconds"],
    )


def steplaw_task(name: str, spread: float, n_sources: int) -> Task:
    """A task that takes part in the goals of the Step Law; ``spread`` turns regret into loss."""
    task = build_synthetic("ladder_2d")
    return replace(
        task,
        id=name,
        family="steplaw",
        best=2.0,
        median=2.0 + spread,
        sources=task.sources[:n_sources],
        scale={"params": BILLION, "tokens": 100 * BILLION},
        evaluate_many=lambda params: np.full(len(params), 2.0 + 0.3 * spread),
        noise_free_many=None,
    )


def test_ratios_are_taken_to_the_best_peer_of_each_family() -> None:
    rows = rows_of(
        {
            ("a", "a1", "scaleup"): [0.9, 0.9, 0.3],
            ("a", "a1", "random"): [0.9, 0.9, 0.6],
            ("a", "a1", "cmaes_source"): [0.9, 0.9, 0.2],
            ("b", "b1", "scaleup"): [0.9, 0.9, 0.1],
            ("b", "b1", "random"): [0.9, 0.9, 0.4],
        }
    )
    measured = goals_frame(rows, [])["measured"].to_dict()
    assert measured == pytest.approx(
        {
            "all: over the best peer (random) @3": 0.4,
            "a: over the best peer (cmaes_source) @3": 1.5,
            "b: over the best peer (random) @3": 0.25,
        }
    )
    limits = goals_frame(rows, [])["at most"].to_dict()
    assert set(limits.values()) == {0.7, 1.05}


def test_step_law_goals_compare_losses_not_regrets() -> None:
    tasks = [steplaw_task("wide", 10.0, 1), steplaw_task("ladder", 1.0, 2)]
    rows = rows_of(
        {
            ("steplaw", "wide", "scaleup"): [0.1] * 5,
            ("steplaw", "wide", "random"): [0.2] * 5,
            ("steplaw", "wide", "tpe"): [0.1] * 5,
            ("steplaw", "ladder", "scaleup"): [0.6] * 5,
            ("steplaw", "ladder", "random"): [0.4] * 5,
            ("steplaw", "ladder", "tpe"): [0.9] * 5,
            ("other", "o1", "random"): [0.5] * 5,
            ("other", "o1", "scaleup"): [0.5] * 5,
        }
    )
    goals = goals_frame(rows, tasks)
    # Excess losses: ours 1 and 0.6, of random 2 and 0.4, of tpe 1 and 0.9. Random is the better
    # by regret, tpe, which did not run the other family, by loss.
    for count in (1, 5):
        name = f"steplaw excess loss, over tpe @{count}"
        assert figure(goals, name, "measured") == pytest.approx(1.6 / 1.9)
    ladders = "steplaw ladders: excess loss, over random @1"
    assert figure(goals, ladders, "measured") == pytest.approx(1.5)
    formula = "steplaw ladders: excess over Step Law's formula @5"
    assert figure(goals, formula, "measured") == pytest.approx(0.6 / 0.3)


def test_the_formula_of_the_step_law() -> None:
    given = step_law_formula(steplaw_task("t", 1.0, 1))
    # 1.79 N^-0.713 D^0.307 = 1.79 * 10^-6.417 * 10^3.377; 0.58 D^0.571 = 0.58 * 10^6.281 tokens.
    assert given["lr"] == pytest.approx(1.79 * 10 ** (-0.713 * 9 + 0.307 * 11))
    assert given["lr"] == pytest.approx(1.6325e-3, rel=1e-3)
    assert given["bs"] == round(0.58 * 10 ** (0.571 * 11) / 2048) == 541


@pytest.mark.parametrize(
    ("n_params", "n_tokens", "lr", "batch_size"),
    [(1e14, 1e14, 2.4e-4, 2048), (1e5, 1e6, 2.21e-2, 16)],
)
def test_the_formula_stays_within_the_grid(
    n_params: float, n_tokens: float, lr: float, batch_size: int
) -> None:
    task = replace(steplaw_task("t", 1.0, 1), scale={"params": n_params, "tokens": n_tokens})
    assert step_law_formula(task) == {"lr": lr, "bs": batch_size}
