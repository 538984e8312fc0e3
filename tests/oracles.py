"""Independent answers to compare with: written for clarity, dense and slow, never batched.

Nothing here calls the numerics of the package; of its objects only plain attributes are read.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from optuna_scaleup.model.density import OFFSET_VAR
from optuna_scaleup.model.density import Theta
from optuna_scaleup.model.parent import Parent
from optuna_scaleup.types import Array


def finite_difference(f: Callable[[Array], float], x: Array, step: float = 1e-5) -> Array:
    """Gradient of ``f`` at ``x``, shape ``(p,)``, by central differences of fourth order."""
    steps = step * np.eye(len(x))
    near = np.array([f(x + e) - f(x - e) for e in steps])
    far = np.array([f(x + 2.0 * e) - f(x - 2.0 * e) for e in steps])
    return np.asarray((8.0 * near - far) / (12.0 * step))


def matern52(A: Array, B: Array, inverse_lengthscales: Array) -> Array:
    """Matern-5/2 correlation between rows, shape ``(n, m)`` (Rasmussen & Williams, eq. 4.17)."""
    r = np.sqrt(5.0) * cdist(A * inverse_lengthscales, B * inverse_lengthscales)
    return np.asarray((1.0 + r + r**2 / 3.0) * np.exp(-r))


def correlation(
    A: Array, B: Array, inverse_lengthscales: Array, axis: Array, additive_share: float
) -> Array:
    """Matern-5/2 of all axes together and, for a share, the mean of those of single axes."""
    single = [
        matern52(A[:, axis == j], B[:, axis == j], inverse_lengthscales[axis == j])
        for j in np.unique(axis)
    ]
    joint = matern52(A, B, inverse_lengthscales)
    return np.asarray((1.0 - additive_share) * joint + additive_share * np.mean(single, axis=0))


def bowl(features: Array, shiftable: Array, weight: float) -> Array:
    """Prior mean ``-weight * mean((2u - 1)^2)`` over the numeric features, shape ``(n,)``."""
    if not len(shiftable):
        return np.zeros(len(features))
    return np.asarray(-weight * ((2.0 * features[:, shiftable] - 1.0) ** 2).mean(axis=1))


def condition(mean: Array, cov: Array, values: Array, noise_var: Array) -> tuple[Array, Array]:
    """Mean and covariance of a normal's last entries, given noisy values of the first ones."""
    n = len(values)
    gain = np.linalg.solve(cov[:n, :n] + np.diag(noise_var), cov[:n, n:]).T
    return mean[n:] + gain @ (values - mean[:n]), cov[n:, n:] - gain @ cov[:n, n:]


def plain_prior(
    features: Array,
    axis: Array,
    shiftable: Array,
    bowl_weight: float,
    t: Theta,
    additive_share: float = 0.0,
) -> tuple[Array, Array]:
    """Mean and covariance of a study without a parent, for the first draw in ``t``."""
    inverse = np.exp(-t.log_lengthscales[0])[axis]
    corr = correlation(features, features, inverse, axis, additive_share)
    cov = np.exp(t.log_amplitude_var[0]) * corr + OFFSET_VAR
    return bowl(features, shiftable, bowl_weight), cov


def joint_prior(
    parent: Parent, features: Array, axis: Array, t: Theta, additive_share: float = 0.0
) -> tuple[Array, Array]:
    """Mean and covariance of the parent's trials, then of a study at ``features``; no noise.

    ``f(u) = f_parent(u + c) + delta(u) + offset`` for the first draw in ``t``.
    """
    source = parent.scaled / parent.inverse_lengthscales
    moved = features[:, parent.columns].copy()
    moved[:, parent.shiftable] += t.shift[0]
    both = np.concatenate([source, moved])
    cov = parent.amplitude_var * matern52(both, both, parent.inverse_lengthscales)
    cov += parent.offset_var
    m = len(source)
    inverse = np.exp(-t.log_lengthscales[0])[axis]
    residual = correlation(features, features, inverse, axis, additive_share)
    cov[m:, m:] += np.exp(t.log_amplitude_var[0]) * residual + OFFSET_VAR
    return bowl(both, parent.shiftable, parent.bowl), cov


def noise_of(parent: Parent) -> Array:
    """Noise variances of the parent's trials, shape ``(m,)``, from its factor."""
    K_noisy = np.linalg.inv(parent.L_inv.T @ parent.L_inv)
    return np.asarray(np.diag(K_noisy) - parent.amplitude_var - parent.offset_var)


def values_of(parent: Parent) -> Array:
    """Warped values of the parent's trials, shape ``(m,)``, from what it solved for them."""
    K_noisy = np.linalg.inv(parent.L_inv.T @ parent.L_inv)
    X = parent.scaled / parent.inverse_lengthscales
    return np.asarray(K_noisy @ parent.alpha + bowl(X, parent.shiftable, parent.bowl))


def log_normal(values: Array, mean: Array, cov: Array) -> float:
    """Log density of a multivariate normal."""
    r = values - mean
    log_det = np.linalg.slogdet(cov)[1]
    return float(-0.5 * (r @ np.linalg.solve(cov, r) + log_det + len(r) * np.log(2.0 * np.pi)))
