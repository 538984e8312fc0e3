"""The trials of one study as rows: finished, running, and why some are not used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

import numpy as np
from optuna.trial import TrialState

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import enqueued_params
from optuna_scaleup._optuna import retried_numbers
from optuna_scaleup.data.cost import CostOf
from optuna_scaleup.data.cost import complaint
from optuna_scaleup.data.cost import cost_column
from optuna_scaleup.data.curves import StudyCurves
from optuna_scaleup.data.curves import pruned_outcomes
from optuna_scaleup.data.liveness import elapsed
from optuna_scaleup.data.outcomes import constraint_columns
from optuna_scaleup.data.outcomes import signed_values
from optuna_scaleup.data.plan import has_plan
from optuna_scaleup.data.plan import intended_params
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


_N_AVOIDED: Final = 32
_N_FAILED: Final = 64
_N_UNDECIDED_HEEDED: Final = 16
_LONGEST_THOUGHT: Final = timedelta(minutes=1)
PRUNED_SKIPPED: Final = "skipped as pruned"
PRUNED_USED: Final = "pruned, their outcome estimated"
_SKIPPED_STATES: Final = {
    TrialState.FAIL: "that failed",
    TrialState.PRUNED: PRUNED_SKIPPED,
}


class Finished(NamedTuple):
    """The finished trials of a study.

    Attributes:
        dataset: Those of which an outcome is known or estimated.
        kinds: How many are special or left out, by kind.
        unused: The others, which failed or say nothing yet.
    """

    dataset: Dataset
    kinds: Counter[str]
    unused: list[FrozenTrial]


def finished_rows(
    trials: Sequence[FrozenTrial],
    space: SearchSpace,
    signs: Array,
    source_curves: Sequence[StudyCurves] = (),
    cost: CostOf | None = None,
    plan_notices: Notices | None = None,
) -> Finished:
    """Complete and pruned trials as a dataset.

    An infinite value counts as the worst (or best) finite one of its objective: a setting that
    diverged is worth knowing. So is one that was pruned, see
    :func:`~optuna_scaleup.data.curves.pruned_outcomes`, which the curves of sources may help. What
    it cost tells where a pruner stops early, so that a bold trial is a cheap one.

    Args:
        trials: All trials of the study.
        space: The target's parameters.
        signs: One for each objective, minus one where it is minimised.
        source_curves: Learning curves of the sources.
        cost: What a trial cost, if that matters.
        plan_notices: Where unreadable plans are told of; none of a source, whose plans are in its
            own names and units and do not count.

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
    Y = _clip_infinite(values)[is_usable]
    stopped, Y_stopped, noise_var = pruned_outcomes(trials, Y, signs, source_curves)
    kinds[PRUNED_SKIPPED] -= len(stopped)
    kinds[PRUNED_USED] = len(stopped)
    rows = [*kept, *stopped]
    constraints, kinds["with a constraint that is not finite"] = constraint_columns(rows)
    costs = None
    if cost is not None:
        costs = cost_column(rows, cost)
        free = [t for t, paid in zip(kept, costs, strict=False) if np.isnan(paid)]
        if free:
            kind = f"complete without a positive, finite cost ({complaint(free[0], cost)})"
            kinds[kind] = len(free)
    params = [trial.params for trial in rows]
    X = space.encode(params)
    dataset = Dataset(
        X=X,
        Y=np.concatenate([Y, Y_stopped]),
        noise_var=np.concatenate([np.zeros(len(Y)), noise_var]) if len(stopped) else None,
        constraints=constraints,
        cost=costs,
        is_foreign=space.is_foreign(params, X),
        X_failed=_failed_rows(trials, rows, space, X, plan_notices),
    )
    used = {id(trial) for trial in rows}
    unused = [t for t in trials if t.state.is_finished() and id(t) not in used]
    return Finished(dataset, +kinds, unused)


def _failed_rows(
    trials: Sequence[FrozenTrial],
    went_well: Sequence[FrozenTrial],
    space: SearchSpace,
    X: Array,
    plan_notices: Notices | None,
) -> Array | None:
    """Points of the latest failures.

    Not of those that a storage tried again: the outcome of that tells more. A trial that failed
    before it had a parameter that all others have counts where it was planned, or at the middle of
    its range: that it is missing is no reason for the failure.
    """
    repeated = {number for trial in trials for number in retried_numbers(trial)}
    failed = [
        trial
        for trial in trials
        if trial.state == TrialState.FAIL and trial.params and trial.number not in repeated
    ]
    failed = _not_made_good(failed[-_N_FAILED:], went_well)
    rows: list[Mapping[str, Any]] = [trial.params for trial in failed]
    if plan_notices is not None:
        intended = [intended_params(trial, plan_notices) for trial in failed]
        rows = [space.completed(params) for params in intended]
    points = _points(rows, space)
    if points is None:
        return None
    is_common = ~np.isnan(X).any(axis=0) & ~space.unit.is_categorical
    return np.where(np.isnan(points) & is_common, 0.5, points)


def _not_made_good(
    failed: list[FrozenTrial], went_well: Sequence[FrozenTrial]
) -> list[FrozenTrial]:
    """Failures but for one of each that a later trial with the same parameters made good.

    Of three failures and one success two remain: a run that breaks now and then is no accident.
    """
    for trial in went_well:
        for i, one in enumerate(failed):
            if one.number < trial.number and one.params == trial.params:
                failed = [*failed[:i], *failed[i + 1 :]]
                break
    return failed


def pending_rows(
    trials: Sequence[FrozenTrial], asking: FrozenTrial, space: SearchSpace, notices: Notices
) -> Array | None:
    """Points of other running trials, as planned, shape ``(q, d)``."""
    running = [
        trial
        for trial in trials
        if trial.state == TrialState.RUNNING and trial.number != asking.number
    ]
    return _points([space.completed(intended_params(t, notices)) for t in running], space)


def unused_rows(unused: Sequence[FrozenTrial], space: SearchSpace) -> Array | None:
    """Points of the latest unused trials, shape ``(q, d)``.

    A failure teaches no value, but going straight back to the point that failed would repeat it
    for ever.
    """
    return _points([trial.params for trial in unused if trial.params][-_N_AVOIDED:], space)


def _points(rows: Sequence[Mapping[str, Any]], space: SearchSpace) -> Array | None:
    """Those that have any value; :obj:`None` if there is none."""
    points = space.encode(rows)
    points = points[~np.isnan(points).all(axis=1)]
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
        and not enqueued_params(trial)
        and not has_plan(trial)
        and started is not None
        and trial.datetime_start is not None
        and abs(elapsed(trial.datetime_start, started)) < _LONGEST_THOUGHT
    ][-_N_UNDECIDED_HEEDED:]


def _usable(values: Array) -> Array:
    """Rows without ``NaN`` whose infinite entries have finite peers, shape ``(n,)``.

    Peers that differ: the worst of a single value would be the best.
    """
    has_no_nan = ~np.any(np.isnan(values), axis=1)
    differ = [len(set(column[np.isfinite(column)])) > 1 for column in values[has_no_nan].T]
    is_usable: Array = has_no_nan & np.all(np.isfinite(values) | differ, axis=1)
    return is_usable


def _clip_infinite(values: Array) -> Array:
    is_finite = np.isfinite(values)
    lowest = np.where(is_finite, values, np.inf).min(axis=0, initial=np.inf)
    highest = np.where(is_finite, values, -np.inf).max(axis=0, initial=-np.inf)
    clipped: Array = np.clip(values, lowest, highest)
    return clipped
