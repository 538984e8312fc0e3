"""Spaces of several kinds: floats, integers, steps and choices together, and conditional ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from benchmarks.tasks.synthetic.landscape import Bowl
from benchmarks.tasks.synthetic.landscape import random_bowl
from benchmarks.tasks.synthetic.made import MadeSource
from benchmarks.tasks.synthetic.made import MadeTask
from benchmarks.tasks.synthetic.made import to_task
from benchmarks.tasks.synthetic.spaces import unit_position
from benchmarks.tasks.task import Array
from benchmarks.tasks.task import Condition
from benchmarks.tasks.task import Task


SHIFT = 0.1
PENALTIES = (0.25, 0.0, 0.1)  # Of the three choices; the second is the best.

MIXED_SPACE: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(1e-5, 1e-1, log=True),
    "dropout": FloatDistribution(0.0, 0.5, step=0.05),
    "batch_size": IntDistribution(8, 512, log=True),
    "n_layers": IntDistribution(1, 6),
    "activation": CategoricalDistribution(("relu", "gelu", "tanh")),
}
CONDITIONAL_SPACE: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(1e-5, 1e-1, log=True),
    "weight_decay": FloatDistribution(1e-6, 1e-1, log=True),
    "optimizer": CategoricalDistribution(("sgd", "adam", "lion")),
    "momentum": FloatDistribution(0.0, 0.99),
    "beta2": FloatDistribution(0.9, 0.999),
}
CONDITIONS = {
    "momentum": Condition("optimizer", ("sgd",)),
    "beta2": Condition("optimizer", ("adam", "lion")),
}


@dataclass(frozen=True)
class WithChoice:
    """A bowl over the numeric axes plus a penalty for each choice."""

    bowl: Bowl
    choice_axis: int
    penalties: tuple[float, ...]

    def __call__(self, U: Array) -> Array:
        numeric = np.delete(U, self.choice_axis, axis=1)
        penalties = np.array(self.penalties)[U[:, self.choice_axis].astype(int)]
        return np.asarray(self.bowl(numeric) + penalties)


def mixed_task(task_id: str, rng: np.random.Generator) -> Task:
    """Five parameters of five kinds; the optimum moves, the best choice stays."""
    return _moved_optimum(task_id, "mixed", rng, MIXED_SPACE, "activation")


def conditional_task(task_id: str, rng: np.random.Generator) -> Task:
    """Momentum exists for one optimizer only, beta2 for the others, of which one is the best."""
    return _moved_optimum(
        task_id, "conditional", rng, CONDITIONAL_SPACE, "optimizer", CONDITIONS, {"momentum": 0.5}
    )


def _moved_optimum(
    task_id: str,
    family: str,
    rng: np.random.Generator,
    search_space: dict[str, BaseDistribution],
    choice: str,
    conditions: dict[str, Condition] | None = None,
    fixed_centers: dict[str, float] | None = None,
) -> Task:
    numeric = [name for name in search_space if name != choice]
    bowl = random_bowl(len(numeric), rng)
    center = np.array(
        [
            (fixed_centers or {}).get(name, _legal(search_space[name], u))
            for name, u in zip(numeric, bowl.center, strict=True)
        ]
    )
    target = Bowl(center, bowl.curvatures, bowl.rotation)
    moves = rng.choice([-1.0, 1.0], len(numeric)) * SHIFT
    axis = list(search_space).index(choice)
    made = MadeTask(
        WithChoice(target, axis, PENALTIES),
        (MadeSource(WithChoice(target.moved(moves, level=0.5), axis, PENALTIES)),),
    )
    return to_task(task_id, family, made, search_space, conditions)


def _legal(distribution: BaseDistribution, u: float) -> float:
    """The place of the legal value nearest to ``u``, so that the known best can be reached."""
    places: Sequence[float] = ()
    if isinstance(distribution, IntDistribution):
        values = range(distribution.low, distribution.high + 1, distribution.step)
        places = [unit_position(distribution, v) for v in values]
    elif isinstance(distribution, FloatDistribution) and distribution.step is not None:
        n_steps = round((distribution.high - distribution.low) / distribution.step)
        places = [i / n_steps for i in range(n_steps + 1)]
    return min(places, key=lambda place: abs(place - u), default=u)
