"""Outcome warp: linear in the good half, logarithmic in the bad tail, or linear altogether.

``v = 1 + (y - best) / s``, with ``s`` about the distance from median to best, is zero at the
study's median and one at its best; ``w(v) = v`` for ``v >= 0`` and ``-log(1 - v)`` below. ``w`` is
monotone and continuously differentiable, leaves the good half alone and keeps diverged runs from
owning the variance. But it bends what is smooth: of an output that has to be predicted everywhere,
and has no such tail, a model without it knows more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optuna_scaleup.types import Array


_MIN_PENALISED = 3  # trials that share the worst value
_MIN_MEASURED = 5  # others, so that these have a median to speak of
_TAIL = 100.0  # Values further below the best than this many distances median to best are clipped.


@dataclass(frozen=True)
class OutcomeWarp:
    """``w``, or, linear, ``v`` itself; elementwise.

    Attributes:
        is_linear: Whether it is ``v`` itself.
    """

    is_linear: bool = False

    def value(self, v: Array) -> Array:
        """``w(v)``."""
        return v if self.is_linear else warp(v)

    def inverse(self, z: Array) -> Array:
        """Inverse of :meth:`value`."""
        return z if self.is_linear else unwarp(z)

    def log_slope(self, v: Array) -> Array:
        """``log w'(v)``."""
        return np.zeros_like(v) if self.is_linear else log_slope(v)

    def log_slope_derivative(self, v: Array) -> Array:
        """``w''(v) / w'(v)``."""
        return np.zeros_like(v) if self.is_linear else log_slope_derivative(v)


TAILED = OutcomeWarp()


def warp(v: Array) -> Array:
    """``w(v)``, elementwise."""
    return np.where(v >= 0.0, v, -np.log1p(np.maximum(-v, 0.0)))


def log_slope(v: Array) -> Array:
    """``log w'(v)``, elementwise."""
    return np.asarray(-np.log1p(np.maximum(-v, 0.0)))


def log_slope_derivative(v: Array) -> Array:
    """``w''(v) / w'(v)``, elementwise."""
    return np.where(v >= 0.0, 0.0, 1.0 / (1.0 + np.maximum(-v, 0.0)))


def unwarp(z: Array) -> Array:
    """Inverse of :func:`warp`, elementwise."""
    return np.where(z >= 0.0, z, -np.expm1(np.maximum(-z, 0.0)))


def robust_scale(y: Array) -> float:
    """Distance from median to best; falls back to the range, then to one, when it is zero.

    Args:
        y: Values of one study, shape ``(n,)``, larger is better.
    """
    best = float(np.max(y))
    with np.errstate(over="ignore"):  # the sum of two values next to the largest float
        median = float(np.median(y))
    for worse in (median, float(np.min(y))):
        if best - worse > 1e-12 * max(abs(best), abs(worse)):
            return best - worse
    return 1.0


def winsorise(y: Array) -> Array:
    """Lifts the worst values so that no diverged run dwarfs the rest; keeps the good end."""
    if len(y) < 3:
        return y
    return np.asarray(np.maximum(y, np.max(y) - _TAIL * robust_scale(y)))


def lift_penalty(y: Array) -> Array:
    """Brings a penalty near the values that were measured.

    A worst value that several trials share is a penalty, and what it lacks to the others a matter
    of taste. If most of a study has it, the study's scale would be that taste: at most one
    distance from median to best of the others counts.

    Args:
        y: Objective values of one study, shape ``(n,)``, larger is better.
    """
    if not len(y):
        return y
    is_worst = y == np.min(y)
    others = y[~is_worst]
    if is_worst.sum() < _MIN_PENALISED or len(others) < _MIN_MEASURED:
        return y
    return np.where(is_worst, np.maximum(y, np.min(others) - robust_scale(others)), y)
