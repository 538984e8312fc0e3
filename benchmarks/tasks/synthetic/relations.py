"""How a synthetic source relates to its target: one builder a family, all on float spaces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.tasks.synthetic.landscape import Bowl
from benchmarks.tasks.synthetic.landscape import Halfspace
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
MARGIN = 0.1
FLAKY_SHARE = 0.2

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
    bad_value = _bad_value(bowl, rng)
    away = np.where(bowl.center > 0.5, -0.45, 0.45)
    target = Plateau(bowl, radius, bad_value)
    source = Plateau(bowl.moved(away), radius, bad_value)
    return MadeTask(target, (MadeSource(source),))


def diverging(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """Beyond a plane near the optimum every trial fails; both moved since the source."""
    target = random_bowl(n_dims, rng)
    source = target.moved(_signs(n_dims, rng) * SHIFT)
    normal = _signs(n_dims, rng) * np.linspace(1.0, 0.3, n_dims)
    return _failing(
        target,
        _cliff(target, normal),
        MadeSource(_observed(source, _cliff(source, normal))),
    )


def memory(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """Only target trials fail, beyond a plane near their optimum; the source's is there."""
    target = random_bowl(n_dims, rng)
    signs = _signs(n_dims, rng)
    return _failing(target, _cliff(target, signs), MadeSource(target.moved(signs * SHIFT)))


def flaky(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """One target trial in five fails, wherever it is."""
    target = random_bowl(n_dims, rng)
    seed = int(rng.integers(2**31))

    def fails(U: Array) -> Array:
        return scattered(U, seed)[:, 0] < FLAKY_SHARE

    return _failing(target, fails, MadeSource(target.moved(_signs(n_dims, rng) * SHIFT)))


def noisy(n_dims: int, rng: np.random.Generator) -> MadeTask:
    """A moved optimum under noise; regret counts the exact values."""
    target = random_bowl(n_dims, rng)
    source = target.moved(_signs(n_dims, rng) * SHIFT / 2)
    return MadeTask(
        _with_noise(target, seed=1),
        (MadeSource(_with_noise(source, seed=2)),),
        noise_free=target,
    )


def _failing(target: Bowl, fails: Landscape, source: MadeSource) -> MadeTask:
    """A failed trial has no value; to regret it is as good as the worst tenth."""
    bad_value = _bad_value(target, np.random.default_rng(0))

    def exact(U: Array) -> Array:
        return np.where(fails(U), bad_value, target(U))

    return MadeTask(_observed(target, fails), (source,), noise_free=exact)


def _bad_value(bowl: Bowl, rng: np.random.Generator) -> float:
    """Only one random configuration in ten is worse."""
    return float(np.quantile(bowl(rng.random((1000, len(bowl.center)))), 0.9))


def _observed(landscape: Landscape, fails: Landscape) -> Landscape:
    def observed(U: Array) -> Array:
        return np.where(fails(U), np.nan, landscape(U))

    return observed


def _cliff(bowl: Bowl, normal: Array) -> Halfspace:
    """Fails beyond a plane at a distance of ``MARGIN`` from the optimum."""
    return Halfspace(bowl.center + MARGIN * normal / np.linalg.norm(normal), normal)


def _with_noise(landscape: Landscape, seed: int) -> Landscape:
    def observed(U: Array) -> Array:
        return landscape(U) + NOISE * hashed_normals(U, seed)

    return observed


def _signs(n_dims: int, rng: np.random.Generator) -> Array:
    return rng.choice([-1.0, 1.0], n_dims)
