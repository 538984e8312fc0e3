"""What a task is: a deterministic objective, its cheap sources, and the yardstick of regret."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Literal

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.trial import BaseTrial

from benchmarks.tasks.random_params import draw_params
from benchmarks.tasks.suggest_value import suggest_value


Params = Mapping[str, Any]
Array = np.ndarray
Direction = Literal["minimize", "maximize"]
BatchObjective = Callable[[Sequence[Params]], Array]

N_MEDIAN_CONFIGURATIONS = 4000


@dataclass(frozen=True)
class Condition:
    """A parameter is active only while ``parent`` has one of ``values``."""

    parent: str
    values: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One deterministic objective over one search space.

    Attributes:
        name: What it is, for people.
        search_space: Distributions in a fixed order; parents before their children.
        evaluate_many: Raw metric of each configuration, shape ``(n,)``; ``NaN`` of one that fails.
        scale: Sizes of the training job (positive numbers by name) where known.
        cost_many: Cost of training each configuration in a unit of the surface's own (seconds,
            floating-point operations) where known, shape ``(n,)``.
        conditions: When a parameter is active; the others always are.
        curves_many: Raw metric after each epoch, shape ``(n, n_epochs)``, where known; the last
            column is that of ``evaluate_many``.
    """

    name: str
    search_space: dict[str, BaseDistribution]
    evaluate_many: BatchObjective
    scale: Mapping[str, float] | None = None
    cost_many: BatchObjective | None = None
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    curves_many: BatchObjective | None = None

    def evaluate(self, params: Params) -> float:
        """Raw metric of one configuration."""
        return float(self.evaluate_many([params])[0])

    def cost(self, params: Params) -> float | None:
        """Cost of training one configuration; :obj:`None` where it is not known."""
        return None if self.cost_many is None else float(self.cost_many([params])[0])

    def is_active(self, name: str, params: Params) -> bool:
        """Whether ``name`` belongs to a configuration whose parents are in ``params``."""
        condition = self.conditions.get(name)
        return condition is None or params.get(condition.parent) in condition.values

    def suggest(self, trial: BaseTrial) -> dict[str, Any]:
        """Asks a trial for every active parameter, define-by-run."""
        params: dict[str, Any] = {}
        for name, distribution in self.search_space.items():
            if self.is_active(name, params):
                params[name] = suggest_value(trial, name, distribution)
        return params

    def random_params(self, n_params: int, seed: int) -> list[dict[str, Any]]:
        """Configurations drawn uniformly on each parameter's own (log) scale."""
        rng = np.random.default_rng(seed)
        drawn = draw_params(self.search_space, n_params, rng)
        return [{k: v for k, v in p.items() if self.is_active(k, p)} for p in drawn]


@dataclass(frozen=True, kw_only=True)
class SourceTask(Surface):
    """A cheap surface that is studied first; ``rho`` is its rank correlation with the target."""

    rho: float


@dataclass(frozen=True, kw_only=True)
class Task(Surface):
    """An expensive target and its sources, small to large.

    Attributes:
        id: Short unique name.
        family: Group of tasks that the report averages over.
        direction: ``"minimize"`` or ``"maximize"``.
        best: Best known value.
        median: Value of a median random configuration.
        sources: Small to large.
        noise_free_many: Exact values where ``evaluate_many`` is noisy or fails; they make regret.
    """

    id: str
    family: str
    direction: Direction
    best: float
    median: float
    sources: tuple[SourceTask, ...]
    noise_free_many: BatchObjective | None = None

    @property
    def sign(self) -> float:
        """Factor that makes larger better."""
        return 1.0 if self.direction == "maximize" else -1.0

    def noise_free(self, params: Params) -> float:
        """Exact value of one configuration."""
        return float((self.noise_free_many or self.evaluate_many)([params])[0])

    def regret(self, value: float) -> float:
        """Normalised regret: 0 at the best known value, 1 at a median random configuration."""
        return (value - self.best) / (self.median - self.best)


def random_median(surface: Surface) -> float:
    """Median value of 4,000 random configurations, seed 0."""
    params = surface.random_params(N_MEDIAN_CONFIGURATIONS, seed=0)
    return float(np.median(surface.evaluate_many(params)))


def task_of(
    spec: Mapping[str, Any],
    target: Surface,
    sources: Sequence[Surface],
    direction: Direction,
    median: float,
) -> Task:
    """The task of one entry of ``tasks.json``, its surfaces built."""
    return Task(
        **vars(target),
        id=spec["id"],
        family=spec["family"],
        direction=direction,
        best=spec["best"],
        median=median,
        sources=tuple(
            SourceTask(**vars(source), rho=rho)
            for source, rho in zip(sources, spec["rho"], strict=True)
        ),
    )
