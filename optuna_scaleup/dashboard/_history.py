"""What a study knew when each of its trials started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import TYPE_CHECKING

from optuna.trial import TrialState

from optuna_scaleup.data.liveness import elapsed
from optuna_scaleup.data.outcomes import counted_value
from optuna_scaleup.data.outcomes import is_feasible
from optuna_scaleup.data.outcomes import signs_of


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Known:
    """What was known when a trial started.

    Attributes:
        best: Best feasible value; :obj:`None` if there was none, or with several objectives.
        is_first: Whether no trial had started before.
        has_broken: Whether a complete trial had broken a constraint.
    """

    best: float | None = None
    is_first: bool = True
    has_broken: bool = False


class History:
    """The trials of a study, to be asked for what was known at any time.

    Args:
        study: The study.
        trials: All its trials.
    """

    def __init__(self, study: Study, trials: Sequence[FrozenTrial]) -> None:
        self._is_single = len(study.directions) == 1
        self._sign = float(signs_of(study.directions)[0])
        self._trials = trials
        # Read once: a study may be long, and is asked for many of its trials.
        self._values = [counted_value(trial) for trial in trials]
        self._is_broken = [_is_broken(trial) for trial in trials]

    def before(self, trial: FrozenTrial) -> Known:
        """What was known when a trial started; what ran beside it was not."""
        over = [i for i, other in enumerate(self._trials) if _is_over(other, trial)]
        values = [value for i in over if (value := self._values[i]) is not None]
        return Known(
            best=max(values, key=lambda v: self._sign * v) if self._is_single and values else None,
            is_first=not any(_is_started(other, trial) for other in self._trials),
            has_broken=any(self._is_broken[i] for i in over),
        )


def _is_broken(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE and not is_feasible(trial)


def _is_over(other: FrozenTrial, trial: FrozenTrial) -> bool:
    """Whether a trial had ended when another one started; by number if no time is stored.

    By number as well: what was added afterwards may be dated back.
    """
    if other.number >= trial.number or not other.state.is_finished():
        return False
    return _is_before(other.datetime_complete, trial.datetime_start)


def _is_started(other: FrozenTrial, trial: FrozenTrial) -> bool:
    """The same for its start; what is enqueued waits, and may start after later ones."""
    if other.number >= trial.number or other.state == TrialState.WAITING:
        return False
    return _is_before(other.datetime_start, trial.datetime_start)


def _is_before(one: datetime | None, other: datetime | None) -> bool:
    return one is None or other is None or elapsed(one, other) >= timedelta(0)
