"""Scrambled Sobol points; the only place that loads ``scipy.stats``, which is heavy, when used."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.model.priors import EDGE
from optuna_scaleup.types import Array


def sobol(n_points: int, n_dims: int, rng: np.random.Generator) -> Array:
    """Points of the open unit cube, shape ``(n_points, n_dims)``; best if a power of two."""
    from scipy.stats import qmc

    if n_dims > qmc.Sobol.MAXDIM:
        return np.asarray(rng.uniform(EDGE, 1.0 - EDGE, (n_points, n_dims)))
    n_balanced = 1 << (n_points - 1).bit_length()  # the next power of two; SciPy warns of others
    points = qmc.Sobol(n_dims, scramble=True, rng=rng).random(n_balanced)[:n_points]
    return np.clip(points, EDGE, 1.0 - EDGE)
