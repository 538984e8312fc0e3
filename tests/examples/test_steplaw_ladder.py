"""The ladder of language models: what it says without data, and the formula it compares with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


pytest.importorskip("plotly", reason="the example draws with plotly")
pytest.importorskip("threadpoolctl", reason="the example needs threadpoolctl")

import steplaw_ladder


def test_missing_data_is_told_in_one_line(tmp_path: Path) -> None:
    script = Path(steplaw_ladder.__file__)
    command = [sys.executable, str(script), "--data", str(tmp_path / "no.csv")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "no.csv" in line
    assert "step-law/steplaw" in line
    assert "--data" in line


def test_runs_are_read_by_setting(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(
        "model,N,D,lr,bs,loss\n"
        "dense,214663680,4000000000,0.001,64,2.7\n"
        "1in8,214663680,4000000000,0.002,64,2.9\n"
        "dense,214663680,4000000000,0.003,128,2.5\n"
        "dense,1073741824,20000000000,0.001,256,2.2\n",
        encoding="utf-8",
    )
    settings = steplaw_ladder.read_runs(path)
    assert list(settings) == [(215, 4.0), (1074, 20.0)]
    assert settings[215, 4.0] == {"lr": [0.001, 0.003], "bs": [64, 128], "loss": [2.7, 2.5]}
    assert steplaw_ladder.best_run(settings[215, 4.0])["bs"] == 128


def test_the_surface_goes_through_a_plane_of_runs() -> None:
    rng = np.random.default_rng(0)
    lr, bs = 2.0 ** rng.uniform(-10, -6, 40), 2.0 ** rng.uniform(5, 10, 40)
    loss = 1.99 + np.exp(0.3 * np.log2(lr) + 0.2 * np.log2(bs))
    loss += 0.01 - (loss.min() - 2.0)  # the least loss is 2.01
    surface = steplaw_ladder.Surface({"lr": [*lr], "bs": [*bs], "loss": [*loss]})
    fitted = [surface({"lr": a, "bs": b}) for a, b in zip(lr, bs, strict=True)]
    np.testing.assert_allclose(fitted, loss, atol=0.02)
