"""Optuna's own warm start: ``CmaEsSampler(source_trials=...)``, numbers only."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.distributions import CategoricalDistribution
from optuna.samplers import CmaEsSampler
from optuna.study import Study

from benchmarks.methods.method import Impossible
from benchmarks.methods.method import Method
from benchmarks.methods.method import Session
from benchmarks.methods.method import StudySession
from benchmarks.tasks import Task


def _start(task: Task, sources: Sequence[Study], seed: int) -> Session:
    if any(isinstance(d, CategoricalDistribution) for d in task.search_space.values()):
        raise Impossible("CmaEsSampler has no categorical parameters")
    if not sources:
        raise Impossible("there is no source study")
    if any(t.distributions != task.search_space for t in sources[-1].trials):
        raise Impossible("source_trials must have the target's search space")
    if len(task.search_space) < 2:
        raise Impossible("CmaEsSampler needs two parameters")
    sampler = CmaEsSampler(seed=seed, source_trials=sources[-1].trials)
    return StudySession(task, sampler)


METHOD = Method("cmaes_source", "CmaEsSampler(source_trials=...)", _start, needs=("cmaes",))
