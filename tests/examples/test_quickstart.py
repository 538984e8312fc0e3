"""The quickstart runs, continues what it stored, and its page opens offline."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import optuna
import pytest


QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.py"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def run(out: Path, *flags: str) -> str:
    """Runs the quickstart's quick form; its standard output."""
    command = [sys.executable, str(QUICKSTART), "--quick", "--out", str(out), *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def n_trials(out: Path, name: str) -> int:
    study = optuna.load_study(study_name=name, storage=f"sqlite:///{out / 'studies.db'}")
    return len(study.trials)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("quickstart")
    return out, run(out)


def test_prints_a_table(first_run: tuple[Path, str]) -> None:
    _, printed = first_run
    for row in ("small", "large, ScaleUpSampler(small)", "large, TPESampler"):
        # trials, pruned, best, accuracy, seconds
        assert re.search(rf"^\| {re.escape(row)} +(\| +[\d.]+ +){{5}}\|$", printed, re.M)


def test_both_studies_are_in_one_storage(first_run: tuple[Path, str]) -> None:
    out, _ = first_run
    assert n_trials(out, "small, seed 0") == 8
    assert n_trials(out, "large, ScaleUpSampler(small), seed 0") == 4


def test_a_second_run_continues(first_run: tuple[Path, str]) -> None:
    out, _ = first_run
    printed = run(out, "--n-large", "5")
    assert "large, ScaleUpSampler(small), seed 0: 4 of 5 trials stored" in printed
    assert n_trials(out, "small, seed 0") == 8
    assert n_trials(out, "large, ScaleUpSampler(small), seed 0") == 5


def test_page_draws_in_a_browser(first_run: tuple[Path, str], tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    out, _ = first_run
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    dom = subprocess.run(
        [
            CHROMIUM,
            *flags,
            f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            (out / "report.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    n_figures = len(re.findall(r"<h3>", dom))
    assert n_figures == 13  # the samplers' progress, and six plots of each study
    # Plotly adds this class to a figure's element once it has drawn it.
    assert dom.count("plotly-graph-div js-plotly-plot") == n_figures
