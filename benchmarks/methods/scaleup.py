"""The sampler under test, with every source from small to large and the sizes where known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.samplers import BaseSampler
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import Session
from benchmarks.methods.method import StudySession
from benchmarks.tasks import Task
from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source


def _start(task: Task, sources: Sequence[Study], seed: int) -> Session:
    return StudySession(task, scaleup_sampler(task, sources, seed))


def _start_cold(task: Task, sources: Sequence[Study], seed: int) -> Session:
    return StudySession(task, ScaleUpSampler(seed=seed))


def scaleup_sampler(
    task: Task, sources: Sequence[Study], seed: int, **options: Any
) -> BaseSampler:
    """Our sampler with its sources, and their sizes where the task knows them."""
    if task.scale is None:
        return ScaleUpSampler(sources, seed=seed, **options)
    sized = [
        Source(study, scale=surface.scale)
        for study, surface in zip(sources, task.sources, strict=True)
    ]
    return ScaleUpSampler(sized, scale=task.scale, seed=seed, **options)


METHOD = Method("scaleup", "ScaleUpSampler with the sources", _start, is_ours=True)
METHOD_COLD = Method("scaleup_cold", "ScaleUpSampler without source", _start_cold, is_ours=True)
