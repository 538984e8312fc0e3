"""Ladders of small studies whose optimum drifts by a known power law, made by the project.

Every parameter has a range of two decades and a best value proportional to ``size ** exponent``.
The loss is a bowl in the logarithms; level and unit differ from size to size. Every value has
noise: 2 % of what a median random configuration lacks to the best. The parameters have names that
no published law speaks of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.samplers import BaseSampler
from optuna.samplers import RandomSampler
from optuna.samplers import TPESampler
from optuna.study import Study

from benchmarks.tasks.synthetic.landscape import Bowl
from benchmarks.tasks.synthetic.landscape import random_bowl
from benchmarks.tasks.task import Array
from optuna_scaleup import Source


SPACE: dict[str, BaseDistribution] = {
    "a": FloatDistribution(1e-4, 1e-2, log=True),
    "b": FloatDistribution(1e0, 1e2, log=True),
}
WIDTHS = np.array([math.log(1e2), math.log(1e2)])
SMALLEST, LARGEST, TARGET = 1e7, 1e8, 4e8  # the sources span a decade
MAX_EXPONENT = 0.5
MAX_EXTRA = 0.15  # of a random ladder, widths of the space
MARGIN = 0.05  # every optimum is that far inside the ranges
NOISE_SHARE = 0.02
N_SOURCE_TRIALS = 30
N_MEDIAN_CONFIGURATIONS = 4000
KINDS = ("law", "shuffled", "random")


@dataclass(frozen=True)
class DriftLadder:
    """A ladder of landscapes.

    Attributes:
        sizes: Of the sources, small to large.
        told_sizes: What the sampler is told of them; the same unless the ladder is a wrong one.
        exponents: Of each parameter, shape ``(d,)``.
        sources: Their landscapes.
        target: The large study's landscape; its minimum is 0.
    """

    sizes: tuple[float, ...]
    told_sizes: tuple[float, ...]
    exponents: Array
    sources: tuple[Bowl, ...]
    target: Bowl

    @property
    def optimum(self) -> dict[str, float]:
        """The best value of each parameter at the target's size."""
        return to_params(self.target.center)


def drift_ladder(
    n_sources: int, seed: int, kind: str = "law", deviation: float = 0.0
) -> DriftLadder:
    """A ladder at random.

    Args:
        n_sources: How many rungs.
        seed: Of everything.
        deviation: Standard deviation of what the law leaves open at every size, the target's
            included, widths of the space.
        kind: ``"law"``; ``"shuffled"`` tells the sizes in a wrong order; ``"random"`` moves every
            source's optimum by a random amount as well.

    Raises:
        ValueError: If there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"No such kind of ladder: {kind!r}.")
    rng = np.random.default_rng([seed, n_sources])
    exponents = rng.uniform(-MAX_EXPONENT, MAX_EXPONENT, len(SPACE))
    reach = exponents * math.log(SMALLEST / TARGET) / WIDTHS  # of the smallest optimum from here
    low = np.maximum(MARGIN, MARGIN - reach)
    high = np.minimum(1.0 - MARGIN, 1.0 - MARGIN - reach)
    bowl = random_bowl(len(SPACE), rng)
    target = replace(bowl, center=rng.uniform(low, high), ripple=0.0)
    sizes = np.geomspace(SMALLEST, LARGEST, n_sources) if n_sources > 1 else np.array([LARGEST])
    off_law = deviation * rng.standard_normal((n_sources + 1, len(SPACE)))
    extra = off_law[:-1] - off_law[-1]
    if kind == "random":
        extra = rng.uniform(-MAX_EXTRA, MAX_EXTRA, extra.shape)
    sources = [
        target.moved(
            exponents * math.log(size / TARGET) / WIDTHS + e,
            level=rng.normal(),
            gain=math.exp(rng.normal(0.0, 0.3)),
        )
        for size, e in zip(sizes, extra, strict=True)
    ]
    told = np.roll(sizes, 1) if kind == "shuffled" else sizes
    return DriftLadder(tuple(sizes), tuple(told), exponents, tuple(sources), target)


def median_excess(bowl: Bowl) -> float:
    """What a median random configuration lacks to the best."""
    U = np.random.default_rng(0).random((N_MEDIAN_CONFIGURATIONS, len(SPACE)))
    return float(np.median(bowl(U))) - bowl.level


def finished_sources(ladder: DriftLadder, seed: int, by: str = "random") -> list[Source]:
    """Finished studies of all rungs with their sizes; ``by`` is ``"random"`` or ``"tpe"``."""
    sources = []
    for i, (bowl, size) in enumerate(zip(ladder.sources, ladder.told_sizes, strict=True)):
        own_seed = 1000 * seed + i
        sampler = RandomSampler(seed=own_seed) if by == "random" else TPESampler(seed=own_seed)
        study = run_study(bowl, sampler, N_SOURCE_TRIALS, own_seed)
        sources.append(Source(study, scale=size))
    return sources


def run_study(bowl: Bowl, sampler: BaseSampler, n_trials: int, seed: int) -> Study:
    """A study of a noisy landscape."""
    study = optuna.create_study(sampler=sampler)
    noise = (
        NOISE_SHARE
        * median_excess(bowl)
        * np.random.default_rng([seed, 1]).standard_normal(n_trials)
    )
    for e in noise:
        trial = study.ask(SPACE)
        study.tell(trial, value_at(bowl, trial.params) + float(e))
    return study


def value_at(bowl: Bowl, params: Mapping[str, Any]) -> float:
    """The exact loss of one configuration."""
    return float(bowl(to_unit(params)[None])[0])


def to_unit(params: Mapping[str, Any]) -> Array:
    """Place of a configuration in the unit square."""
    values: Sequence[float] = [params[name] for name in SPACE]
    return np.array(
        [
            math.log(value / d.low) / math.log(d.high / d.low)
            for value, d in zip(values, SPACE.values(), strict=True)
            if isinstance(d, FloatDistribution)
        ]
    )


def to_params(u: Array) -> dict[str, float]:
    """The configuration at a place of the unit square or beyond."""
    return {
        name: d.low * (d.high / d.low) ** float(x)
        for (name, d), x in zip(SPACE.items(), u, strict=True)
        if isinstance(d, FloatDistribution)
    }
