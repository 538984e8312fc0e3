"""The network for the table: rows parted once, architectures of 2 to 4 layers, failures clear."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest


pytest.importorskip("torch", reason="the example trains with PyTorch")
pytest.importorskip("matplotlib", reason="the example draws")

import fetal_health


def tell(told: dict[int, float], loss: float, epoch: int) -> None:
    told[epoch] = loss


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """100 rows of noise; only the first feature tells the class."""
    rng = np.random.default_rng(0)
    classes = rng.choice([1.0, 2.0, 3.0], size=100, p=[0.5, 0.25, 0.25])
    features = rng.normal(size=(100, 21))
    features[:, 0] = 100 + 10 * classes
    path = tmp_path / "table.csv"
    np.savetxt(path, np.column_stack([features, classes]), delimiter=",", header="h")
    return path


def test_rows_are_parted_and_standardised_on_the_training_rows(table: Path) -> None:
    train, valid, test = fetal_health.load_rows(table)
    assert [len(part[0]) for part in (train, valid, test)] == [60, 20, 20]
    np.testing.assert_allclose(train[0].mean(dim=0), np.zeros(21), atol=1e-5)
    assert set(train[1].tolist()) == {0, 1, 2}


def test_it_learns_and_never_reports_worse_than_guessing(table: Path) -> None:
    train, valid, _ = fetal_health.load_rows(table)
    scale = fetal_health.Scale(n_rows=None, n_epochs=30)
    sane = fetal_health.Settings((16, 16), 16, "Adam", 0.01, 0.0, is_cosine=True)
    for settings, learns in ((sane, True), (replace(sane, learning_rate=1e6), False)):
        told: dict[int, float] = {}
        _, loss = fetal_health.train_network(
            settings, scale, train, valid, seed=0, report=partial(tell, told)
        )
        assert list(told) == list(range(30))
        assert told[29] == loss
        assert (loss < 0.8) == learns
        assert max(told.values()) <= math.log(3)


def test_the_architecture_is_defined_while_it_runs() -> None:
    params: dict[str, Any] = {"num_layers": 3, "n_units_0": 64, "n_units_1": 32, "n_units_2": 16}
    params |= {"batch_size": 32, "learning_rate": 0.1, "weight_decay": 1e-3}
    trial = optuna.trial.FixedTrial({**params, "optimizer": "Adam", "cosine_schedule": True})
    settings = fetal_health.STEPS["architecture"](trial)  # type: ignore[arg-type]
    assert settings.layer_sizes == (64, 32, 16)
    widths = [layer.out_features for layer in fetal_health.build(settings.layer_sizes)[::2]]
    assert widths == [64, 32, 16, 3]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no_such"):
        fetal_health.read_table(tmp_path / "no_such.csv")
