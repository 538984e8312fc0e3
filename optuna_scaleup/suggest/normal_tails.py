"""Normal-tail helpers that stay exact far from the mean.

``h(u) = phi(u) + u Phi(u)`` is the improvement of a standard normal over ``-u``. Above -1 the
direct formula is accurate; below, ``h = phi(u) (1 + u R(u))`` with ``R = Phi/phi`` from the scaled
complementary error function; from -1e3 on the difference would cancel, and the first terms of the
asymptotic series ``h ~ phi(u) (1 - 3/u^2) / u^2`` take over (Ament et al., 2023, appendix A).
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfcx
from scipy.special import ndtr

from optuna_scaleup.types import Array


_LOG_SQRT_2PI = 0.5 * float(np.log(2.0 * np.pi))
_SQRT_PI_2 = float(np.sqrt(np.pi / 2.0))
_ASYMPTOTIC = -1e3


def log_phi(u: Array) -> Array:
    """Log density of the standard normal."""
    return np.asarray(-0.5 * u * u - _LOG_SQRT_2PI)


def log_improvement(u: Array) -> Array:
    """``log h(u)``, elementwise, finite for ``u`` down to -1e150, where ``u**2`` overflows."""
    # Each formula where it holds only: with several objectives this is most of a suggestion.
    is_tail = u <= -1.0
    value = np.empty(u.shape)
    near, tail = u[~is_tail], u[is_tail]
    value[~is_tail] = np.log(np.exp(log_phi(near)) + near * ndtr(near))
    value[is_tail] = log_phi(tail) + _log_tail_ratio(tail)
    return value


def _log_tail_ratio(u: Array) -> Array:
    """``log(h(u) / phi(u))`` for ``u <= -1``; its value at -1 above."""
    tail = np.minimum(u, -1.0)
    is_far = tail <= _ASYMPTOTIC
    middle = np.maximum(tail, _ASYMPTOTIC)
    ratio = np.log1p(middle * _SQRT_PI_2 * erfcx(-middle / np.sqrt(2.0)))
    far = tail[is_far]
    ratio[is_far] = np.log1p(-3.0 / (far * far)) - 2.0 * np.log(-far)
    return np.asarray(ratio)


def improvement_slopes(u: Array) -> tuple[Array, Array]:
    """``Phi / h`` and ``phi / h``: slopes of ``log(sigma h)`` in mean and sigma, times sigma."""
    log_h = log_improvement(u)
    # Not the difference of two logarithms in the tail: from -1e6 on it cancels.
    density = np.exp(np.where(u > -1.0, log_phi(u) - log_h, -_log_tail_ratio(u)))
    tail = np.minimum(u, 0.0)
    left = _SQRT_PI_2 * erfcx(-tail / np.sqrt(2.0)) * density
    right = ndtr(u) / np.exp(np.where(u > 0.0, log_h, 0.0))
    return np.where(u > 0.0, right, left), density


def probability_slope(u: Array) -> Array:
    """Slope of ``log Phi``: ``phi / Phi``, the inverse Mills ratio, exact in both tails."""
    with np.errstate(over="ignore"):  # far above, where the slope is zero
        return np.asarray(1.0 / (_SQRT_PI_2 * erfcx(-u / np.sqrt(2.0))))
