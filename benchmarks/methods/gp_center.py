"""GPSampler whose first trial is the centre of the space: people centre it on a good guess."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.distributions import CategoricalDistribution
from optuna.samplers import GPSampler
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import Session
from benchmarks.methods.method import StudySession
from benchmarks.tasks import Task
from benchmarks.tasks.random_params import at_quantile


def _start(task: Task, sources: Sequence[Study], seed: int) -> Session:
    # Choices have no centre: the sampler draws them.
    center = {
        name: at_quantile(distribution, 0.5)
        for name, distribution in task.search_space.items()
        if not isinstance(distribution, CategoricalDistribution)
    }
    return StudySession(task, GPSampler(seed=seed), enqueued=[center])


METHOD = Method(
    "gp_center", "GPSampler, first trial at the centre of the space", _start, needs=("torch",)
)
