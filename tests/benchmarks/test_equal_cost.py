"""Regret at equal training seconds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from optuna.samplers import RandomSampler

from benchmarks.equal_cost import SAMPLERS
from benchmarks.equal_cost import cost_table
from benchmarks.equal_cost import run_with_costs
from benchmarks.equal_cost import with_costs
from benchmarks.sources import source_studies
from benchmarks.tasks import Task
from benchmarks.tasks.synthetic import build_synthetic


def costly_task(unit: float) -> Task:
    """The first parameter decides what a training costs: 1 to 9 units."""

    def cost_many(params: object) -> np.ndarray:
        return np.array([unit * (1.0 + 8.0 * next(iter(p.values()))) for p in params])  # type: ignore[attr-defined]

    task = build_synthetic("shift_2d")
    sources = tuple(replace(source, cost_many=cost_many) for source in task.sources)
    return replace(task, cost_many=cost_many, sources=sources)


def test_a_budget_is_in_mean_trainings_whatever_their_unit() -> None:
    runs = [run_with_costs(RandomSampler(seed=0), costly_task(unit), 3) for unit in (1.0, 60.0)]
    for one, other in zip(*runs, strict=True):
        assert one == pytest.approx(other)
    spent = [row["trainings"] for row in runs[0]]
    assert spent[-2] < 3.0 <= spent[-1]
    regrets = [row["regret"] for row in runs[0]]
    assert regrets == sorted(regrets, reverse=True)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler(name: str) -> None:
    task = costly_task(1.0)
    studies = source_studies(task, seed=0, n_trials=4)
    sources = [with_costs(s, surface) for s, surface in zip(studies, task.sources, strict=True)]
    assert sources[0].trials[0].user_attrs["cost"] >= 1.0
    rows = run_with_costs(SAMPLERS[name](task, sources, 0), task, 2)
    assert rows[-1]["trainings"] >= 2.0


def test_tasks_without_costs_are_refused() -> None:
    task = build_synthetic("shift_2d")
    with pytest.raises(ValueError, match="is not known"):
        run_with_costs(RandomSampler(seed=0), task, 2)


def test_the_table_counts_what_was_paid_for() -> None:
    one = {"sampler": "a", "task": "t", "seed": 0}
    other = {"sampler": "a", "task": "u", "seed": 0}
    frame = pd.DataFrame(
        [
            {**one, "trainings": 0.5, "regret": 0.8},
            {**one, "trainings": 2.5, "regret": 0.2},
            {**other, "trainings": 1.5, "regret": 0.6},
        ]
    )
    # The other one has nothing after one training: a regret of 1.
    assert cost_table(frame).loc["a"].to_dict() == pytest.approx({1.0: 0.9, 2.0: 0.7})
