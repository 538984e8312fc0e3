"""A fitted GP on a smaller study, seen from the larger one: shifted, with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optuna_scaleup.model.kernels import Correlation
from optuna_scaleup.model.kernels import Kernel
from optuna_scaleup.types import Array


@dataclass(frozen=True)
class Link:
    """The parent's posterior at shifted points, and what its gradient needs, for each shift."""

    shifted: Array  # (B, n, D) scaled features of the points after the shift
    corr: Correlation  # (B, n_parent, n) of its trials and the points
    V: Array  # (B, n_parent, n) whitened cross covariance
    mean: Array  # (B, n)
    cov: Array  # (B, n, n)


@dataclass(frozen=True)
class Parent:
    """Posterior of a smaller study's GP under one setting of its hyperparameters.

    Attributes:
        columns: The target's features that the parent knows, shape ``(D,)``.
        shiftable: Positions within ``columns`` along which it may shift, shape ``(n_shift,)``.
        kernel: Its correlation.
        scaled: Its trials' features divided by their lengthscales, shape ``(n_parent, D)``.
        inverse_lengthscales: Per feature, shape ``(D,)``.
        amplitude_var: Kernel variance.
        offset_var: Variance of its constant mean.
        noise_var: Noise variance of each of its warped values, shape ``(n_parent,)``.
        L_inv: Inverse Cholesky factor of its noisy covariance, shape ``(n_parent, n_parent)``.
        alpha: ``K_noisy^-1 (z - prior mean)`` of its warped values ``z``, shape ``(n_parent,)``.
        bowl: Weight of the prior bowl towards the centre of the space (see :func:`bowl`).
    """

    columns: Array
    shiftable: Array
    kernel: Kernel
    scaled: Array
    inverse_lengthscales: Array
    amplitude_var: float
    offset_var: float
    noise_var: Array
    L_inv: Array
    alpha: Array
    bowl: float

    @property
    def n_shift(self) -> int:
        return len(self.shiftable)

    def shifted(self, features: Array, shift: Array) -> Array:
        """Scaled features after each shift: ``(n, D_all)``, ``(B, n_shift)`` to ``(B, n, D)``."""
        offset = np.zeros((len(shift), len(self.columns)))
        offset[:, self.shiftable] = shift
        shifted = features[..., self.columns] + offset[:, None, :]
        return np.asarray(shifted * self.inverse_lengthscales)

    def unshifted(self, features: Array) -> Array:
        """Scaled features where both sides shift alike, ``(n, D_all)`` to ``(n, D)``."""
        return np.asarray(features[:, self.columns] * self.inverse_lengthscales)

    def unscaled(self, shifted: Array) -> Array:
        """Shiftable features as they were before scaling, ``(..., D)`` to ``(..., n_shift)``."""
        scale = self.inverse_lengthscales[self.shiftable]
        return np.asarray(shifted[..., self.shiftable] / scale)

    def prior_mean(self, shifted: Array) -> Array:
        """Prior mean at scaled shifted features, ``(..., D)`` to ``(...)``."""
        return bowl(self.unscaled(shifted), self.bowl)

    def prior_cov(self, features: Array) -> Array:
        """Prior covariance of the points, ``(n, D_all)`` to ``(n, n)``; no shift changes it."""
        same = self.unshifted(features)
        return self.amplitude_var * self.kernel(same, same) + self.offset_var

    def link(
        self,
        features: Array,
        shift: Array,
        prior_cov: Array | None = None,
        with_slopes: bool = False,
    ) -> Link:
        """Posterior mean and covariance of the parent at ``features + shift``.

        Args:
            features: Shape ``(n, D_all)``.
            shift: Shape ``(B, n_shift)``.
            prior_cov: What :meth:`prior_cov` says of the same points, where it is known already.
            with_slopes: Whether :meth:`shift_gradient` will be asked.
        """
        prior_cov = self.prior_cov(features) if prior_cov is None else prior_cov
        shifted = self.shifted(features, shift)
        corr = self.kernel.between(self.scaled, shifted, with_slopes)
        cross = self.amplitude_var * corr.value + self.offset_var
        V = self.L_inv @ cross
        mean = self.prior_mean(shifted) + self.alpha @ cross
        cov = prior_cov - np.swapaxes(V, -1, -2) @ V
        return Link(shifted, corr, V, mean, cov)

    def shift_gradient(self, link: Link, alpha: Array, G: Array) -> Array:
        """Gradient of a log likelihood in the shifts, shape ``(B, n_shift)``.

        Args:
            link: From :meth:`link` at the same shifts, with slopes.
            alpha: Derivative of the log likelihood in the prior mean, shape ``(B, n)``.
            G: Its derivative in the prior covariance, shape ``(B, n, n)``.
        """
        sensitivity = self.alpha[:, None] * alpha[:, None, :] - 2.0 * (self.L_inv.T @ (link.V @ G))
        pulled = link.corr.pull(self.amplitude_var * sensitivity).sum(axis=-2)
        grad = np.asarray(pulled * self.inverse_lengthscales)[:, self.shiftable]
        if self.bowl and self.n_shift:
            slope = bowl_gradient(self.unscaled(link.shifted), self.bowl)
            grad = grad + np.einsum("bn,bnf->bf", alpha, slope)
        return grad


def bowl(u: Array, weight: float) -> Array:
    """Prior mean that favours the centre: ``-weight * mean((2u - 1)^2)`` over the last axis."""
    if not weight or u.shape[-1] == 0:
        return np.zeros(u.shape[:-1])
    return np.asarray(-weight * ((2.0 * u - 1.0) ** 2).mean(axis=-1))


def bowl_gradient(u: Array, weight: float) -> Array:
    """Gradient of :func:`bowl` in ``u``, same shape as ``u``."""
    return np.asarray(-4.0 * weight * (2.0 * u - 1.0) / max(u.shape[-1], 1))
