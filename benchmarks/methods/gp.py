"""Optuna's GPSampler as it comes, without the source."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.samplers import GPSampler
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import Session
from benchmarks.methods.method import StudySession
from benchmarks.tasks import Task


def _start(task: Task, sources: Sequence[Study], seed: int) -> Session:
    return StudySession(task, GPSampler(seed=seed))


METHOD = Method("gp_cold", "GPSampler, no source", _start, needs=("torch",))
