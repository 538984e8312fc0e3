"""The example on a Dask cluster of its own over PostgreSQL."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from optuna_scaleup._optuna import study_attrs
from tests.storages.places import postgresql


if importlib.util.find_spec("dask") is None:
    pytest.skip("needs Dask: the extra `examples`", allow_module_level=True)
SCRIPT = Path(__file__).parents[2] / "examples" / "distributed.py"
N_TRIALS = 6  # of either study with --quick


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--quick", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_a_local_cluster_over_postgresql(tmp_path: Path) -> None:
    with postgresql(tmp_path) as place:
        done = run("--storage", place.address, "--out", str(tmp_path))
        assert done.returncode == 0, done.stderr
        storage = place.open()
        studies = {
            summary.study_name.split(",")[0]: optuna.load_study(
                study_name=summary.study_name, storage=storage
            )
            for summary in optuna.get_all_study_summaries(storage)
        }
        assert [len(studies[name].trials) for name in ("small", "large")] == [N_TRIALS] * 2
        assert all(trial.state.is_finished() for trial in studies["large"].trials)
        points = {tuple(trial.params.values()) for trial in studies["large"].trials}
        assert len(points) == N_TRIALS
        fits = [key for key in study_attrs(studies["large"]) if "source_fit" in key]
        assert len(fits) == 1
    assert (tmp_path / "report.html").stat().st_size > 1000


def test_other_machines_cannot_reach_a_file(tmp_path: Path) -> None:
    done = run("--scheduler", "tcp://127.0.0.1:1", "--out", str(tmp_path))
    assert done.returncode == 1
    assert "give --storage a server" in done.stderr
