"""What became of the trials of several workers, some of them killed."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from collections.abc import Sequence

from optuna.trial import FrozenTrial
from optuna.trial import TrialState


TRAINING = "training"  # user attribute: which worker trains until when


def in_training(
    trials: Sequence[FrozenTrial], workers: Collection[str], now: float
) -> list[FrozenTrial]:
    """Trials that one of these workers is training.

    A running trial may be of another worker, who is dead, or of one of these that has gone on
    after an error of the storage: then its training has ended.
    """
    running = [t for t in trials if t.state == TrialState.RUNNING and TRAINING in t.user_attrs]
    told = [(t, t.user_attrs[TRAINING]) for t in running]
    return [t for t, it in told if it["worker"] in workers and now < it["ends"]]


def n_lost(trials: Sequence[FrozenTrial], killed: Collection[int], has_heartbeat: bool) -> int:
    """Killed trials without a successor, finished, running or waiting; and missing numbers.

    Args:
        trials: Of the study in the end.
        killed: Numbers of those that were running when their worker was killed.
        has_heartbeat: Whether the storage notices dead workers. Otherwise a killed trial that
            runs for ever is as it should be.
    """
    missing = {*range(len(trials)), *killed} - {t.number for t in trials}
    accepted = {TrialState.COMPLETE} | (set() if has_heartbeat else {TrialState.RUNNING})
    alone = {t.number for t in trials if t.state not in accepted} - retried(trials)
    return len(missing) + len(alone & set(killed))


def n_failed(trials: Sequence[FrozenTrial], killed: Collection[int]) -> int:
    """Failed trials that were not killed and not tried again."""
    failed = {t.number for t in trials if t.state == TrialState.FAIL}
    return len(failed - set(killed) - retried(trials))


def retried(trials: Sequence[FrozenTrial]) -> set[int]:
    """Numbers of trials that have a successor, as Optuna's retry callbacks note it."""
    return {n for t in trials for n in t.system_attrs.get("retry_history", [])}


def n_identical(trials: Sequence[FrozenTrial]) -> int:
    """Pairs of which one was suggested while the other ran with the same parameters."""
    timed = [t for t in trials if "suggested" in t.user_attrs and t.datetime_complete is not None]
    timed = [t for t in timed if t.state == TrialState.COMPLETE]
    timed.sort(key=lambda t: t.user_attrs["suggested"])
    return sum(
        one.params == other.params
        and one.datetime_complete is not None
        and other.user_attrs["suggested"] < one.datetime_complete.timestamp()
        for one, other in itertools.combinations(timed, 2)
    )


def n_distinct(trials: Sequence[FrozenTrial]) -> int:
    """How many different points some trials tried."""
    return len({tuple(sorted(trial.params.items())) for trial in trials})
