"""Simulated workers share one study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from benchmarks.__main__ import main
from benchmarks.methods import Method
from benchmarks.methods import Session
from benchmarks.methods.method import StudySession
from benchmarks.parallel import batch_sizes
from benchmarks.parallel import run_batches
from benchmarks.parallel import run_workers
from benchmarks.tasks import Task
from benchmarks.tasks.synthetic import build_synthetic


class _CountingSampler(RandomSampler):
    """Random search that notes how many other trials run at each suggestion."""

    n_running: list[int]

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        self.n_running.append(len(running) - 1)
        super().before_trial(study, trial)


class _Counting:
    """A method that notes how many others run at each suggestion."""

    def __init__(self) -> None:
        self.sampler = _CountingSampler(seed=0)
        self.sampler.n_running = []

    def start(self, task: Task, sources: Sequence[Study], seed: int) -> Session:
        return StudySession(task, self.sampler)


@pytest.mark.parametrize("n_workers", [1, 3])
def test_workers_overlap(n_workers: int) -> None:
    counting = _Counting()
    method = Method("m", "", counting.start)
    regrets = run_workers(method, build_synthetic("shift_2d"), [], 0, n_workers, n_trials=7)
    assert len(regrets) == 7
    assert regrets == sorted(regrets, reverse=True)
    expected = [*range(n_workers), *[n_workers - 1] * (7 - n_workers)]
    assert counting.sampler.n_running == expected
    assert optuna.logging.get_verbosity() >= optuna.logging.WARNING


def test_a_batch_starts_after_the_one_before() -> None:
    counting = _Counting()
    method = Method("m", "", counting.start)
    regrets = run_batches(method, build_synthetic("shift_2d"), [], 0, batch_sizes("2x1+3+2"))
    assert len(regrets) == 7
    assert regrets == sorted(regrets, reverse=True)
    assert counting.sampler.n_running == [0, 0, 0, 1, 2, 0, 1]


@pytest.mark.parametrize("text", ["a", "3x", "x4", "-1", "2+", "1.5", "0"])
def test_what_is_no_batch_is_said(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["parallel", "--out", str(tmp_path), "--tasks", "shift_2d", "--methods", "random"]
    assert main([*command, "--seeds", "0", "--workers", "1", text]) == 2
    said = capsys.readouterr().err
    assert repr(text) in said
    assert "run" not in said  # nothing ran before


def test_processes_do_not_change_the_result(tmp_path: Path) -> None:
    tables = []
    for n_jobs in ("1", "2"):
        out = tmp_path / n_jobs
        command = ["parallel", "--out", str(out), "--tasks", "shift_2d", "--methods", "random"]
        workers = ["--workers", "1", "2", "1+2"]
        options = ["--seeds", "0", "--n-trials", "4", "--jobs", n_jobs]
        assert main([*command, *workers, *options]) == 0
        tables.append((out / "parallel.csv").read_text())
    assert tables[0] == tables[1]
