"""The trials of one study as rows: finished, running, and why some are not used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import numpy as np
from optuna.trial import TrialState

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import enqueued_params
from optuna_scaleup.data.outcomes import constraint_columns
from optuna_scaleup.data.outcomes import signed_values
from optuna_scaleup.data.plan import has_plan
from optuna_scaleup.data.plan import planned_params
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


_N_FAILED_AVOIDED: Final = 10
_N_UNDECIDED_HEEDED: Final = 16
_LONGEST_THOUGHT: Final = timedelta(minutes=1)
PRUNED_USED: Final = "pruned, taken as no better than the median"
_SKIPPED_STATES: Final = {
    TrialState.FAIL: "skipped as failed",
    TrialState.PRUNED: "skipped as pruned",
}


def finished_rows(
    trials: Sequence[FrozenTrial], space: SearchSpace, signs: Array
) -> tuple[Dataset, Counter[str]]:
    """Complete and pruned trials as a dataset, and how many are special or left out, by kind.

    An infinite value counts as the worst (or best) finite one of its objective: a setting that
    diverged is worth knowing. So is one that was pruned, see :func:`_pruned_outcomes`.

    Raises:
        ValueError: If a trial has another number of objectives than there are signs.
    """
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    values = signed_values(complete, signs)
    is_usable = _usable(values)
    kept = [trial for trial, usable in zip(complete, is_usable, strict=True) if usable]
    kinds = Counter(_SKIPPED_STATES[t.state] for t in trials if t.state in _SKIPPED_STATES)
    kinds["skipped without a finite value"] = int(np.sum(~is_usable))
    kinds["infinite, taken as the nearest finite value"] = int(
        np.sum(np.isinf(values[is_usable]).any(axis=1))
    )
    Y = _clip_infinite(values[is_usable])
    stopped, Y_stopped = _pruned_outcomes(trials, Y, signs)
    kinds["skipped as pruned"] -= len(stopped)
    kinds[PRUNED_USED] = len(stopped)
    rows = [*kept, *stopped]
    dataset = Dataset(
        X=space.encode([trial.params for trial in rows]),
        Y=np.concatenate([Y, Y_stopped]),
        constraints=constraint_columns(rows),
    )
    return dataset, +kinds


def pending_rows(
    trials: Sequence[FrozenTrial], asking: FrozenTrial, space: SearchSpace, notices: Notices
) -> Array | None:
    """Points whose outcome is not known yet, shape ``(q, d)``: other running trials, as planned.

    The latest failed trials count as well. A failure teaches no value, but going straight back to
    the point that failed would repeat it for ever.
    """
    running = [
        trial
        for trial in trials
        if trial.state == TrialState.RUNNING and trial.number != asking.number
    ]
    failed = [trial for trial in trials if trial.state == TrialState.FAIL and trial.params]
    rows: list[dict[str, Any]] = [
        {**enqueued_params(t), **planned_params(t, notices), **t.params} for t in running
    ]
    rows += [trial.params for trial in failed[-_N_FAILED_AVOIDED:]]
    points = space.encode(rows)
    points = points[~np.all(np.isnan(points), axis=1)]
    return points if len(points) else None


def undecided_trials(trials: Sequence[FrozenTrial], asking: FrozenTrial) -> list[FrozenTrial]:
    """Running trials that started shortly before ``asking`` and show no sign of their plan yet.

    Other workers are thinking about them right now. Of older ones nothing will come.
    """
    started = asking.datetime_start
    return [
        trial
        for trial in trials
        if trial.state == TrialState.RUNNING
        and trial.number < asking.number
        and not trial.params
        and not has_plan(trial)
        and started is not None
        and trial.datetime_start is not None
        and abs(started - trial.datetime_start) < _LONGEST_THOUGHT
    ][-_N_UNDECIDED_HEEDED:]


def with_pending(problem: Problem, point: Array) -> Problem:
    """The same problem with one more point, shape ``(d,)``, whose outcome is not known yet."""
    known = np.empty((0, len(point))) if problem.X_pending is None else problem.X_pending
    return replace(problem, X_pending=np.concatenate([known, point[None]]))


def _usable(values: Array) -> Array:
    """Rows without ``NaN`` whose infinite entries have a finite peer, shape ``(n,)``."""
    has_no_nan = ~np.any(np.isnan(values), axis=1)
    has_finite = np.any(np.isfinite(values[has_no_nan]), axis=0)
    is_usable: Array = has_no_nan & np.all(np.isfinite(values) | has_finite, axis=1)
    return is_usable


def _pruned_outcomes(
    trials: Sequence[FrozenTrial], Y: Array, signs: Array
) -> tuple[list[FrozenTrial], Array]:
    """Pruned trials with an estimate of what they would have reached, shape ``(n_pruned, 1)``.

    Left out, they would draw the search back to where trials are pruned, again and again. A trial
    was pruned for lagging behind the others, and its last report mostly understates where it would
    have ended: the estimate is that report, but no better than the median of the complete trials
    and no worse than the worst, whatever scale the reports are on.

    Args:
        trials: Trials of one study.
        Y: Values of the complete ones with larger better, shape ``(n_complete, m)``; there is no
            estimate without one, nor for several objectives.
        signs: Factors that make larger values better, shape ``(m,)``.
    """
    if len(signs) != 1 or not len(Y):
        return [], np.empty((0, len(signs)))
    reports = [
        (trial, signs[0] * trial.intermediate_values[max(trial.intermediate_values)])
        for trial in trials
        if trial.state == TrialState.PRUNED and trial.intermediate_values
    ]
    reports = [(trial, report) for trial, report in reports if not np.isnan(report)]
    estimates = np.array([[report] for _, report in reports]).reshape(-1, 1)
    return [trial for trial, _ in reports], np.clip(estimates, Y.min(), np.median(Y))


def _clip_infinite(values: Array) -> Array:
    if not len(values):
        return values
    finite = np.where(np.isfinite(values), values, np.nan)
    clipped: Array = np.clip(values, np.nanmin(finite, axis=0), np.nanmax(finite, axis=0))
    return clipped
