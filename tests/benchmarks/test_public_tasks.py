"""The builders of the public tasks, on small files of the same form."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.suites import MissingData
from benchmarks.suites import public_tasks
from benchmarks.tasks import load_tasks


SIZES = {"N100M_D2B": (1e8, 2e9), "1in8_N400M_D8B": (4e8, 8e9)}


def _loss(lr: float, batch_size: float, level: float) -> float:
    return level + 0.1 * (math.log2(lr) + 9) ** 2 + 0.02 * (math.log2(batch_size) - 7) ** 2


def _write_steplaw(folder: Path) -> None:
    lines = ["model,N,D,lr,bs,loss"]
    for i, (name, (n_params, n_tokens)) in enumerate(SIZES.items()):
        model = "dense" if name.startswith("N") else "1in8"
        for lr in 2.0 ** np.arange(-12, -5):
            for batch_size in (32, 64, 128, 256, 512):
                loss = _loss(lr, batch_size, 3 - i)
                lines.append(f"{model},{n_params:.0f},{n_tokens:.0f},{lr},{batch_size},{loss}")
    (folder / "steplaw").mkdir()
    (folder / "steplaw" / "steplaw.csv").write_text("\n".join(lines))


def _write_tables(folder: Path) -> None:
    rng = np.random.default_rng(0)
    (folder / "tabular").mkdir()
    err = rng.random((10, 10, 3, 10, 10, 5))
    np.savez(folder / "tabular" / "nn_made.npz", err=err, train_time=err.mean(axis=-1))
    mse = rng.random((2, 2, 4, 3, 3, 6, 2, 6, 6, 4))
    np.savez(folder / "tabular" / "fcnet_made.npz", mse=mse, train_time=mse.mean(axis=-1))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    common: dict[str, Any] = {"rho": [0.5], "median": 1.0, "best": 0.0}
    small, large = SIZES
    specs = [
        {"id": "s", "family": "steplaw", "target": large, "sources": [small], **common},
        {"id": "n", "family": "nn", "dataset": "made", "target": "d3w1024", "sources": ["d1w25"]},
        {"id": "f", "family": "fcnet", "dataset": "made", "target": "w512", "sources": ["w16"]},
    ]
    (tmp_path / "tasks.json").write_text(json.dumps([common | spec for spec in specs]))
    _write_steplaw(tmp_path)
    _write_tables(tmp_path)
    return tmp_path


def test_steplaw_surface_runs_through_the_measured_losses(data_dir: Path) -> None:
    (task,) = load_tasks(data_dir, ["s"])
    assert task.scale == {"params": 4e8, "tokens": 8e9}
    assert task.sources[0].scale == {"params": 1e8, "tokens": 2e9}
    for lr, batch_size in ((2.0**-9, 128), (2.0**-8, 256), (2.0**-10, 64)):
        expected = _loss(lr, batch_size, 2.0)
        assert task.evaluate({"lr": lr, "bs": batch_size}) == pytest.approx(expected, rel=0.01)
    assert task.median > _loss(2.0**-9, 128, 2.0)


def test_steplaw_is_clipped_to_the_measured_range(data_dir: Path) -> None:
    (task,) = load_tasks(data_dir, ["s"])
    inside = task.evaluate({"lr": 2.0**-9, "bs": 512})
    assert task.evaluate({"lr": 2.0**-9, "bs": 2048}) == pytest.approx(inside)


def test_nn_looks_up_mean_error(data_dir: Path) -> None:
    (task,) = load_tasks(data_dir, ["n"])
    with np.load(data_dir / "tabular" / "nn_made.npz") as data:
        err = data["err"]
    params = {"alpha": 1, "batch_size": 2, "learning_rate": 3}
    assert task.evaluate(params) == pytest.approx(err[1, 2, 2, 3, 9].mean())
    assert task.sources[0].evaluate(params) == pytest.approx(err[1, 2, 0, 3, 1].mean())
    assert task.scale == {"width": 1024, "depth": 3}


def test_fcnet_looks_up_log_error(data_dir: Path) -> None:
    (task,) = load_tasks(data_dir, ["f"])
    with np.load(data_dir / "tabular" / "fcnet_made.npz") as data:
        mse = data["mse"]
    params = dict(zip(task.search_space, ("0", "1", 2, 1, 0, 5, "1"), strict=True))
    expected = np.log(mse[0, 1, 2, 1, 0, 5, 1, 5, 5].mean())
    assert task.evaluate(params) == pytest.approx(expected)


def test_regret_is_aware_of_the_sign(data_dir: Path) -> None:
    (task,) = load_tasks(data_dir, ["n"])
    assert task.regret(task.best) == 0
    assert task.regret(task.median) == 1


def test_unknown_task_is_named(data_dir: Path) -> None:
    with pytest.raises(ValueError, match="nosuch"):
        load_tasks(data_dir, ["s", "nosuch"])


def test_missing_data_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"tasks\.json.*--data") as caught:
        public_tasks(tmp_path)
    assert "\n" not in str(caught.value)
