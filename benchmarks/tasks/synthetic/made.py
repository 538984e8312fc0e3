"""From made landscapes to a :class:`~benchmarks.tasks.Task`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from optuna.distributions import BaseDistribution
from scipy.stats import spearmanr

from benchmarks.tasks.synthetic.landscape import Landscape
from benchmarks.tasks.synthetic.spaces import OnParams
from benchmarks.tasks.task import Condition
from benchmarks.tasks.task import SourceTask
from benchmarks.tasks.task import Surface
from benchmarks.tasks.task import Task
from benchmarks.tasks.task import random_median


N_RHO_CONFIGURATIONS = 500


@dataclass(frozen=True)
class MadeSource:
    """A source's landscape and, where sizes matter, its size."""

    landscape: Landscape
    size: float | None = None


@dataclass(frozen=True)
class MadeTask:
    """Landscapes of a target and its sources; the target's exact minimum is 0.

    Attributes:
        target: As observed; ``NaN`` where a trial fails.
        sources: Small to large.
        target_size: Size of the target where sizes matter.
        noise_free: The target's exact values if ``target`` is noisy or fails somewhere.
    """

    target: Landscape
    sources: tuple[MadeSource, ...]
    target_size: float | None = None
    noise_free: Landscape | None = None


def to_task(
    task_id: str,
    family: str,
    made: MadeTask,
    search_space: dict[str, BaseDistribution],
    conditions: Mapping[str, Condition] | None = None,
) -> Task:
    """Puts landscapes on a search space."""

    def surface(name: str, landscape: Landscape, size: float | None) -> Surface:
        return Surface(
            name=name,
            search_space=search_space,
            evaluate_many=OnParams(landscape, search_space),
            scale=None if size is None else {"size": size},
            conditions=conditions or {},
        )

    exact = made.noise_free or made.target
    target = surface(task_id, made.target, made.target_size)
    sources = (
        surface(f"{task_id} source {i}", source.landscape, source.size)
        for i, source in enumerate(made.sources)
    )
    return Task(
        **vars(target),
        id=task_id,
        family=family,
        direction="minimize",
        best=0.0,
        median=random_median(surface(task_id, exact, None)),
        sources=tuple(SourceTask(**vars(s), rho=_rho(target, s)) for s in sources),
        noise_free_many=OnParams(exact, search_space),
    )


def unit_ball_radius(n_dims: int, volume: float) -> float:
    """Radius of the ``n_dims``-dimensional ball of that volume."""
    log_volume_of_one = 0.5 * n_dims * math.log(math.pi) - math.lgamma(0.5 * n_dims + 1)
    return math.exp((math.log(volume) - log_volume_of_one) / n_dims)


def _rho(target: Surface, source: Surface) -> float:
    params = target.random_params(N_RHO_CONFIGURATIONS, seed=0)
    values = target.evaluate_many(params), source.evaluate_many(params)
    return float(spearmanr(*values, nan_policy="omit").statistic)
