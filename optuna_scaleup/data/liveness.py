"""Which running trials are alive: a killed worker leaves its trial running for ever."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Final

from optuna.trial import TrialState

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import has_lost_heartbeat
from optuna_scaleup._optuna import keeps_heartbeat


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


_LEAST_PATIENCE: Final = timedelta(minutes=15)  # a short trial is no sign that all are short
_PATIENCE: Final = 10  # in durations of the longest complete trial
_WITH_HEARTBEAT: Final = 10  # times as patient: only a trial of `study.ask` has none then


def without_dead(
    study: Study, trials: Sequence[FrozenTrial], asking: FrozenTrial, notices: Notices
) -> list[FrozenTrial]:
    """The trials without those that run no more, whatever their state says.

    Optuna's heartbeat tells them, where the storage has one. Otherwise a trial is given up when it
    has been running for much longer than any complete one took, and beside a heartbeat, which a
    trial of ``study.ask`` lacks, for longer still. Before a trial is complete, nobody knows how
    long they take, and none is given up.

    Args:
        study: The study that they belong to.
        trials: Its trials.
        asking: The trial to suggest for; its start is taken for the present.
        notices: Where trials that were given up are told of.
    """
    is_lost = has_lost_heartbeat(study)
    patience = _patience(trials, _WITH_HEARTBEAT if keeps_heartbeat(study) else 1)
    dead = {
        trial.number
        for trial in trials
        if trial.state == TrialState.RUNNING
        and trial.number != asking.number
        and (is_lost(trial) or _age(trial, asking) > patience)
    }
    for number in dead:
        message = f"Trial {number} of study {study.study_name!r} seems dead; it no longer counts."
        notices.once(logging.INFO, ("dead", study.study_name, str(number)), message)
    return [trial for trial in trials if trial.number not in dead]


def _patience(trials: Sequence[FrozenTrial], factor: int) -> timedelta:
    """How long a trial may run."""
    durations = [
        trial.duration
        for trial in trials
        if trial.state == TrialState.COMPLETE and trial.duration  # none: added, not run
    ]
    if not durations:
        return timedelta.max
    return factor * max(_LEAST_PATIENCE, _PATIENCE * max(durations))


def _age(trial: FrozenTrial, asking: FrozenTrial) -> timedelta:
    """How long the trial had been running when ``asking`` started; zero if that is not known."""
    if trial.datetime_start is None or asking.datetime_start is None:
        return timedelta(0)
    return elapsed(trial.datetime_start, asking.datetime_start)


def elapsed(start: datetime, end: datetime) -> timedelta:
    """Time between two moments; one that was told by another program may name its time zone."""
    return timedelta(seconds=end.timestamp() - start.timestamp())
