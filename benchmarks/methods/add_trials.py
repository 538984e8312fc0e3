"""All source trials added to the target study as if they were its own, then GPSampler."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.samplers import GPSampler
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import Session
from benchmarks.methods.method import StudySession
from benchmarks.tasks import Task


def _start(task: Task, sources: Sequence[Study], seed: int) -> Session:
    trials = [trial for source in sources for trial in source.trials]
    return StudySession(task, GPSampler(seed=seed), added=trials)


METHOD = Method(
    "add_trials",
    "source trials added to the target study, then GPSampler",
    _start,
    needs=("torch",),
)
