"""Log posterior density of a GP's hyperparameters, with its gradient, for a batch of draws.

One study's values ``y`` are modelled as ``w(1 + (y - anchor) / s) = f(u) + noise``, the anchor
being the best of them or, where a value means the same in all studies, the parent's, with

    f(u) = f_parent(u + c) + delta(u) + offset,       delta ~ GP(0, amplitude_var * k),

where ``k`` is the correlation of ``kernels.py`` and the parent a fitted GP on a smaller study;
without a parent ``f = bowl + delta + offset`` is an ordinary GP whose prior mean favours the
centre (see :func:`~optuna_scaleup.model.parent.bowl`). The parent's *posterior covariance*
enters the prior of ``f``, so an unsure parent is trusted less; the offset is integrated out
analytically.

``w`` is the outcome warp of ``warp.py``, ``w(v) = v`` where values are linear.

Packed hyperparameters ``theta`` (in this order): shift ``c`` (one per shiftable feature of the
parent, none without a parent), ``log lengthscale`` (one per axis), ``log amplitude_var``,
``log noise_var``, ``log s``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optuna_scaleup.model.kernels import Kernel
from optuna_scaleup.model.linalg import cholesky
from optuna_scaleup.model.linalg import log_determinant
from optuna_scaleup.model.linalg import triangular_inverse
from optuna_scaleup.model.parent import Parent
from optuna_scaleup.model.parent import bowl
from optuna_scaleup.model.priors import Prior
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.warp import TAILED
from optuna_scaleup.model.warp import OutcomeWarp
from optuna_scaleup.types import Array


OFFSET_VAR = 4.0  # The offset between studies, in squared units of the distance median to best.


@dataclass(frozen=True)
class Theta:
    """Unpacked hyperparameters; every field has the batch as its first axis."""

    shift: Array  # (B, n_shift)
    log_lengthscales: Array  # (B, d)
    log_amplitude_var: Array  # (B,)
    log_noise_var: Array  # (B,)
    log_scale: Array  # (B,)


class Density:
    """Log posterior of ``theta`` given one study's trials.

    Args:
        rows: The study's trials.
        prior: Prior of the packed hyperparameters.
        parent: The fitted smaller study, if any.
        bowl_weight: Weight of the prior mean that favours the centre; a parent brings its own.
        anchor: Value that stands for the study's best as long as it has no trial.
        is_anchored: Whether it does afterwards as well. (The density is that of all values but
            one all the same, so that both kinds of model of one study compare.)
        offset_var: Variance of the offset between parent and study, in squared warped units.
        additive_share: See :class:`~optuna_scaleup.model.kernels.Kernel`.
        is_smooth: See there as well.
        warp: The outcome warp.
    """

    def __init__(
        self,
        rows: Rows,
        prior: Prior,
        parent: Parent | None = None,
        bowl_weight: float = 0.0,
        anchor: float = 0.0,
        is_anchored: bool = False,
        offset_var: float = OFFSET_VAR,
        additive_share: float = 0.0,
        is_smooth: bool = False,
        warp: OutcomeWarp = TAILED,
    ) -> None:
        self.rows = rows
        self.prior = prior
        self.offset_var = offset_var
        self.kernel = Kernel(rows.axis, additive_share, is_smooth)
        self.warp = warp
        self.parent = parent
        self.bowl_weight = 0.0 if parent is not None else bowl_weight
        self.prior_mean = bowl(rows.features[:, rows.shiftable], self.bowl_weight)
        self.is_anchored = is_anchored
        self.anchor = anchor if is_anchored or not len(rows.y) else float(np.max(rows.y))
        self.n_shift = 0 if parent is None else parent.n_shift

    def thinned(self, n_max: int) -> Density:
        """The same model of at most ``n_max`` representative trials, the best among them."""
        return self if self.n_trials <= n_max else self.of_rows(self.rows.representative(n_max))

    def of_rows(self, rows: Rows) -> Density:
        """The same model of other trials of the same study."""
        return Density(
            rows,
            self.prior,
            parent=self.parent,
            bowl_weight=self.bowl_weight,
            anchor=self.anchor,
            is_anchored=self.is_anchored,
            offset_var=self.offset_var,
            additive_share=self.kernel.additive_share,
            is_smooth=self.kernel.is_smooth,
            warp=self.warp,
        )

    @property
    def n_trials(self) -> int:
        return len(self.rows.y)

    @cached_property
    def _parent_cov(self) -> Array | None:
        """No draw changes it; a density that only conditions predictions does not ask for it."""
        return None if self.parent is None else self.parent.prior_cov(self.rows.features)

    def unpack(self, theta: Array) -> Theta:
        """Splits packed draws, shape ``(B, p)``."""
        s, d = self.n_shift, self.rows.n_axes
        # Copies: NumPy 1.26 rounds `exp` of a strided view by where the result lies in memory.
        amplitude, noise, scale = theta[:, -3:].T.copy()
        return Theta(theta[:, :s], theta[:, s : s + d], amplitude, noise, scale)

    def inverse_lengthscales(self, t: Theta) -> Array:
        """Per feature, shape ``(B, D)``."""
        return np.asarray(np.exp(-t.log_lengthscales)[:, self.rows.axis])

    def warped(self, t: Theta) -> tuple[Array, Array]:
        """Standardised values ``v`` (the anchor is one) and ``z = w(v)``, ``(B, n)``."""
        v = 1.0 + (self.rows.y - self.anchor) * np.exp(-t.log_scale)[:, None]
        return v, self.warp.value(v)

    def noise(self, t: Theta, v: Array) -> Array:
        """Noise variance of each warped value, shape ``(B, n)``."""
        noise = np.repeat(np.exp(t.log_noise_var)[:, None], self.n_trials, axis=1)
        if self.rows.noise_var is not None:
            slope2 = np.exp(2.0 * (self.warp.log_slope(v) - t.log_scale[:, None]))
            noise = noise + self.rows.noise_var * slope2
        return noise

    def value_and_grad(self, theta: Array, with_grad: bool = True) -> tuple[Array, Array]:
        """Log posterior density and gradient.

        Args:
            theta: Packed draws, shape ``(B, p)``.
            with_grad: Whether the gradient is needed.

        Returns:
            Log densities, shape ``(B,)``, and gradients, shape ``(B, p)`` (empty if not asked).
        """
        t = self.unpack(theta)
        n = self.n_trials
        amplitude = np.exp(t.log_amplitude_var)[:, None, None]
        scaled = self.rows.features[None] * self.inverse_lengthscales(t)[:, None, :]
        corr = self.kernel.between(scaled, scaled, with_grad)
        v, z = self.warped(t)
        noise = self.noise(t, v)
        K = amplitude * corr.value + self.offset_var
        r = z - self.prior_mean
        if self.parent is not None:
            link = self.parent.link(self.rows.features, t.shift, self._parent_cov, with_grad)
            K = K + link.cov
            r = r - link.mean
        K[:, np.arange(n), np.arange(n)] += noise
        L = cholesky(K)
        L_inv = triangular_inverse(L)
        whitened = (L_inv @ r[..., None])[..., 0]
        value = (
            -0.5 * (whitened**2).sum(-1)
            - 0.5 * log_determinant(L)
            - 0.5 * n * np.log(2.0 * np.pi)
            + self.warp.log_slope(v).sum(-1)
            - max(n - 1, 0) * t.log_scale
            + self.prior.log_density(theta)
        )
        if not with_grad:
            return value, np.empty((0, theta.shape[1]))
        L_inv_T = np.swapaxes(L_inv, -1, -2)
        alpha = (L_inv_T @ whitened[..., None])[..., 0]
        G = 0.5 * (alpha[:, :, None] * alpha[:, None, :] - L_inv_T @ L_inv)
        grad = np.empty_like(theta)
        s = self.n_shift
        if self.parent is not None:
            grad[:, :s] = self.parent.shift_gradient(link, alpha, G)
        # Both sides of the kernel are the trials, and a longer lengthscale moves them inwards.
        per_feature = -2.0 * np.einsum("bnf,bnf->bf", scaled, corr.pull(G * amplitude))
        grad[:, s : s + self.rows.n_axes] = np.add.reduceat(
            per_feature, self.kernel.firsts, axis=1
        )
        grad[:, -3] = (G * corr.value).sum((-1, -2)) * amplitude[:, 0, 0]
        G_diag = np.einsum("bii->bi", G)
        grad[:, -2] = np.exp(t.log_noise_var) * G_diag.sum(-1)
        grad[:, -1] = self._scale_gradient(t, v, alpha, G_diag)
        return value, grad + self.prior.gradient(theta)

    def _scale_gradient(self, t: Theta, v: Array, alpha: Array, G_diag: Array) -> Array:
        dv = 1.0 - v  # dv / dlog s
        dz = np.exp(self.warp.log_slope(v)) * dv
        curvature = self.warp.log_slope_derivative(v)
        grad = -(alpha * dz).sum(-1) + (curvature * dv).sum(-1) - max(self.n_trials - 1, 0)
        if self.rows.noise_var is not None:
            slope2 = np.exp(2.0 * (self.warp.log_slope(v) - t.log_scale[:, None]))
            dnoise = self.rows.noise_var * slope2 * 2.0 * (curvature * dv - 1.0)
            grad = grad + (G_diag * dnoise).sum(-1)
        return np.asarray(grad)
