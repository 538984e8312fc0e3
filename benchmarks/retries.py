"""What a supervisor does about trials that Optuna gave up without queueing their successors.

``fail_stale_trials`` marks all dead workers' trials as failed and then calls the storage's
callback for each. If the process is killed, or its storage goes away, in between, nobody tries
them again. The user guide has the same for users, "Parallel and distributed".
"""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta

from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.study import Study
from optuna.trial import TrialState

from benchmarks.fault_counts import retried


def retry_overlooked(study: Study, patience: timedelta) -> list[int]:
    """Queues failed trials that have no successor although they ended a while ago.

    Only one process may do so, or each of them queues a successor.

    Args:
        study: Of which no trial fails but by its worker's death.
        patience: How long a successor may take to be queued by the process that found its worker
            dead.

    Returns:
        Their numbers.
    """
    trials = study.get_trials(deepcopy=False)
    with_successor = retried(trials)
    overlooked = [
        trial
        for trial in trials
        if trial.state == TrialState.FAIL
        and trial.number not in with_successor
        and trial.datetime_complete is not None
        and datetime.now() - trial.datetime_complete > patience
    ]
    for trial in overlooked:
        RetryHeartbeatStaleTrialCallback()(study, trial)
    return [trial.number for trial in overlooked]
