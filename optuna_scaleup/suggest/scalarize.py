"""Several objectives as one: random augmented Chebyshev weights (ParEGO, Knowles, 2006)."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.types import Array


_AUGMENTATION = 0.05


def chebyshev(Y: Array, weights: Array) -> Array:
    """Augmented Chebyshev value of each row, larger is better.

    Args:
        Y: Shape ``(n, m)``; each objective is scaled by its range in these rows.
        weights: Non-negative, shape ``(m,)``.
    """
    span = np.ptp(Y, axis=0)
    weighted = weights * (Y - Y.max(axis=0)) / np.where(span > 0.0, span, 1.0)
    return np.asarray(weighted.min(axis=1) + _AUGMENTATION * weighted.sum(axis=1))


def draw_weights(n_objectives: int, rng: np.random.Generator) -> Array:
    """Uniform on the simplex, shape ``(n_objectives,)``."""
    return rng.dirichlet(np.ones(n_objectives))
