"""What the model expected of a trial when it suggested it, kept with the trial in the storage."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import numpy as np

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import read_attr
from optuna_scaleup._optuna import write_attr
from optuna_scaleup.data.rounding import rounded
from optuna_scaleup.types import MISLEADS
from optuna_scaleup.types import Array
from optuna_scaleup.types import Suggestion


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


_ATTR_NAME: Final = "prediction"


@dataclass(frozen=True)
class Prediction:
    """What was known of a trial before it ran, in the objective's own sign.

    Attributes:
        value_interval: 5 %, 50 % and 95 % quantiles of the predicted value; :obj:`None` without
            a model, with several objectives, or while no study tells the objective's unit.
        source_weights: What each source in use counted and, last, the study's own model.
        seconds: How long its suggestions took, all draws of its parameters together.
    """

    value_interval: tuple[float, float, float] | None = None
    source_weights: tuple[float, ...] = ()
    seconds: float | None = None

    def side_of(self, value: float) -> int | None:
        """Of the interval: -1 below, 0 inside, 1 above; :obj:`None` if there is none."""
        if self.value_interval is None:
            return None
        low, _, high = self.value_interval
        return int(value > high) - int(value < low)


def write_prediction(
    study: Study, trial: FrozenTrial, suggestion: Suggestion, signs: Array, seconds: float
) -> None:
    """Stores the predicted value, the weights of the sources and the time they took."""
    record: dict[str, Any] = {"seconds": round(seconds, 3)}
    if suggestion.value_interval is not None and len(signs) == 1:
        # Added to zero, so that none is "-0".
        low, median, high = signs[0] * np.array(suggestion.value_interval) + 0.0
        interval = [min(low, high), median, max(low, high)]
        if np.isfinite(interval).all():
            record["value_interval"] = rounded(interval)
    if suggestion.source_weights:
        record["source_weights"] = [round(w, 6) for w in suggestion.source_weights]
    write_attr(study, trial, _ATTR_NAME, record)


def read_prediction(trial: FrozenTrial) -> Prediction:
    """What was stored with a trial, as far as it can be read."""
    try:
        stored = read_attr(trial, _ATTR_NAME)
    except ValueError:
        return Prediction()
    if not isinstance(stored, dict):
        return Prediction()
    interval = _numbers(stored.get("value_interval"))
    seconds = _numbers([stored.get("seconds")])
    return Prediction(
        value_interval=(interval[0], interval[1], interval[2]) if len(interval) == 3 else None,
        source_weights=_numbers(stored.get("source_weights")),
        seconds=seconds[0] if seconds else None,
    )


def tell_if_misled(
    study: Study,
    trial: FrozenTrial,
    earlier: Sequence[FrozenTrial],
    weights: Sequence[float],
    notices: Notices,
) -> None:
    """One line when the large study has shown, twice running, that its sources do not help."""
    if not weights or weights[-1] <= MISLEADS:
        return
    last = [t for t in earlier if t.number < trial.number][-1:]
    if any(read_prediction(t).source_weights[-1:] > (MISLEADS,) for t in last):
        message = (
            f"The sources of study {study.study_name!r} tell less than its own trials do by now, "
            f"or mislead: trial {trial.number} is suggested without them (a share of "
            f"{1.0 - weights[-1]:.2f} of 1)."
        )
        notices.once(logging.INFO, ("misleads", study.study_name), message)


def _numbers(stored: Any) -> tuple[float, ...]:
    """A list of finite numbers as stored; empty if it is anything else."""
    if not isinstance(stored, list) or not all(type(v) in (int, float) for v in stored):
        return ()
    return tuple(map(float, stored)) if all(map(math.isfinite, stored)) else ()
