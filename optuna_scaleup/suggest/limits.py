"""What has to be zero or less: how likely that is, and how far off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.suggest.acquisition import LeastExcess
from optuna_scaleup.suggest.acquisition import LogProbabilityOfFeasibility
from optuna_scaleup.suggest.acquisition import MixtureAcquisition
from optuna_scaleup.suggest.optimize import Acquisition
from optuna_scaleup.suggest.optimize import Term
from optuna_scaleup.types import Array


LOG_HALF = float(np.log(0.5))
INFEASIBLE = 1e6  # for each unit by which a limit is broken: no value makes up for it


def log_feasibility(limit: Mixture) -> MixtureAcquisition:
    """Log probability that a limit holds."""
    return MixtureAcquisition(limit, LogProbabilityOfFeasibility(), limit.to_warped(np.zeros(1)))


def least_excess(limit: Mixture) -> MixtureAcquisition:
    """By how much a limit is expected to be broken, negative; zero where it is not."""
    return MixtureAcquisition(limit, LeastExcess(), limit.to_warped(np.zeros(1)))


class BelowHalf:
    """How far a probability is below one half, negative, in nats; zero where it is not.

    Args:
        log_probability: Its logarithm.
    """

    def __init__(self, log_probability: Acquisition) -> None:
        self._log_probability = log_probability

    def value(self, X: Array) -> Array:
        return np.minimum(self._log_probability.value(X) - LOG_HALF, 0.0)

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        value, grad = self._log_probability.value_and_grad(x)
        return min(value - LOG_HALF, 0.0), grad * (value < LOG_HALF)


class Limited:
    """An acquisition function that is far worse where limits are broken, the more so the more.

    Args:
        acquisition: Of any kind.
        excesses: By how much each limit is broken, negative or zero.
    """

    def __init__(self, acquisition: Term, excesses: Sequence[Acquisition]) -> None:
        self._acquisition = acquisition
        self._excesses = excesses
        self.label = acquisition.label
        self.is_log = acquisition.is_log

    def value(self, X: Array) -> Array:
        excess = sum((one.value(X) for one in self._excesses), np.zeros(len(X)))
        return np.asarray(self._acquisition.value(X) + INFEASIBLE * excess)

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        value, grad = self._acquisition.value_and_grad(x)
        for one in self._excesses:
            excess, slope = one.value_and_grad(x)
            value, grad = value + INFEASIBLE * excess, grad + INFEASIBLE * slope
        return value, grad
