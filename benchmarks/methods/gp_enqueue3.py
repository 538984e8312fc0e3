"""GPSampler with the best three configurations of the largest source enqueued."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.samplers import GPSampler
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import Session
from benchmarks.methods.method import StudySession
from benchmarks.methods.source_params import best_source_params
from benchmarks.tasks import Task


def _start(task: Task, sources: Sequence[Study], seed: int) -> Session:
    return StudySession(task, GPSampler(seed=seed), best_source_params(task, sources, 3))


METHOD = Method("gp_enqueue3", "GPSampler, the source's best 3 enqueued", _start, needs=("torch",))
