"""What the README prints can be run."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from optuna_scaleup import ScaleUpSampler


README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def code_blocks(text: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def objective(trial: optuna.Trial) -> float:
    return (math.log10(trial.suggest_float("lr", 1e-4, 10, log=True)) + 2.0) ** 2


def reporting(trial: optuna.Trial) -> float:
    value = objective(trial)
    trial.report(value, step=0)
    return value


def finished_study() -> optuna.Study:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=4)
    return study


def test_two_commands_are_two_lines() -> None:
    section = README.partition("\n## Two commands\n")[2]
    run, test = code_blocks(section)[0].splitlines()
    assert run.endswith("examples/quickstart.py")
    assert test.endswith("-m pytest -n 2")


def test_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    use, with_pruner, *ladder, carry_over = code_blocks(README, "python")
    names: dict[str, Any] = {
        "train_small_model": objective,
        "train_large_model": objective,
        "ScaleUpSampler": ScaleUpSampler,
        "optuna": optuna,
        "X_iters_small": np.array([[1e-3], [1e-1], [1.0]]),
        "Y_iters_small": np.array([1.0, 1.0, 4.0]),
        "study_60m": finished_study(),
        "study_200m": finished_study(),
    }
    exec(re.sub(r"n_trials=\d+", "n_trials=3", use), names)
    assert len(names["large"].trials) == 3
    exec(with_pruner, names)
    study = optuna.create_study(sampler=names["sampler"], pruner=optuna.pruners.MedianPruner())
    study.optimize(reporting, n_trials=1)
    for block in (*ladder, carry_over):
        exec(block, names)
        study = optuna.create_study(sampler=names["sampler"])
        study.optimize(objective, n_trials=1)
