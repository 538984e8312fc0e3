"""How a synthetic source relates to its target: one builder a family, all on float spaces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.tasks.synthetic.landscape import Landscape
from benchmarks.tasks.synthetic.landscape import Plateau
from benchmarks.tasks.synthetic.landscape import hashed_normals
from benchmarks.tasks.synthetic.landscape import random_bowl
from benchmarks.tasks.synthetic.landscape import random_residual
from benchmarks.tasks.synthetic.landscape import scattered
from benchmarks.tasks.synthetic.made import MadeSource
from benchmarks.tasks.synthetic.made import MadeTask
from benchmarks.tasks.synthetic.made import unit_ball_radius
from benchmarks.tasks.task import Array


LADDER_SIZES = (1.0, 4.0, 16.0)
TARGET_SIZE = 64.0
SHIFT = 0.15
ROTATION = np.pi / 6
NOISE = 0.02
RESIDUAL_SHARE = 2 / 3
WORKING_SHARE = 0.15

Relation = Callable[[int, np.random.Generator], MadeTask]


def shift(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """The optimum moves by 0.15 along every axis; level and unit change."""
    target = random_bowl(n_dims, rng)
    source = target.moved(_signs(n_dims, rng) * SHIFT, level=1.0, gain=1.7)
    return MadeTask(target, (MadeSource(source, 1.0),), target_size=TARGET_SIZE)


def ladder(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """Three sources; the optimum moves evenly with the logarithm of the size."""
    target = random_bowl(n_dims, rng)
    direction = _signs(n_dims, rng)
    sources = []
    for size in LADDER_SIZES:
        distance = SHIFT * np.log(TARGET_SIZE / size) / np.log(TARGET_SIZE)
        sources.append(MadeSource(target.moved(direction * distance, level=1 / size), size))
    return MadeTask(target, tuple(sources), target_size=TARGET_SIZE)


def rotation(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """The same optimum, the axes of the bowl turned by 30 degrees."""
    target = random_bowl(n_dims, rng)
    return MadeTask(target, (MadeSource(target.rotated(ROTATION)),))


def residual(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """The source is the target plus a smooth random function of two thirds of its spread."""
    target = random_bowl(n_dims, rng)
    spread = float(np.std(target(rng.random((1000, n_dims)))))
    extra = random_residual(n_dims, RESIDUAL_SHARE * spread, rng)

    def source(U: Array) -> Array:
        return np.asarray(target(U) + extra(U))

    return MadeTask(target, (MadeSource(source),))


def unrelated(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """Another bowl altogether, its optimum far off."""
    target = random_bowl(n_dims, rng)
    other = random_bowl(n_dims, rng)
    away = np.where(target.center > 0.5, 0.1, 0.9)
    return MadeTask(target, (MadeSource(other.moved(away - other.center)),))


def opposite(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """The source is the target upside down."""
    target = random_bowl(n_dims, rng)

    def source(U: Array) -> Array:
        return -target(U)

    return MadeTask(target, (MadeSource(source),))


def permuted(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """The source's values are the target's at other places: right spread, no information."""
    target = random_bowl(n_dims, rng)
    seed = int(rng.integers(2**31))

    def source(U: Array) -> Array:
        return target(scattered(U, seed))

    return MadeTask(target, (MadeSource(source),))


def plateau(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """Most of the space fails at one bad value; the source works somewhere else."""
    bowl = random_bowl(n_dims, rng)
    radius = unit_ball_radius(n_dims, WORKING_SHARE)
    bad_value = float(np.quantile(bowl(rng.random((1000, n_dims))), 0.9))
    away = np.where(bowl.center > 0.5, -0.45, 0.45)
    target = Plateau(bowl, radius, bad_value)
    source = Plateau(bowl.moved(away), radius, bad_value)
    return MadeTask(target, (MadeSource(source),))


def noisy(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """A moved optimum under noise; regret counts the exact values."""
    target = random_bowl(n_dims, rng)
    source = target.moved(_signs(n_dims, rng) * SHIFT / 2)
    return MadeTask(
        _with_noise(target, seed=1),
        (MadeSource(_with_noise(source, seed=2)),),
        noise_free=target,
    )


def _with_noise(landscape: Landscape, seed: int) -> Landscape:
    def observed(U: Array) -> Array:
        return landscape(U) + NOISE * hashed_normals(U, seed)

    return observed


def _signs(n_dims: int, rng: np.random.Generator) -> Array:
    return rng.choice([-1.0, 1.0], n_dims)
