"""One acquisition function of the models of all outputs.

The logarithms of what the terms say are added up: the gain in the objective, and the probability
that each constraint holds (Schonlau et al., 1998; Gardner et al., 2014), less the expected cost
(Snoek et al., 2012). Outputs are modelled apart, so each term is averaged over its own model's
draws.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

import numpy as np

from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.suggest.acquisition import CautiousMean
from optuna_scaleup.suggest.acquisition import Criterion
from optuna_scaleup.suggest.acquisition import MixtureAcquisition
from optuna_scaleup.suggest.acquisition import PosteriorMean
from optuna_scaleup.suggest.acquisition import best_mean
from optuna_scaleup.suggest.cheapness import LogCheapness
from optuna_scaleup.suggest.hypervolume import HypervolumeImprovement
from optuna_scaleup.suggest.limits import INFEASIBLE
from optuna_scaleup.suggest.limits import LOG_HALF
from optuna_scaleup.suggest.limits import BelowHalf
from optuna_scaleup.suggest.limits import Limited
from optuna_scaleup.suggest.limits import log_feasibility
from optuna_scaleup.suggest.optimize import Acquisition
from optuna_scaleup.suggest.optimize import Term
from optuna_scaleup.types import Array
from optuna_scaleup.types import are_near


# What a first trial gains, where cost counts, is what lies above half way from median to best.
_HALF_WAY = 0.5
_SOFTNESS = 0.1
_SURE = 1e-6  # standard deviation


@dataclass(frozen=True)
class Models:
    """The model of every output.

    Attributes:
        objectives: One each.
        constraints: One each, by name; feasible where the value is zero or less.
        log_cost: Of the logarithm of the cost, if it matters.
        failure: Of whether a trial fails, likely where the value is above zero, if several did.
    """

    objectives: Sequence[Mixture]
    constraints: Mapping[str, Mixture] = field(default_factory=dict)
    log_cost: Mixture | None = None
    failure: Mixture | None = None

    @property
    def n_outputs(self) -> int:
        return len(self.objectives) + len(self.limits) + (self.log_cost is not None)

    @property
    def limits(self) -> list[Mixture]:
        """What has to be zero or less: the constraints, and that a trial fails."""
        return [*self.constraints.values(), *([] if self.failure is None else [self.failure])]

    def is_feasible(self, X: Array, observed: Array) -> Array:
        """Rows of ``X`` at which every constraint holds, shape ``(n,)``.

        Args:
            X: Shape ``(n, d)``.
            observed: Whether each constraint held there, shape ``(n, n_constraints)``; where it is
                ``NaN``, what is more likely counts.
        """
        is_feasible = np.ones(len(X), dtype=bool)
        for constraint, held in zip(self.constraints.values(), observed.T, strict=True):
            is_likely = log_feasibility(constraint).value(X) >= LOG_HALF
            is_feasible &= np.where(np.isnan(held), is_likely, held > 0.0)
        return is_feasible


def compose(models: Models, criterion: Criterion, X_tried: Array, observed: Array) -> Term:
    """What to maximise.

    As long as nothing feasible was tried there is no value to improve on: the most likely feasible
    point is sought. The very first point is the best one expected; where nothing else counts, a
    point that is unsure is worth less. Whoever asks for the best expected value gets a point that
    likely keeps all constraints, if any does. Where cost counts the first point is a cheap one of
    the good ones: with no value to improve on, any improvement per cost would be a cheap one, and
    the best one expected, whatever it costs, may take most of a budget.

    Args:
        models: Of all outputs.
        criterion: What a single objective's prediction is worth, once something was tried. Of
            several objectives the hypervolume counts.
        X_tried: Finished and running trials, shape ``(n, d)``, and failed ones if nothing is said
            of failures.
        observed: Whether they kept each constraint, see :meth:`Models.is_feasible`.
    """
    is_first = not len(X_tried)
    kept: list[Term] = [log_feasibility(c) for c in models.constraints.values()]
    factors = [*kept, *([] if models.failure is None else [log_feasibility(models.failure)])]
    if models.log_cost is not None and not (is_first and len(models.objectives) > 1):
        factors.append(LogCheapness(models.log_cost))
    is_feasible = models.is_feasible(X_tried, observed)
    X_feasible = X_tried[is_feasible]
    if not is_first and not len(X_feasible):
        return Sum(factors)
    if len(models.objectives) > 1:
        gained = HypervolumeImprovement(models.objectives, X_feasible, X_tried[~is_feasible])
        return Sum([gained, *factors])
    (objective,) = models.objectives
    if is_first:
        # What an unsure value is worth beside a limit or a cost depends on where zero is.
        criterion = PosteriorMean() if factors else CautiousMean()
    gain = MixtureAcquisition(objective, criterion, best_mean(objective, X_feasible))
    if not factors:
        return gain
    if criterion.is_log:
        return Sum([gain, *factors])
    is_bargain = is_first and models.log_cost is not None
    positive = LogPositive(gain, _HALF_WAY, _SOFTNESS) if is_bargain else LogPositive(gain)
    total = Sum([positive, *factors])
    if not kept or not isinstance(criterion, PosteriorMean):
        return total
    # Not where trials fail: two failures and nothing else are no reason to go as far as one can.
    return Limited(total, [BelowHalf(Sum(kept))])


def draw_functions(
    models: Models, n_paths: int, rng: np.random.Generator, no_source_odds: float = 1.0
) -> Callable[[Array], Array]:
    """Functions drawn from the model of the only objective, with constraints drawn for each.

    Each is far worse where a constraint drawn with it is broken, or where a trial likely fails,
    the more so the more. Which trials fail is known by yes and no only: functions drawn from that
    find a gap in any region of failures.

    Args:
        models: Of all outputs.
        n_paths: How many.
        rng: Random numbers.
        no_source_odds: See :meth:`Mixture.sample`.

    Returns:
        Values of all of them at rows in unit coordinates, ``(q, d)`` to ``(n_paths, q)``.
    """
    (objective,) = models.objectives
    functions = objective.sample(n_paths, rng, no_source_odds)
    limits = [
        c.sample(n_paths, rng, no_source_odds, zero=0.0) for c in models.constraints.values()
    ]
    failing = None if models.failure is None else BelowHalf(log_feasibility(models.failure))

    def values(X: Array) -> Array:
        excess = sum((np.maximum(limit(X), 0.0) for limit in limits), np.zeros(1))
        if failing is not None:
            excess = excess - failing.value(X)
        return np.asarray(functions(X) - INFEASIBLE * excess)

    return values


class DrawnFunction:
    """One function drawn from the model of the only objective: Thompson sampling.

    Its best point is a draw of where the optimum is. It has no gradient.

    Args:
        models: Of all outputs.
        rng: Random numbers.
    """

    label = "drawn function"
    is_log = False

    def __init__(self, models: Models, rng: np.random.Generator) -> None:
        self._function = draw_functions(models, 1, rng)

    def value(self, X: Array) -> Array:
        return np.asarray(self._function(X)[0])

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        return float(self.value(x[None])[0]), np.zeros_like(x)


class Apart:
    """An acquisition function that is far worse close to what runs.

    Two runs there tell no more than one. But where a model is sure of the optimum, a running trial
    makes it hardly surer, and all workers would go there.

    Args:
        acquisition: Of any kind.
        points: Not to come close to, shape ``(n, d)``.
    """

    def __init__(self, acquisition: Acquisition, points: Array) -> None:
        self._acquisition = acquisition
        self._points = points

    def value(self, X: Array) -> Array:
        return np.asarray(self._acquisition.value(X) - self._penalty(X))

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        value, grad = self._acquisition.value_and_grad(x)
        return value - float(self._penalty(x[None])[0]), grad

    def _penalty(self, X: Array) -> Array:
        return np.where(are_near(X, self._points).any(axis=1), INFEASIBLE, 0.0)


class Sum:
    """The sum of several acquisition functions.

    Args:
        terms: At least one.
    """

    is_log = True

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms
        self.label = ", ".join(dict.fromkeys(term.label for term in terms))

    def value(self, X: Array) -> Array:
        return np.asarray(sum(term.value(X) for term in self._terms))

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        values, grads = zip(*(term.value_and_grad(x) for term in self._terms), strict=True)
        return sum(values), np.sum(grads, axis=0)


class LogPositive:
    """Logarithm of a gain that may be negative, made positive by softplus, to weigh it by odds.

    Args:
        gain: Not a logarithm.
        floor: What counts as none, in units of what an unsure best is worth above a sure median.
        softness: How far about the floor the gain bends, in the same unit.
    """

    is_log = True

    def __init__(
        self, gain: MixtureAcquisition, floor: float = 0.0, softness: float = 1.0
    ) -> None:
        self._gain = gain
        self.label = gain.label
        # The criterion's own zero and unit. No prediction is as sure as that, so a criterion may
        # divide by the standard deviation.
        zero = gain.rate(0.0, _SURE)
        unit = abs(gain.rate(1.0, 1.0) - zero) or 1.0
        self._zero = zero + floor * unit
        self._unit = softness * unit

    def value(self, X: Array) -> Array:
        return _log_softplus((self._gain.value(X) - self._zero) / self._unit)

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        gain, grad = self._gain.value_and_grad(x)
        u = np.array((gain - self._zero) / self._unit)
        value = float(_log_softplus(u))
        slope = float(np.exp(-np.logaddexp(0.0, -u) - value))
        return value, slope * grad / self._unit


def _log_softplus(u: Array) -> Array:
    """``log log(1 + exp(u))``, ``u`` itself far below zero, where the inner logarithm vanishes."""
    return np.where(u < -30.0, u, np.log(np.logaddexp(0.0, np.maximum(u, -30.0))))
