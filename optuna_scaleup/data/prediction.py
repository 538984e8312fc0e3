"""What the model expected of a trial when it suggested it, kept with the trial in the storage."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from typing import Final

import numpy as np

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import write_attr
from optuna_scaleup.types import Array
from optuna_scaleup.types import Suggestion


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


_ATTR_NAME: Final = "prediction"
_MISLEADS: Final = 0.95  # Weight of "no source" from which on the sources no longer matter.
_N_DIGITS: Final = 6


def write_prediction(
    study: Study, trial: FrozenTrial, suggestion: Suggestion, signs: Array
) -> None:
    """Stores the predicted value and the weights of the sources, in the objective's own sign."""
    record: dict[str, list[float]] = {}
    if suggestion.value_interval is not None and len(signs) == 1:
        low, median, high = signs[0] * np.array(suggestion.value_interval)
        interval = [min(low, high), median, max(low, high)]
        if np.isfinite(interval).all():
            record["value_interval"] = [float(f"{v:.{_N_DIGITS}g}") for v in interval]
    if suggestion.source_weights:
        record["source_weights"] = [round(w, _N_DIGITS) for w in suggestion.source_weights]
    if record:
        write_attr(study, trial, _ATTR_NAME, record)


def tell_if_misled(study: Study, trial: FrozenTrial, weights: Array, notices: Notices) -> None:
    """One line when the large study has shown that its sources do not help."""
    if len(weights) and weights[-1] > _MISLEADS:
        message = (
            f"The sources of study {study.study_name!r} mislead: from trial {trial.number} on "
            f"they are ignored (weight {1.0 - weights[-1]:.2f} of 1)."
        )
        notices.once(logging.INFO, ("misleads", study.study_name), message)
