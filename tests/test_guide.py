"""The code blocks of the user guide run, page by page, in the order in which they stand."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import optuna
import pytest

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source


PAGES = sorted((Path(__file__).parents[1] / "docs" / "guide").glob("*.md"))


def train(lr: float, dropout: float, n_epochs: int) -> float:
    """A loss whose best learning rate falls with the epochs."""
    return (math.log10(lr) + 2.0 + 0.01 * n_epochs) ** 2 + dropout


def train_small(trial: optuna.Trial) -> float:
    return train(trial.suggest_float("lr", 1e-5, 1.0, log=True), 0.1, 2)


def train_large(trial: optuna.Trial) -> float:
    return train(trial.suggest_float("lr", 1e-5, 1.0, log=True), 0.1, 50)


def a_study() -> optuna.Study:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(train_small, n_trials=6)
    return study


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page.stem == "outputs" and not hasattr(optuna.Trial, "set_constraint"):
        pytest.skip("Trial.set_constraint came with Optuna 5")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {
        # What the guide leaves to its reader.
        "optuna": optuna,
        "ScaleUpSampler": ScaleUpSampler,
        "train": train,
        "train_small": train_small,
        "train_large": train_large,
        "Source": Source,
        "small": a_study(),
        "medium": a_study(),
        "study_small": a_study(),
        "study_medium": a_study(),
    }
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        exec(re.sub(r"n_trials=\d\d", "n_trials=4", block), names)
