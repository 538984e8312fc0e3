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


def _overlaps(n_workers: int, n_alone: int = 0) -> list[int]:
    """How many others run at each of seven suggestions."""
    sampler = _CountingSampler(seed=0)
    sampler.n_running = []

    def start(task: Task, sources: Sequence[Study], seed: int) -> Session:
        return StudySession(task, sampler)

    task = build_synthetic("shift_2d")
    method = Method("m", "", start)
    regrets = run_workers(method, task, [], 0, n_workers, n_trials=7, n_alone=n_alone)
    assert len(regrets) == 7
    assert regrets == sorted(regrets, reverse=True)
    return sampler.n_running


@pytest.mark.parametrize("n_workers", [1, 3])
def test_workers_overlap(n_workers: int) -> None:
    expected = [*range(n_workers), *[n_workers - 1] * (7 - n_workers)]
    assert _overlaps(n_workers) == expected
    assert optuna.logging.get_verbosity() >= optuna.logging.WARNING


def test_others_start_when_one_has_worked_alone() -> None:
    assert _overlaps(n_workers=3, n_alone=4) == [0, 0, 0, 0, 0, 1, 2]


def test_processes_do_not_change_the_result(tmp_path: Path) -> None:
    tables = []
    for n_jobs in ("1", "2"):
        out = tmp_path / n_jobs
        command = ["parallel", "--out", str(out), "--tasks", "shift_2d", "--methods", "random"]
        options = ["--workers", "1", "2", "--seeds", "0", "--n-trials", "4", "--jobs", n_jobs]
        assert main([*command, *options]) == 0
        tables.append((out / "parallel.csv").read_text())
    assert tables[0] == tables[1]
