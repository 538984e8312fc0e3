"""What the examples share: the best so far in both directions, one row a sampler."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import optuna
import pytest


pytest.importorskip("plotly", reason="the examples draw with plotly")

import _common
import _compare


def study_of(values: Sequence[float], direction: _common.Direction) -> optuna.Study:
    study = optuna.create_study(direction=direction)
    study.add_trials([optuna.create_trial(value=value) for value in values])
    return study


def test_best_after_knows_the_direction() -> None:
    values = [2.0, 1.0, 3.0]
    assert [_common.best_after(study_of(values, "minimize"), k) for k in (1, 2, 3)] == [2, 1, 1]
    assert [_common.best_after(study_of(values, "maximize"), k) for k in (1, 2, 3)] == [2, 2, 3]


def test_trials_until_knows_the_direction() -> None:
    values = [2.0, 1.0, 3.0]
    assert _common.trials_until(study_of(values, "minimize"), 1.5) == 2
    assert _common.trials_until(study_of(values, "maximize"), 2.5) == 3
    assert _common.trials_until(study_of(values, "minimize"), 0.5) == math.inf


def test_progress_table_averages_the_seeds() -> None:
    studies = {"A": [study_of([3.0, 1.0], "minimize"), study_of([5.0, 1.0], "minimize")]}
    table = _compare.progress_table(studies, 2, value="loss", digits=1)
    assert table.splitlines()[-1] == "| A               | 4.0 ± 1.4 | 1.0 ± 0.0 |"


def test_a_study_of_one_trial_keeps_its_best() -> None:
    studies = {_compare.ZERO_SHOT: [study_of([3.0], "minimize")]}
    figure = _compare.progress_figure(studies, 4, value="loss")
    assert list(figure.data[0].y) == [3.0] * 4


def test_the_large_studies_continue(tmp_path: Path) -> None:
    flags = ["--out", str(tmp_path), "--n-large", "2"]
    for n_trials in (2, 3):
        flags[-1] = str(n_trials)
        options = _common.parse_options("", out="", n_small=1, n_large=1, quick=(1, 1), argv=flags)
        large = _compare.run_large(
            options,
            lambda trial: trial.suggest_float("x", 0, 1),
            {"random": lambda seed: optuna.samplers.RandomSampler(seed=seed)},
            seed=0,
            zero_shot={"x": 0.25},
        )
        assert {name: len(study.trials) for name, study in large.items()} == {
            "random": n_trials,
            _compare.ZERO_SHOT: 1,
        }
    assert large[_compare.ZERO_SHOT].best_value == 0.25
