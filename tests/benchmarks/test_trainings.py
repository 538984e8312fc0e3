"""Real trainings: no data needed, trained anywhere in their space, judged by their yardsticks."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.suites import find_task
from benchmarks.suites import select_rows
from benchmarks.suites import select_tasks
from benchmarks.tasks.trainings import build_training
from benchmarks.tasks.trainings import training_ids


QUICK = ("ridge_diabetes", "net_poly", "svc_cancer")  # milliseconds each


@pytest.mark.parametrize("task_id", training_ids())
def test_small_trainings_are_sized_and_deterministic(task_id: str) -> None:
    task = build_training(task_id)
    (small,) = task.sources
    assert small.scale is not None
    assert task.scale is not None
    assert small.scale.keys() == task.scale.keys()
    params = small.random_params(2, seed=1)
    values = small.evaluate_many(params)
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(small.evaluate_many(params), values)


@pytest.mark.parametrize("task_id", QUICK)
def test_the_yardsticks_are_those_of_random_configurations(task_id: str) -> None:
    task = build_training(task_id)
    values = task.evaluate_many(task.random_params(500, seed=0))
    assert task.regret(float(np.median(values))) == pytest.approx(1.0, abs=0.02)
    assert task.regret(float(values.min())) >= -0.001


def test_a_training_that_cannot_be_done_has_failed() -> None:
    task = build_training("knn_digits")
    assert np.isnan(task.evaluate({"n_neighbors": 5000, "p": 2.0, "weights": "uniform"}))


def test_trainings_are_selected_without_public_data(tmp_path: Path) -> None:
    selected = select_tasks(tmp_path, families=["trainings"])
    assert [task.id for task in selected] == training_ids()
    (task,) = select_tasks(tmp_path, ids=["svr_friedman"])
    assert task.family == "trainings"
    assert find_task("svr_friedman", tmp_path).id == "svr_friedman"


def test_rows_of_trainings_are_a_kind_of_their_own() -> None:
    rows = pd.DataFrame(
        {
            "task": ["sp1", "shift_2d", "svr_friedman"],
            "family": ["steplaw", "shift", "trainings"],
            "method": "scaleup",
        }
    )
    for kind, task in (
        ("public", "sp1"),
        ("synthetic", "shift_2d"),
        ("trainings", "svr_friedman"),
    ):
        arguments = Namespace(tasks=None, methods=None, families=[kind])
        assert select_rows(rows, arguments)["task"].tolist() == [task]
