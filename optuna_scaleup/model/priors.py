"""Independent Student-t priors over a packed vector of hyperparameters.

Heavy tails where a surprise must stay affordable (units that change, an optimum that moves far),
``dof = inf`` for a normal prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammaln
from scipy.special import ndtri
from scipy.special import stdtrit

from optuna_scaleup.types import Array


@dataclass(frozen=True)
class Prior:
    """Product of location-scale Student-t densities.

    Attributes:
        loc: Shape ``(p,)``.
        scale: Shape ``(p,)``, positive.
        dof: Degrees of freedom, shape ``(p,)``; ``inf`` is normal.
        start: Where a search for the mode begins, shape ``(p,)``.
    """

    loc: Array
    scale: Array
    dof: Array
    start: Array

    def log_density(self, theta: Array) -> Array:
        """Log density at ``theta``, shape ``(..., p)``; returns shape ``(...)``."""
        u2 = ((theta - self.loc) / self.scale) ** 2
        is_t, nu = self._tails
        misfit = np.where(is_t, (nu + 1.0) * np.log1p(u2 / nu), u2)
        return np.asarray(self._log_norm - 0.5 * misfit.sum(axis=-1))

    @cached_property
    def _tails(self) -> tuple[Array, Array]:
        """Which densities are Student's t, and their degrees of freedom, one elsewhere."""
        is_t = np.isfinite(self.dof)
        return is_t, np.where(is_t, self.dof, 1.0)

    @cached_property
    def _log_norm(self) -> float:
        """Log density at ``loc``; every step of a search for modes asks for it."""
        is_t, nu = self._tails
        heavy = gammaln((nu + 1.0) / 2.0) - gammaln(nu / 2.0) - 0.5 * np.log(nu * np.pi)
        peak = np.where(is_t, heavy, -0.5 * np.log(2.0 * np.pi))
        return float((peak - np.log(self.scale)).sum())

    def gradient(self, theta: Array) -> Array:
        """Gradient of :meth:`log_density`, shape ``(..., p)``."""
        u = (theta - self.loc) / self.scale
        is_t, nu = self._tails
        slope = np.where(is_t, -(nu + 1.0) * u / (nu + u * u), -u)
        return np.asarray(slope / self.scale)

    def quantile(self, uniform: Array) -> Array:
        """Maps points of the open unit cube, shape ``(n, p)``, to draws."""
        is_t, nu = self._tails
        heavy = stdtrit(nu, uniform)
        return np.asarray(self.loc + self.scale * np.where(is_t, heavy, ndtri(uniform)))
