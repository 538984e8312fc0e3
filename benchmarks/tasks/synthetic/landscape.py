"""Landscapes on the unit cube with a known minimum, as functions of rows ``U``, shape (n, d)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from benchmarks.tasks.task import Array


Landscape = Callable[[Array], Array]

N_RIPPLES = 3.0


@dataclass(frozen=True)
class Bowl:
    """An anisotropic bowl with ripples: ``level`` at ``center``, larger everywhere else.

    Attributes:
        center: Place of the minimum, shape ``(d,)``.
        curvatures: Weight of each (rotated) axis, shape ``(d,)``, positive.
        rotation: Orthogonal matrix, shape ``(d, d)``.
        ripple: Height of the ripples relative to the bowl; 0 for a plain bowl.
        level: Value at the minimum.
        gain: Factor of all differences; a change of units.
    """

    center: Array
    curvatures: Array
    rotation: Array
    ripple: float = 0.02
    level: float = 0.0
    gain: float = 1.0

    def __call__(self, U: Array) -> Array:
        steps = (U - self.center) @ self.rotation.T
        waves = 1 - np.cos(2 * np.pi * N_RIPPLES * steps)
        return np.asarray(
            self.level + self.gain * (steps**2 + self.ripple * waves) @ self.curvatures
        )

    def moved(self, shift: Array, level: float = 0.0, gain: float = 1.0) -> Bowl:
        """The same bowl elsewhere, in other units."""
        return replace(self, center=self.center + shift, level=level, gain=gain)

    def rotated(self, angle: float) -> Bowl:
        """Rotated about its minimum by ``angle`` (radians) in each plane of two axes."""
        d = len(self.center)
        turn = np.eye(d)
        c, s = np.cos(angle), np.sin(angle)
        for i in range(0, d - 1, 2):
            turn[i : i + 2, i : i + 2] = [[c, -s], [s, c]]
        return replace(self, rotation=self.rotation @ turn)


def random_bowl(n_dims: int, rng: np.random.Generator) -> Bowl:
    """A bowl with its minimum well inside and curvatures over one order of magnitude.

    Their sum is one, so that values stay of order one in any dimension.
    """
    curvatures = 10 ** rng.uniform(-0.5, 0.5, n_dims)
    return Bowl(
        center=rng.uniform(0.3, 0.7, n_dims),
        curvatures=curvatures / curvatures.sum(),
        rotation=np.eye(n_dims),
    )


@dataclass(frozen=True)
class SmoothResidual:
    """A smooth random function: a weighted sum of Gaussian bumps."""

    centers: Array  # (n_bumps, d)
    weights: Array  # (n_bumps,)
    width: float

    def __call__(self, U: Array) -> Array:
        squared = ((U[:, None, :] - self.centers) ** 2).sum(axis=-1)
        return np.asarray(np.exp(-0.5 * squared / self.width**2) @ self.weights)


def random_residual(
    n_dims: int, spread: float, rng: np.random.Generator, n_bumps: int = 20
) -> SmoothResidual:
    """Bumps all over the cube whose sum has the standard deviation ``spread``."""
    bumps = SmoothResidual(
        centers=rng.random((n_bumps, n_dims)),
        weights=rng.standard_normal(n_bumps),
        width=0.2 * np.sqrt(n_dims / 2),
    )
    deviation = float(np.std(bumps(rng.random((1000, n_dims)))))
    return replace(bumps, weights=bumps.weights * spread / deviation)


@dataclass(frozen=True)
class Plateau:
    """Only near the inner bowl's minimum does a configuration work; elsewhere one bad value."""

    inner: Bowl
    radius: float
    bad_value: float

    def __call__(self, U: Array) -> Array:
        distances = np.linalg.norm(U - self.inner.center, axis=1)
        return np.where(distances < self.radius, self.inner(U), self.bad_value)


@dataclass(frozen=True)
class Halfspace:
    """Where a training ends with an error: ``(u - point) @ normal > 0``, shapes ``(d,)``."""

    point: Array
    normal: Array

    def __call__(self, U: Array) -> Array:
        return np.asarray((U - self.point) @ self.normal > 0)


def hashed_normals(U: Array, seed: int) -> Array:
    """Standard normal numbers that depend on the coordinates only, shape ``(n,)``."""
    return np.array([_generator(row, seed).standard_normal() for row in U])


def scattered(U: Array, seed: int) -> Array:
    """Uniform coordinates, like ``U``, that have nothing to do with it but are fixed by it."""
    return np.array([_generator(row, seed).random(U.shape[1]) for row in U])


def _generator(row: Array, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, *np.round(row * 2**32).astype(np.int64)])
