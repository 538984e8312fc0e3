"""A pair of trainings as a task: what is trained, how large it is, and how it is judged."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution

from benchmarks.tasks.task import Array
from benchmarks.tasks.task import Params
from benchmarks.tasks.task import SourceTask
from benchmarks.tasks.task import Surface
from benchmarks.tasks.task import Task
from benchmarks.tasks.trainings.datasets import load_split
from benchmarks.tasks.trainings.learners import Size


FAMILY = "trainings"
_NOT_SIZES = ("dataset", "low")


@dataclass(frozen=True)
class Training:
    """A pair of trainings.

    Attributes:
        dataset: See :func:`load_split`.
        learner: Parameters and size to an estimator.
        metric: Of the estimator on the rows to judge by, smaller is better.
        space: The parameters.
        small: Size of the small training; ``dataset`` where it has another one.
        large: Size of the large one.
        best: Least value of 500 random configurations and of all runs of RESULTS.md.
        median: Median of these 500 configurations.
        rho: Rank correlation of small and large over them.
    """

    dataset: str
    learner: Callable[[Params, Size], Any]
    metric: Callable[[Any, Array, Array], float]
    space: Mapping[str, BaseDistribution]
    small: Size
    large: Size
    best: float
    median: float
    rho: float

    def task(self, task_id: str) -> Task:
        """The task of that name."""
        return Task(
            **vars(self._surface(f"{task_id} large", self.large)),
            id=task_id,
            family=FAMILY,
            direction="minimize",
            best=self.best,
            median=self.median,
            sources=(
                SourceTask(**vars(self._surface(f"{task_id} small", self.small)), rho=self.rho),
            ),
        )

    def _surface(self, name: str, size: Size) -> Surface:
        objective = _Objective(self, size)
        return Surface(
            name=name,
            search_space=dict(self.space),
            evaluate_many=objective,
            scale={what: n for what, n in size.items() if what not in _NOT_SIZES},
        )


class _Objective:
    """Trains and judges; what cannot be trained has failed."""

    def __init__(self, training: Training, size: Size) -> None:
        self._training = training
        self._size = size

    def __call__(self, params: Sequence[Params]) -> Array:
        return np.array([self._train(p) for p in params])

    def _train(self, params: Params) -> float:
        split = load_split(self._size.get("dataset", self._training.dataset))
        rows = slice(self._size["rows"])
        model = self._training.learner(params, self._size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # short trainings do not converge
            try:
                model.fit(split.X[rows], split.y[rows])
                value = self._training.metric(model, split.X_val, split.y_val)
            except ValueError:  # weights or predictions that are not finite
                return float("nan")
        return value if np.isfinite(value) else float("nan")
