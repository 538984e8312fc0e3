"""Posterior of one study under a batch of hyperparameter draws, with gradients in the query.

With a parent the prior of the study's function is the parent's posterior, so the covariance
between a trial and a query is ``k_parent(u, u') - V(u + c)^T V(u' + c) + k_delta(u, u') +
offset_var`` with ``V`` the parent's whitened cross covariance. Predictions and their gradients
below are the usual ones of a GP with that covariance (Rasmussen & Williams, algorithm 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optuna_scaleup.model.density import Density
from optuna_scaleup.model.density import Theta
from optuna_scaleup.model.kernels import Correlation
from optuna_scaleup.model.linalg import cholesky
from optuna_scaleup.model.linalg import triangular_inverse
from optuna_scaleup.model.parent import Parent
from optuna_scaleup.model.parent import bowl
from optuna_scaleup.model.parent import bowl_gradient
from optuna_scaleup.model.paths import Paths
from optuna_scaleup.types import Array


_MIN_VAR = 1e-12
_MAX_PATH_ROWS = 200


@dataclass(frozen=True)
class Prediction:
    """Latent function in warped units, one row per draw.

    Attributes:
        mean: Shape ``(K, q)``.
        var: Shape ``(K, q)``, positive.
        grad_mean: Gradient in the query's features, shape ``(K, q, D)``; empty if not asked.
        grad_var: The same for the variance.
    """

    mean: Array
    var: Array
    grad_mean: Array
    grad_var: Array


@dataclass(frozen=True)
class _Cross:
    """Covariances between the conditioned points and a query, and what their slopes need."""

    total: Array  # (K, n, q)
    residual: Correlation  # (K, n, q) of the residual
    by_parent: _ParentCross | None


@dataclass(frozen=True)
class _ParentCross:
    parent: Parent
    shifted: Array  # (K, q, D_parent)
    to_trials: Array  # (K, n_parent, q) kernel to the parent's trials
    V_points: Array  # (K, n_parent, n) of the conditioned points
    V: Array  # (K, n_parent, q) of the query
    trials: Correlation  # (K, n_parent, q) of the parent's trials and the shifted query
    same: Correlation  # (n, q) of the conditioned points and the query, without shift


class Posterior:
    """Draws of one model (one parent, or none) conditioned on the study's trials.

    Args:
        density: The model and the study's trials.
        theta: Draws of its hyperparameters, shape ``(K, p)``.
        pending: Features of running trials, shape ``(q, D)``. They are taken to return what the
            model expects: the mean stays, the variance shrinks (kriging believer).
    """

    def __init__(self, density: Density, theta: Array, pending: Array) -> None:
        self._density = density
        self._packed = theta
        self._theta: Theta = density.unpack(theta)
        self.scale = np.exp(self._theta.log_scale)
        self.anchor = density.anchor
        self._amplitude = np.exp(self._theta.log_amplitude_var)[:, None, None]
        self._inverse = density.inverse_lengthscales(self._theta)[:, None, :]
        self._points = np.concatenate([density.rows.features, pending])
        self._scaled = self._points[None] * self._inverse
        self._V: Array | None = None
        self._condition()

    @property
    def n_draws(self) -> int:
        return len(self.scale)

    @property
    def noise_var(self) -> Array:
        """Noise variance of a finished trial in squared warped units, shape ``(K,)``."""
        return np.asarray(np.exp(self._theta.log_noise_var))

    @property
    def shift(self) -> Array:
        """Shift of each draw, shape ``(K, n_shift)``."""
        return self._theta.shift

    def paths(self, picks: Array, rng: np.random.Generator) -> Paths:
        """Drawn functions, one for each entry of ``picks``, the index of a draw.

        Each is conditioned by a factorisation of its own, so on some of many trials only.
        """
        return Paths(self._density.thinned(_MAX_PATH_ROWS), self._packed[picks], rng)

    @property
    def parent(self) -> Parent | None:
        return self._density.parent

    def _condition(self) -> None:
        d, t = self._density, self._theta
        n_trials, n_points = d.n_trials, len(self._points)
        K = self._amplitude * d.kernel(self._scaled, self._scaled)
        K = K + d.offset_var
        v, z = d.warped(t)
        residual = z - d.prior_mean
        if d.parent is not None:
            link = d.parent.link(self._points, t.shift)
            self._V = link.V
            K = K + link.cov
            residual = residual - link.mean[:, :n_trials]
        noise = np.exp(t.log_noise_var)[:, None].repeat(n_points, axis=1)
        noise[:, :n_trials] = d.noise(t, v)
        index = np.arange(n_points)
        K[:, index, index] += noise
        self._L_inv = triangular_inverse(cholesky(K))
        # A leading block of L_inv is the inverse factor of the leading block of K, and a pending
        # trial that returns the posterior mean adds nothing to the weights.
        head = self._L_inv[:, :n_trials, :n_trials]
        weights = np.swapaxes(head, -1, -2) @ (head @ residual[..., None])
        self._alpha = np.zeros((self.n_draws, n_points))
        self._alpha[:, :n_trials] = weights[..., 0]

    def predict(self, query: Array, with_grad: bool = False) -> Prediction:
        """Mean and variance at the query's features, shape ``(q, D)``."""
        cross = self._cross(query, with_grad)
        W = self._L_inv @ cross.total
        mean = self._prior_mean(query, cross) + (self._alpha[:, None] @ cross.total)[:, 0]
        var = np.maximum(self._prior_var(cross) - (W**2).sum(-2), _MIN_VAR)
        if not with_grad:
            return Prediction(mean, var, np.empty(0), np.empty(0))
        to_mean = np.broadcast_to(self._alpha[:, :, None], W.shape)
        to_var = -2.0 * np.swapaxes(self._L_inv, -1, -2) @ W
        grad_mean = self._pull_back(cross, to_mean, is_var=False)
        grad_var = self._pull_back(cross, to_var, is_var=True)
        self._add_bowl_gradient(grad_mean, query, cross)
        return Prediction(mean, var, grad_mean, grad_var)

    def _cross(self, query: Array, with_slopes: bool) -> _Cross:
        d, p = self._density, self.parent
        residual = d.kernel.between(self._scaled, query[None] * self._inverse, with_slopes)
        total = self._amplitude * residual.value + d.offset_var
        if p is None or self._V is None:
            return _Cross(total, residual, None)
        shifted = p.shifted(query, self.shift)
        trials = p.kernel.between(p.scaled, shifted, with_slopes)
        k1 = p.amplitude_var * trials.value + p.offset_var
        V = p.L_inv @ k1
        same = p.kernel.between(p.unshifted(self._points), p.unshifted(query), with_slopes)
        total = total + p.amplitude_var * same.value + p.offset_var
        total = total - np.swapaxes(self._V, -1, -2) @ V
        by_parent = _ParentCross(p, shifted, k1, self._V, V, trials, same)
        return _Cross(total, residual, by_parent)

    def _prior_mean(self, query: Array, cross: _Cross) -> Array:
        c, d = cross.by_parent, self._density
        if c is None:
            return bowl(query[:, d.rows.shiftable], d.bowl_weight)
        return np.asarray(c.parent.prior_mean(c.shifted) + c.parent.alpha @ c.to_trials)

    def _prior_var(self, cross: _Cross) -> Array:
        var, c = self._amplitude[..., 0] + self._density.offset_var, cross.by_parent
        if c is None:
            return np.asarray(var)
        own = c.parent.amplitude_var + c.parent.offset_var
        return np.asarray(var + own - (c.V**2).sum(-2))

    def _pull_back(self, cross: _Cross, to_cross: Array, is_var: bool) -> Array:
        """Chain rule from the covariances to the query's features, shape ``(K, q, D)``.

        Args:
            cross: Covariances at the query.
            to_cross: Derivative of mean or variance in ``cross.total``, shape ``(K, n, q)``.
            is_var: Whether the variance is meant.
        """
        grad = np.asarray(cross.residual.pull(self._amplitude * to_cross) * self._inverse)
        c = cross.by_parent
        if c is None:
            return grad
        p, to_V = c.parent, -(c.V_points @ to_cross)
        if is_var:
            to_V -= 2.0 * c.V
        to_trials = p.L_inv.T @ to_V
        if not is_var:
            to_trials += p.alpha[:, None]
        own = c.trials.pull(to_trials) + c.same.pull(to_cross)
        grad[..., p.columns] += own * (p.amplitude_var * p.inverse_lengthscales)
        return grad

    def _add_bowl_gradient(self, grad: Array, query: Array, cross: _Cross) -> None:
        c, d = cross.by_parent, self._density
        if c is None:
            columns = d.rows.shiftable
            grad[..., columns] += bowl_gradient(query[:, columns], d.bowl_weight)
            return
        p = c.parent
        slope = bowl_gradient(p.unscaled(c.shifted), p.bowl)
        grad[..., p.columns[p.shiftable]] += slope
