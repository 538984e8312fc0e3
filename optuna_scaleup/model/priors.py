"""Independent Student-t priors over a packed vector of hyperparameters.

Heavy tails where a surprise must stay affordable (units that change, an optimum that moves far),
``dof = inf`` for a normal prior. Of an optimum that moves along some axes only, and nobody knows
along which, the prior has a spike about zero beside it ("spike and slab", George & McCulloch,
1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import expit
from scipy.special import gammaln
from scipy.special import ndtri
from scipy.special import stdtrit

from optuna_scaleup.types import Array


EDGE = 1e-9  # of the unit interval, at whose ends quantiles are infinite


@dataclass(frozen=True)
class Spike:
    """What else the first entries may be: about zero.

    Attributes:
        share: Prior probability of that, shape ``(m,)``, each in [0, 1).
        scale: Of a Student-t density about zero, as heavy-tailed as the entry's other one, shape
            ``(m,)``, positive.
    """

    share: Array
    scale: Array


NO_SPIKE = Spike(np.zeros(0), np.ones(0))


@dataclass(frozen=True)
class Prior:
    """Product of location-scale Student-t densities, the first ones perhaps beside a spike.

    Attributes:
        loc: Shape ``(p,)``.
        scale: Shape ``(p,)``, positive.
        dof: Degrees of freedom, shape ``(p,)``; ``inf`` is normal.
        start: Where a search for the mode begins, shape ``(p,)``.
        spike: Of the first entries.
    """

    loc: Array
    scale: Array
    dof: Array
    start: Array
    spike: Spike = NO_SPIKE

    def log_density(self, theta: Array) -> Array:
        """Log density at ``theta``, shape ``(..., p)``; returns shape ``(...)``."""
        misfit = _misfit((theta - self.loc) / self.scale, self._dof)
        value = np.asarray(self._log_norm - 0.5 * misfit.sum(axis=-1))
        if not self._n_spiked:
            return value
        slab, spike = self._log_shares
        ratio = self._log_spike_ratio(theta, misfit)
        return np.asarray(value + np.logaddexp(slab, spike + ratio).sum(axis=-1))

    @cached_property
    def _dof(self) -> _Dof:
        is_t = np.isfinite(self.dof)
        return _Dof(is_t, np.where(is_t, self.dof, 1.0))

    @cached_property
    def _log_norm(self) -> float:
        """Log density at ``loc``; every step of a search for modes asks for it."""
        is_t, nu = self._dof
        heavy = gammaln((nu + 1.0) / 2.0) - gammaln(nu / 2.0) - 0.5 * np.log(nu * np.pi)
        peak = np.where(is_t, heavy, -0.5 * np.log(2.0 * np.pi))
        return float((peak - np.log(self.scale)).sum())

    @cached_property
    def _n_spiked(self) -> int:
        return len(self.spike.share) if self.spike.share.any() else 0

    @cached_property
    def _log_shares(self) -> tuple[Array, Array]:
        """Prior log probability of the first entries that they are off, or in, the spike."""
        with np.errstate(divide="ignore"):
            return np.log1p(-self.spike.share), np.log(self.spike.share)

    @property
    def starts(self) -> Array:
        """The start and, beside a spike, the same in it, shape ``(1, p)`` or ``(2, p)``."""
        if not self._n_spiked:
            return self.start[None]
        still = self.start.copy()
        still[: self._n_spiked][self.spike.share > 0.0] = 0.0
        return np.stack([self.start, still])

    def _log_spike_ratio(self, theta: Array, off: Array) -> Array:
        """How much likelier the first entries are in the spike than off it.

        Args:
            theta: Shape ``(..., p)``.
            off: Their misfit off it, shape ``(..., m)`` or more.
        """
        m = self._n_spiked
        on = _misfit(theta[..., :m] / self.spike.scale, self._dof.of_first(m))
        return np.asarray(0.5 * (off[..., :m] - on) + np.log(self.scale[:m] / self.spike.scale))

    def gradient(self, theta: Array) -> Array:
        """Gradient of :meth:`log_density`, shape ``(..., p)``."""
        u = (theta - self.loc) / self.scale
        grad = _slope(u, self._dof) / self.scale
        m = self._n_spiked
        if m:
            slab, spike = self._log_shares
            dof, scale = self._dof.of_first(m), self.spike.scale
            is_on = expit(spike - slab + self._log_spike_ratio(theta, _misfit(u[..., :m], dof)))
            on = _slope(theta[..., :m] / scale, dof) / scale
            grad[..., :m] += is_on * (on - grad[..., :m])
        return np.asarray(grad)

    def quantile(self, uniform: Array) -> Array:
        """Maps points of the open unit cube, shape ``(n, p)``, to draws."""
        m = self._n_spiked
        share, scale = self.spike.share[:m], self.spike.scale[:m]
        level, is_on = uniform.copy(), uniform[:, :m] < share
        # The lowest part of an axis of the cube is the spike's; the border belongs to neither.
        part = np.where(
            is_on,
            uniform[:, :m] / np.where(is_on, share, 1.0),
            (uniform[:, :m] - share) / (1.0 - share),
        )
        level[:, :m] = np.clip(part, EDGE, 1.0 - EDGE)
        is_t, nu = self._dof
        z = np.where(is_t, stdtrit(nu, level), ndtri(level))
        theta = self.loc + self.scale * z
        theta[:, :m] = np.where(is_on, scale * z[:, :m], theta[:, :m])
        return np.asarray(theta)


class _Dof(NamedTuple):
    """Which densities are Student's t, and their degrees of freedom, one elsewhere."""

    is_t: Array
    nu: Array

    def of_first(self, m: int) -> _Dof:
        return _Dof(self.is_t[:m], self.nu[:m])


def _misfit(u: Array, dof: _Dof) -> Array:
    """Minus twice the log density, but for a constant, at standardised entries."""
    u2 = u * u
    return np.asarray(np.where(dof.is_t, (dof.nu + 1.0) * np.log1p(u2 / dof.nu), u2))


def _slope(u: Array, dof: _Dof) -> Array:
    """Derivative of the log density in standardised entries."""
    return np.asarray(np.where(dof.is_t, -(dof.nu + 1.0) * u / (dof.nu + u * u), -u))
