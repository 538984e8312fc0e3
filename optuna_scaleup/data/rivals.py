"""Two workers that look at the same moment may plan much the same: which of them draws anew.

A storage has no locks. Each trial writes its plan and looks again. The one with the higher number
gives way, unless it had looked before the other wrote: then it does not know, goes on and soon
shows its parameters, and the lower one gives way. Hence the lower one waits for a moment.
"""

from __future__ import annotations

import time
from collections.abc import Container
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from optuna.trial import TrialState

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import read_trials
from optuna_scaleup.data.liveness import without_dead
from optuna_scaleup.data.plan import intended_params
from optuna_scaleup.data.plan import read_plan
from optuna_scaleup.data.space import SearchSpace


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


_LONGEST_WAIT: Final = 2.0  # seconds
_PAUSE: Final = 0.02


def must_give_way(
    study: Study,
    asking: FrozenTrial,
    params: Mapping[str, Any],
    space: SearchSpace,
    seen: Container[int],
    notices: Notices,
) -> bool:
    """Whether another trial tries what ``asking`` has just written down, or nearly so.

    Args:
        study: The study of both.
        asking: The trial whose plan was written.
        params: What it plans.
        space: What it plans in.
        seen: Numbers of the finished trials that the plan takes into account.
        notices: Where unreadable plans are told of.
    """

    def rivals_now() -> list[FrozenTrial]:
        """Other trials, running or finished meanwhile, with much the same parameters."""
        return [
            trial
            for trial in without_dead(study, read_trials(study), asking, notices)
            if trial.state != TrialState.WAITING
            and trial.number != asking.number
            and trial.number not in seen
            and space.are_near(intended_params(trial, notices), params)
        ]

    deadline = time.monotonic() + _LONGEST_WAIT
    while rivals := rivals_now():
        if any(rival.number < asking.number or _goes_on(rival, notices) for rival in rivals):
            return True
        if time.monotonic() > deadline:
            return True
        time.sleep(_PAUSE)
    return False


def _goes_on(trial: FrozenTrial, notices: Notices) -> bool:
    """Whether a trial can no longer draw anew."""
    if trial.state.is_finished():
        return True
    plan = read_plan(trial, notices)
    if plan is None:
        return True
    return bool(trial.params) and (plan.is_relative or plan.params.keys() <= trial.params.keys())
