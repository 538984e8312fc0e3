"""The largest source's configurations from best to worst, then random ones."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.samplers import RandomSampler
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import Session
from benchmarks.methods.method import StudySession
from benchmarks.methods.source_params import best_source_params
from benchmarks.tasks import Task


def _start(task: Task, sources: Sequence[Study], seed: int) -> Session:
    return StudySession(task, RandomSampler(seed=seed), best_source_params(task, sources))


METHOD = Method("best_k", "the source's configurations in order, best first", _start)
