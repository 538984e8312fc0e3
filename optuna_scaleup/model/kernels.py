"""Matern-5/2 kernel with one lengthscale per axis (Rasmussen & Williams, 2006, eq. 4.17).

All functions broadcast over leading batch dimensions, so one call serves a single GP or a batch
of hyperparameter draws.
"""

from __future__ import annotations

import numpy as np

from optuna_scaleup.types import Array


_SQRT5 = 5.0**0.5


def squared_distances(A: Array, B: Array) -> Array:
    """Squared Euclidean distances.

    Args:
        A: Points already divided by their lengthscales, shape ``(..., n, D)``.
        B: The same for the other side, shape ``(..., m, D)``.

    Returns:
        Shape ``(..., n, m)``, never negative.
    """
    cross = A @ np.swapaxes(B, -1, -2)
    cross *= -2.0
    cross += np.einsum("...nd,...nd->...n", A, A)[..., :, None]
    cross += np.einsum("...md,...md->...m", B, B)[..., None, :]
    return np.asarray(np.maximum(cross, 0.0, out=cross))


def matern52(sqd: Array) -> Array:
    """Correlation at squared scaled distance ``sqd``, elementwise."""
    r = np.sqrt(5.0 * sqd)
    return (1.0 + r + r * r / 3.0) * np.exp(-r)


def matern52_and_slope(sqd: Array) -> tuple[Array, Array]:
    """Correlation and its derivative with respect to ``sqd``, finite at zero distance."""
    r = np.sqrt(5.0 * sqd)
    decay = np.exp(-r)
    return (1.0 + r + r * r / 3.0) * decay, (-5.0 / 6.0) * (1.0 + r) * decay
