"""Trainings stopped by a pruner, simulated epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.pruners import MedianPruner
from optuna.trial import TrialState

from benchmarks.branches import tree
from benchmarks.pruning import AVOIDING
from benchmarks.pruning import BLIND
from benchmarks.pruning import WITH_COST
from benchmarks.pruning import pruning_table
from benchmarks.pruning import run_pruned
from benchmarks.pruning import with_curves
from benchmarks.tasks import Task
from benchmarks.tasks.synthetic import build_synthetic
from benchmarks.tasks.task import Array
from benchmarks.tasks.task import Params
from optuna_scaleup import ScaleUpSampler


N_EPOCHS = 10


def task_with_curves() -> Task:
    """Curves that fall to the value from far above it, all alike."""
    task = build_synthetic("shift_2d")

    def curves(params: Sequence[Params]) -> Array:
        return task.evaluate_many(params)[:, None] + np.arange(N_EPOCHS - 1, -1, -1)

    return replace(task, curves_many=curves)


def test_costs_count_the_epochs_until_a_trial_was_stopped() -> None:
    rows = run_pruned("random", task_with_curves(), [], 0, 6, MedianPruner())
    epochs = np.array([row["n_epochs"] for row in rows])
    np.testing.assert_allclose([row["trainings"] for row in rows], np.cumsum(epochs) / N_EPOCHS)
    assert set(epochs[:5]) == {N_EPOCHS}  # the pruner waits for five trials
    assert set(epochs) == {1, N_EPOCHS}
    values = [
        row["value"] if n == N_EPOCHS else np.inf for row, n in zip(rows, epochs, strict=True)
    ]
    assert rows[-1]["regret"] == pytest.approx(task_with_curves().regret(min(values)))


def source_with_curves(task: Task) -> optuna.Study:
    source = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    source.optimize(lambda trial: task.evaluate(task.suggest(trial)), n_trials=8)
    return with_curves(source, task)


def test_with_epochs_as_cost_other_trials_are_chosen() -> None:
    task = task_with_curves()
    free, counted = (
        run_pruned(name, task, [source_with_curves(task)], 0, 8, MedianPruner())
        for name in ("scaleup", WITH_COST)
    )
    assert [row["value"] for row in free] != [row["value"] for row in counted]


@pytest.mark.parametrize("name", [BLIND, AVOIDING])
def test_who_sees_that_a_trial_was_pruned(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_with_curves()
    seen: list[list[TrialState]] = []
    suggest = ScaleUpSampler.infer_relative_search_space

    def spied(sampler: ScaleUpSampler, study: optuna.Study, trial: Any) -> Any:
        seen.append([t.state for t in study.get_trials(deepcopy=False)])
        return suggest(sampler, study, trial)

    monkeypatch.setattr(ScaleUpSampler, "infer_relative_search_space", spied)
    rows = run_pruned(name, task, [source_with_curves(task)], 0, 12, MedianPruner())
    n_pruned = sum(row["n_epochs"] < N_EPOCHS for row in rows[:-1])
    assert n_pruned > 0
    assert TrialState.PRUNED not in seen[-1]
    assert seen[-1].count(TrialState.FAIL) == (n_pruned if name == AVOIDING else 0)


def test_the_table_reads_off_budgets() -> None:
    frame = pd.DataFrame(
        {
            "method": "m",
            "task": "t",
            "seed": 0,
            "trainings": [1.0, 2.0, 2.5, 5.0],
            "regret": [0.9, 0.5, 0.5, 0.1],
        }
    )
    table = pruning_table(frame)
    assert table.loc["m"].to_dict() == {2.0: 0.5, 5.0: 0.1}


def test_sources_get_their_curves() -> None:
    task = task_with_curves()
    study = optuna.create_study()
    study.optimize(lambda trial: task.evaluate(task.suggest(trial)), n_trials=3)
    for trial in with_curves(study, task).trials:
        assert trial.state == TrialState.COMPLETE
        assert list(trial.intermediate_values) == list(range(1, N_EPOCHS + 1))
        # The curve of all epochs and the value of the last one round differently on some BLAS.
        assert trial.intermediate_values[N_EPOCHS] == pytest.approx(trial.value, rel=1e-12)


def test_a_task_without_curves_is_refused() -> None:
    with pytest.raises(ValueError, match="no learning curves"):
        run_pruned("random", build_synthetic("shift_2d"), [], 0, 2, MedianPruner())


@pytest.mark.parametrize(
    ("params", "value"),
    [
        ({"branch": "deep", "depth": 5, "gate": "soft", "temperature": 0.25}, 0.0),
        ({"branch": "deep", "depth": 5, "gate": "none"}, 0.2),
        ({"branch": "wide", "width": 64, "share": 0.4}, 0.15),
        ({"branch": "flat", "slope": 0.2}, 0.3),
    ],
)
def test_best_values_of_the_tree(params: dict[str, object], value: float) -> None:
    best = optuna.trial.FixedTrial({"shared": 0.7, "rate": 0.01, **params})
    assert tree(best) == pytest.approx(value)  # type: ignore[arg-type]
