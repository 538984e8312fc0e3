"""Problems with constraints or several objectives: known optima, and scores of a small run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.outputs import score
from benchmarks.tasks.outputs import OUTPUTS_TASKS


@pytest.mark.parametrize(
    ("task", "x", "values", "is_feasible"),
    [
        ("bnh", [0.0, 0.0], [0.0, 50.0], True),
        ("bnh", [5.0, 3.0], [136.0, 4.0], True),
        ("osy", [5.0, 1.0, 2.0, 0.0, 5.0, 0.0], [-259.0, 55.0], True),
        ("zdt1", [0.25, 0.0, 0.0, 0.0], [0.25, 0.5], True),
        ("zdt2", [0.5, 0.0, 0.0, 0.0], [0.5, 0.75], True),
        ("zdt3", [0.0, 0.0, 0.0, 0.0], [0.0, 1.0], True),
        ("dtlz2", [0.5, 0.5, 0.5, 0.5, 0.5], [0.5, 0.5, np.sqrt(0.5)], True),
        ("c2dtlz2", [0.5, 0.5, 0.5, 0.5], [np.sqrt(0.5)] * 2, True),
        ("c2dtlz2", [0.25, 0.5, 0.5, 0.5], [np.cos(np.pi / 8), np.sin(np.pi / 8)], False),
        ("branin_currin", [0.12389382, 0.81833333], [0.397887, 5.686], True),
        ("welded_beam", [0.20573, 3.4705, 9.0367, 0.2058], [1.7249], True),
    ],
)
def test_published_points(
    task: str, x: list[float], values: list[float], is_feasible: bool
) -> None:
    ours, constraints = OUTPUTS_TASKS[task].evaluate(np.array(x))
    np.testing.assert_allclose(ours, values, rtol=2e-3)
    # The optimum lies on its constraints, published to five digits.
    assert (max(constraints, default=0.0) <= 20.0 * (task == "welded_beam")) == is_feasible


def test_the_source_is_the_problem_moved() -> None:
    task = OUTPUTS_TASKS["bnh"]
    moved = np.array([2.0 + 0.06 * 5.0, 1.0 - 0.06 * 3.0])
    values, constraints = task.evaluate(moved)
    ours, held = task.source.evaluate(np.array([2.0, 1.0]))
    np.testing.assert_allclose(ours, 1.3 * np.array(values) + 0.1 * task.reference)
    np.testing.assert_allclose(held, 1.3 * np.array(constraints))


def test_score_counts_feasible_trials() -> None:
    task = OUTPUTS_TASKS["bnh"]
    study = optuna.create_study(directions=["minimize"] * 2)
    for values, c in (([40.0, 40.0], 1.0), ([40.0, 40.0], -1.0), ([139.0, 10.0], 0.0)):
        study.add_trial(optuna.create_trial(values=values, system_attrs={"constraints": [c]}))
    assert score(task, study) == [0.0, 1000.0, 1030.0]


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--tasks", "bnh", "--methods", "scaleup", "--seeds", "0", "--n-trials", "5"]
    assert main(["outputs", "--out", str(tmp_path), *arguments]) == 0
    assert "bnh" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "outputs.csv")) == 5
