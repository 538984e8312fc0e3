"""Functions drawn from a posterior, to be evaluated anywhere: where might the optimum be?

A draw of the prior, by random Fourier features (Rahimi & Recht, 2007), is pulled to the data with
the exact kernel: pathwise conditioning (Wilson et al., 2020, "Efficiently sampling functions from
Gaussian process posteriors"). With a parent this is done twice: once with the parent's trials,
which gives a draw of its posterior, then with the study's own.
"""

from __future__ import annotations

import numpy as np

from optuna_scaleup.model.density import Density
from optuna_scaleup.model.density import Theta
from optuna_scaleup.model.kernels import Kernel
from optuna_scaleup.model.linalg import cholesky
from optuna_scaleup.model.linalg import product
from optuna_scaleup.model.parent import Link
from optuna_scaleup.model.parent import Parent
from optuna_scaleup.model.parent import bowl
from optuna_scaleup.types import Array


_N_FEATURES = 192
# The spectral density of Matern-5/2 is a Student-t of twice the smoothness, that of the squared
# exponential a normal one.
_SPECTRAL_DOF = 5.0


class RandomFeatures:
    """Draws of a Gaussian process, lengthscales one, variance one.

    Args:
        n_paths: How many draws ``P``.
        kernel: Its correlation.
        rng: Random numbers.
    """

    def __init__(self, n_paths: int, kernel: Kernel, rng: np.random.Generator) -> None:
        shape = (n_paths, _N_FEATURES)
        stretch = np.ones(shape)
        if not kernel.is_smooth:
            stretch = np.sqrt(_SPECTRAL_DOF / rng.chisquare(_SPECTRAL_DOF, shape))
        frequency = rng.standard_normal((*shape, len(kernel.axis))) * stretch[..., None]
        # A feature of the additive part varies along one axis.
        only = rng.integers(max(len(kernel.firsts), 1), size=shape)
        is_joint = rng.random(shape) >= kernel.share
        self._frequency = frequency * (is_joint[..., None] | (kernel.axis == only[..., None]))
        self._phase = rng.uniform(0.0, 2.0 * np.pi, shape)
        self._weight = rng.standard_normal(shape) * np.sqrt(2.0 / _N_FEATURES)

    def __call__(self, scaled: Array) -> Array:
        """Values at scaled inputs, ``(P, q, D)`` to ``(P, q)``."""
        angle = product(scaled, np.swapaxes(self._frequency, -1, -2)) + self._phase[:, None, :]
        return np.asarray((np.cos(angle) @ self._weight[..., None])[..., 0])


class Paths:
    """Draws of the function of one model, one for each setting of the hyperparameters.

    Args:
        density: The model and the study's trials.
        theta: Hyperparameters of each draw, shape ``(P, p)``.
        rng: Random numbers.
    """

    def __init__(self, density: Density, theta: Array, rng: np.random.Generator) -> None:
        self._t: Theta = density.unpack(theta)
        self._density = density
        self._inverse = density.inverse_lengthscales(self._t)[:, None, :]
        self._amplitude = np.exp(self._t.log_amplitude_var)[:, None]
        self._scaled = density.rows.features[None] * self._inverse
        self._residual = RandomFeatures(len(theta), density.kernel, rng)
        self._offset = np.sqrt(density.offset_var) * rng.standard_normal((len(theta), 1))
        self._parent = None
        if density.parent is not None:
            self._parent = _ParentPaths(density.parent, self._t.shift, rng)
        self._weights = self._pull(rng) if density.n_trials else None

    def __call__(self, query: Array) -> Array:
        """Values in warped units at the query's features, ``(q, D)`` to ``(P, q)``."""
        values = self._prior(query)
        if self._weights is None:
            return values
        corr = self._density.kernel(self._scaled, query[None] * self._inverse)
        kernel = self._amplitude[..., None] * corr + self._density.offset_var
        values += np.einsum("pnq,pn->pq", kernel, self._weights)
        if self._parent is not None:
            values += self._weights @ self._parent.prior_cov(self._density.rows.features, query)
        return values

    def _prior(self, query: Array) -> Array:
        """A draw of all but the kernel's part at the study's own trials."""
        d = self._density
        values = np.sqrt(self._amplitude) * self._residual(query[None] * self._inverse)
        values += self._offset
        if self._parent is not None:
            return np.asarray(values + self._parent.posterior(query))
        return np.asarray(values + bowl(query[:, d.rows.shiftable], d.bowl_weight))

    def _pull(self, rng: np.random.Generator) -> Array:
        """Weights of the kernel at the study's trials, shape ``(P, n)``."""
        d, t = self._density, self._t
        features = d.rows.features
        v, z = d.warped(t)
        noise = d.noise(t, v)
        K = self._amplitude[..., None] * d.kernel(self._scaled, self._scaled) + d.offset_var
        prior = self._prior(features)
        prior += np.sqrt(noise) * rng.standard_normal(z.shape)
        if self._parent is not None:
            link = self._parent.link(features)
            K = K + link.cov
        index = np.arange(d.n_trials)
        K[:, index, index] += noise
        L = cholesky(K)
        half = np.linalg.solve(L, (z - prior)[..., None])
        weights = np.linalg.solve(np.swapaxes(L, -1, -2), half)[..., 0]
        if self._parent is not None:
            self._parent.shrink(link, weights)
        return np.asarray(weights)


class _ParentPaths:
    """Draws of the parent's posterior at shifted points."""

    def __init__(self, parent: Parent, shift: Array, rng: np.random.Generator) -> None:
        self._p = parent
        self._shift = shift
        n_paths, n_trials = len(shift), len(parent.alpha)
        self._features = RandomFeatures(n_paths, parent.kernel, rng)
        self._offset = np.sqrt(parent.offset_var) * rng.standard_normal((n_paths, 1))
        drawn = np.sqrt(parent.amplitude_var) * self._features(parent.scaled[None]) + self._offset
        drawn += np.sqrt(parent.noise_var) * rng.standard_normal((n_paths, n_trials))
        # alpha solves for the values less the prior mean, so the draw is what is left to solve.
        solved = (drawn @ parent.L_inv.T) @ parent.L_inv
        self._weights = parent.alpha - solved  # (P, n_parent)

    def link(self, features: Array) -> Link:
        return self._p.link(features, self._shift)

    def shrink(self, link: Link, weights: Array) -> None:
        """Accounts for what the parent's trials explain of the covariance to the study's.

        Args:
            link: The parent at the study's trials.
            weights: Of the kernel at the study's trials, shape ``(P, n)``.
        """
        self._weights = self._weights - np.einsum("pmn,pn->pm", link.V, weights) @ self._p.L_inv

    def posterior(self, query: Array) -> Array:
        """A draw of the parent's posterior, ``(q, D_all)`` to ``(P, q)``; see :meth:`shrink`."""
        p = self._p
        shifted = p.shifted(query, self._shift)
        drawn = np.sqrt(p.amplitude_var) * self._features(shifted)
        kernel = p.amplitude_var * p.kernel(p.scaled, shifted) + p.offset_var
        pulled = np.einsum("pmq,pm->pq", kernel, self._weights)
        return np.asarray(drawn + self._offset + p.prior_mean(shifted) + pulled)

    def prior_cov(self, features: Array, query: Array) -> Array:
        """Prior covariance of the study's trials and the query, shape ``(n, q)``."""
        corr = self._p.kernel(self._p.unshifted(features), self._p.unshifted(query))
        return np.asarray(self._p.amplitude_var * corr + self._p.offset_var)
