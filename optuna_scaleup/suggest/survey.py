"""What the models of all outputs say of any point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optuna_scaleup.suggest.activity import Activity
from optuna_scaleup.suggest.composition import Models
from optuna_scaleup.suggest.optimize import Term
from optuna_scaleup.types import Array
from optuna_scaleup.types import Suggestion


_INTERVAL = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Survey:
    """What the models of all outputs say of any point.

    Attributes:
        models: One for each output.
        units: What the values of each objective were divided by.
        acquisition: How good a point looks.
        activity: Which parameters a branch of the space has.
        is_cold: Whether no source says anything.
    """

    models: Models
    units: tuple[float, ...]
    acquisition: Term
    activity: Activity
    is_cold: bool

    def told(self, x: Array) -> Suggestion:
        """A point, shape ``(d,)``, with what the models say of it."""
        objectives = self.models.objectives
        weights = () if self.is_cold else self._mean_source_weights()
        if len(objectives) > 1:
            return Suggestion(x, None, weights)
        (unit,) = self.units
        with np.errstate(over="ignore"):
            low, median, high = (unit * objectives[0].value_quantiles(x, _INTERVAL)).tolist()
        return Suggestion(x, (low, median, high), weights)

    def _mean_source_weights(self) -> tuple[float, ...]:
        """Used weights of sources and of "no source", averaged over the objectives."""
        weights = np.mean([model.used_weights for model in self.models.objectives], axis=0)
        return tuple(map(float, weights))
