"""Trials as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.liveness import elapsed
from optuna_scaleup.data.liveness import without_dead
from optuna_scaleup.data.outcomes import constraint_columns
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.plan import Plan
from optuna_scaleup.data.plan import write_plan
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.trials import finished_rows
from optuna_scaleup.data.trials import pending_rows
from optuna_scaleup.data.trials import undecided_trials
from optuna_scaleup.data.trials import unused_rows
from optuna_scaleup.data.usage import tell_use


UNIT = FloatDistribution(0, 1)
SPACE = SearchSpace.of({"x": UNIT, "y": UNIT})
MINIMIZE = np.array([-1.0])


def trial(
    values: Sequence[float] | None,
    state: TrialState = TrialState.COMPLETE,
    **params: float,
) -> FrozenTrial:
    return optuna.create_trial(
        state=state, values=values, params=params, distributions=dict.fromkeys(params, UNIT)
    )


def test_complete_trials_become_rows_with_larger_better() -> None:
    trials = [trial([2.0], x=0.5), trial([3.0], x=1.0, y=0.0)]
    rows, kinds, unused = finished_rows(trials, SPACE, MINIMIZE)
    assert not unused
    np.testing.assert_array_equal(rows.X, [[0.5, np.nan], [1.0, 0.0]])
    np.testing.assert_array_equal(rows.Y, [[-2.0], [-3.0]])
    assert not kinds


def test_signs_follow_directions() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"])
    np.testing.assert_array_equal(signs_of(study.directions), [-1.0, 1.0])


def test_trials_without_a_value_are_counted_by_kind() -> None:
    trials = [trial(None, TrialState.FAIL, x=0.1), trial(None, TrialState.PRUNED, x=0.2)] * 2
    rows, kinds, unused = finished_rows(trials, SPACE, MINIMIZE)
    assert unused == trials
    assert rows.X.shape == (0, 2)
    assert rows.Y.shape == (0, 1)
    assert kinds == {"that failed": 2, "skipped as pruned": 2}


def test_a_failed_trial_is_where_it_was_planned() -> None:
    study = optuna.create_study()
    study.add_trial(trial([1.0], x=0.5, y=0.5))
    planned = study.ask()
    planned.suggest_float("x", 0, 1)
    write_plan(study, study.trials[1], Plan({"x": 0.25, "y": 0.75}, is_relative=True))
    study.tell(planned, state=TrialState.FAIL)
    x = planned.params["x"]
    own = finished_rows(study.trials, SPACE, MINIMIZE, plan_notices=Notices()).dataset
    np.testing.assert_array_equal(own.failed, [[x, 0.75]])
    of_a_source = finished_rows(study.trials, SPACE, MINIMIZE).dataset
    np.testing.assert_array_equal(of_a_source.failed, [[x, 0.5]])


def test_where_trials_failed_is_kept() -> None:
    """But not of one that was repeated; what another lacked is at its middle."""
    trials = [
        trial([1.0], x=0.5, y=0.5),
        trial(None, TrialState.FAIL, x=0.1, y=0.2),
        trial(None, TrialState.FAIL, x=0.3),
        trial(None, TrialState.FAIL, x=0.4, y=0.6),
        trial(None, TrialState.FAIL),
        trial([2.0], x=0.4, y=0.6),
    ]
    trials[-1].system_attrs["retry_history"] = [3]
    for number, one in enumerate(trials):
        one.number = number
    rows, _, unused = finished_rows(trials, SPACE, MINIMIZE)
    np.testing.assert_array_equal(rows.failed, [[0.1, 0.2], [0.3, 0.5]])
    assert unused == trials[1:5]


def test_a_later_success_makes_a_failure_good() -> None:
    """Also if no storage tried it again but somebody who enqueued the same parameters."""
    study = optuna.create_study()
    left: list[list[float]] = []
    for x, value in ((0.1, None), (0.3, 2.0), (0.3, None), (0.1, 1.0), (0.2, None), (0.2, None)):
        study.enqueue_trial({"x": x, "y": 0.2})
        asked = study.ask({"x": UNIT, "y": UNIT})
        state = TrialState.FAIL if value is None else TrialState.COMPLETE
        study.tell(asked, value, state)
        left = finished_rows(study.trials, SPACE, MINIMIZE).dataset.failed.tolist()
    assert left == [[0.3, 0.2], [0.2, 0.2], [0.2, 0.2]]
    study.enqueue_trial({"x": 0.2, "y": 0.2})
    study.tell(study.ask({"x": UNIT, "y": UNIT}), 1.5)
    rows, kinds, _ = finished_rows(study.trials, SPACE, MINIMIZE)
    assert rows.failed.tolist() == [[0.3, 0.2], [0.2, 0.2]]
    assert kinds == {"that failed": 4}


def test_a_failed_trial_is_where_its_study_holds_a_parameter() -> None:
    """Even if it failed before it asked for that."""
    space = SearchSpace.of({"bs": FloatDistribution(0.75, 0.75), "x": UNIT}, {"bs": UNIT})
    failed = trial(None, TrialState.FAIL, x=0.1)
    own = finished_rows([failed], space, MINIMIZE, plan_notices=Notices()).dataset
    np.testing.assert_allclose(own.failed, [[0.75, 0.1]])


def test_a_choice_that_a_failed_trial_lacks_has_no_middle() -> None:
    space = SearchSpace.of({"c": CategoricalDistribution(["a", "b", "c"]), "x": UNIT})
    complete = optuna.create_trial(
        value=1.0,
        params={"c": "a", "x": 0.5},
        distributions={"c": CategoricalDistribution(["a", "b", "c"]), "x": UNIT},
    )
    failed = trial(None, TrialState.FAIL, x=0.1)
    failed.number = 1
    rows, _, _ = finished_rows([complete, failed], space, MINIMIZE)
    np.testing.assert_array_equal(rows.failed, [[np.nan, 0.1]])


def test_the_latest_failures_count() -> None:
    trials = [trial(None, TrialState.FAIL, x=i / 100, y=0.5) for i in range(100)]
    for number, one in enumerate(trials):
        one.number = number
    rows, _, _ = finished_rows(trials, SPACE, MINIMIZE)
    np.testing.assert_allclose(rows.failed[:, 0], np.arange(36, 100) / 100)


def test_infinite_values_count_as_the_nearest_finite_one() -> None:
    trials = [trial([value]) for value in (1.0, np.inf, 4.0, -np.inf)]
    rows, kinds, _ = finished_rows(trials, SPACE, MINIMIZE)
    np.testing.assert_array_equal(rows.Y[:, 0], [-1.0, -4.0, -4.0, -1.0])
    assert kinds == {"infinite, taken as the nearest finite value": 2}


def test_trials_that_are_left_out_still_tell_what_is_finite() -> None:
    """The second objective has one finite value, so only the first trial is usable."""
    trials = [trial(values) for values in ([np.inf, 1.0], [2.0, np.inf], [3.0, np.inf])]
    rows, _, unused = finished_rows(trials, SPACE, np.array([-1.0, -1.0]))
    np.testing.assert_array_equal(rows.Y, [[-3.0, -1.0]])
    assert unused == trials[1:]


def pruned(reports: dict[int, float], **params: float) -> FrozenTrial:
    return optuna.create_trial(
        state=TrialState.PRUNED,
        params=params,
        distributions=dict.fromkeys(params, UNIT),
        intermediate_values=reports,
    )


@pytest.mark.parametrize(
    ("reports", "estimate"),
    [
        ({0: 9.0, 1: 3.5}, 3.5),  # the last report, where it is plausible
        ({1: 3.5, 0: 9.0}, 3.5),  # in whatever order the storage returns them
        ({0: 0.1}, 2.0),  # never better than the median
        ({0: 1e9}, 4.0),  # never worse than the worst
        ({0: np.inf}, 4.0),
    ],
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_without_curves_a_pruned_trial_counts_as_poor(
    reports: dict[int, float], estimate: float, sign: float
) -> None:
    trials = [trial([-sign * value], x=0.0) for value in (1.0, 2.0, 4.0)]
    stopped = pruned({step: -sign * value for step, value in reports.items()}, x=0.7)
    rows, kinds, _ = finished_rows([stopped, *trials], SPACE, np.array([sign]))
    np.testing.assert_array_equal(rows.X[:, 0], [0.0, 0.0, 0.0, 0.7])
    np.testing.assert_array_equal(rows.Y[:, 0], [-1.0, -2.0, -4.0, -estimate])
    assert rows.noise_var is not None
    np.testing.assert_array_equal(rows.noise_var[:3], np.zeros(3))
    assert 0.0 < rows.noise_var[3] < 1e-4  # no measurement, though it counts like one
    assert kinds == {"pruned, their outcome estimated": 1}


@pytest.mark.parametrize(
    ("complete", "report", "estimate"),
    [
        ([({4: 3.0}, 1.0)], 5.0, 3.0),  # two behind at that step, so two behind at the end
        ([({4: 3.0}, 1.0)], 2.0, 1.0),  # never better than the median
        ([({4: 3.0}, 1.0), ({4: 4.0}, 1.5)], 5.0, 2.75),
        ([({4: 3.0}, 1.0), ({}, 9.0)], 1e6, 999998.0),  # worse than any that was complete
        ([({4: 3.0}, 1.0), ({}, 9.0)], np.inf, 9.0),
        ([({4: np.nan}, 1.0), ({4: np.inf}, 2.0)], 1.75, 1.75),
    ],
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_with_few_curves_a_pruned_trial_stays_as_far_behind(
    complete: list[tuple[dict[int, float], float]], report: float, estimate: float, sign: float
) -> None:
    trials = [
        optuna.create_trial(
            value=-sign * value, intermediate_values={s: -sign * r for s, r in reports.items()}
        )
        for reports, value in complete
    ]
    stopped = pruned({4: -sign * report}, x=0.5)
    rows, _, unused = finished_rows([*trials, stopped], SPACE, np.array([sign]))
    assert rows.Y[-1, 0] == -estimate
    assert not unused


@pytest.mark.parametrize("values", [(1.0, 2.0), (0.0,), (1e200, -1e200), (1e-300, 2e-300)])
def test_a_guess_of_a_pruned_trial_is_no_measurement(values: tuple[float, ...]) -> None:
    """So it cannot take over from a source; but it counts like one otherwise."""
    curves = [optuna.create_trial(value=v, intermediate_values={4: v}) for v in values]
    rows, _, _ = finished_rows([*curves, pruned({4: 1.5}, x=0.5)], SPACE, MINIMIZE)
    assert rows.noise_var is not None
    assert rows.noise_var[-1] > 0.0
    assert np.isfinite(rows.noise_var).all()
    assert not rows.noise_var[:-1].any()


def test_enqueued_trials_are_no_riddle() -> None:
    """What they will try is known before they show any of it."""
    study = optuna.create_study()
    study.enqueue_trial({"x": 0.9})
    study.ask()
    study.ask()
    study.ask()
    trials = study.get_trials()
    assert [t.number for t in undecided_trials(trials, trials[2])] == [1]


def test_only_what_started_a_moment_ago_is_a_riddle() -> None:
    """Of a trial that shows nothing after a minute nothing will come."""
    study = optuna.create_study()
    for _ in range(20):
        study.ask()
    trials = study.get_trials()
    assert [t.number for t in undecided_trials(trials, trials[-1])] == list(range(3, 19))
    start = trials[17].datetime_start
    assert start is not None
    trials[17].datetime_start = start - timedelta(minutes=2)
    expected = [*range(2, 17), 18]
    assert [t.number for t in undecided_trials(trials, trials[-1])] == expected


def test_a_pruned_trial_without_a_report_counts_as_the_worst() -> None:
    """Given up for what no report could tell: out of memory, a loss that is no number."""
    silent = [pruned({}, x=0.5), pruned({0: np.nan}, x=0.5)]
    rows, kinds, unused = finished_rows([trial([1.0]), trial([3.0]), *silent], SPACE, MINIMIZE)
    np.testing.assert_array_equal(rows.Y[:, 0], [-1.0, -3.0, -3.0, -3.0])
    assert kinds == {"pruned, their outcome estimated": 2}
    assert not unused


def test_what_is_bad_is_not_known_of_a_single_value() -> None:
    """The worst of it would be the best."""
    bad = [pruned({}, x=0.5), pruned({0: 2.0}, x=0.6), trial([np.inf], x=0.7)]
    for complete in ([], [trial([1.0], x=0.0)], [trial([1.0], x=0.0)] * 2):
        rows, kinds, unused = finished_rows([*complete, *bad], SPACE, MINIMIZE)
        assert rows.n_trials == len(complete)
        assert kinds == {"skipped as pruned": 2, "skipped without a finite value": 1}
        assert unused == bad


def test_nothing_finite_leaves_no_row() -> None:
    trials = [trial([np.inf]), trial([-np.inf])]
    rows, kinds, unused = finished_rows(trials, SPACE, MINIMIZE)
    assert rows.n_trials == 0
    assert kinds == {"skipped without a finite value": 2}
    assert unused == trials


def test_another_number_of_objectives_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 objective values"):
        finished_rows([trial([1.0, 2.0])], SPACE, MINIMIZE)


def test_constraints_go_by_name_with_gaps() -> None:
    rows: list[dict[str, Any]] = [
        {"constraints:mem": 1.0, "constraints:time": -2.0},
        {"constraints:time": np.inf, "constraints:mem": 3.0},
        {},
    ]
    trials = [optuna.create_trial(value=0.0, system_attrs=attrs) for attrs in rows]
    columns, n_odd = constraint_columns(trials)
    assert n_odd == 1
    np.testing.assert_array_equal(columns["mem"], [1.0, 3.0, np.nan])
    np.testing.assert_array_equal(columns["time"], [-2.0, 1.0, np.nan])


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ([np.inf, 2.0, 5.0], [5.0, 2.0, 5.0]),
        ([-np.inf, 2.0, -3.0], [-3.0, 2.0, -3.0]),
        ([np.inf, 0.25, -np.inf, -0.5], [0.25, 0.25, -0.5, -0.5]),
        ([np.inf, -np.inf, -2.0], [1.0, -2.0, -2.0]),  # violated, though nobody knows by how much
        ([np.inf, np.nan, 0.0], [1.0, np.nan, 0.0]),
    ],
)
def test_an_infinite_constraint_is_kept_or_broken_like_the_furthest_one(
    stored: list[float], read: list[float]
) -> None:
    trials = [optuna.create_trial(value=0.0, system_attrs={"constraints:c": c}) for c in stored]
    columns, n_odd = constraint_columns(trials)
    np.testing.assert_array_equal(columns["c"], read)
    assert n_odd == sum(not np.isfinite(c) for c in stored)


def test_constraints_of_optuna_4_go_by_position() -> None:
    old = optuna.create_trial(value=0.0, system_attrs={"constraints": [1.0, -1.0]})
    columns, n_odd = constraint_columns([old])
    assert {name: list(c) for name, c in columns.items()} == {"0": [1.0], "1": [-1.0]}
    assert n_odd == 0
    both = optuna.create_trial(
        value=0.0, system_attrs={"constraints": [1.0], "constraints:mem": -1.0}
    )
    columns, _ = constraint_columns([both])
    assert {name: list(c) for name, c in columns.items()} == {"0": [1.0], "mem": [-1.0]}


def test_whether_a_constraint_is_broken_is_a_constraint() -> None:
    """What ``constraints_func`` returned is stored as it came."""
    old = optuna.create_trial(value=0.0, system_attrs={"constraints": [False, np.True_]})
    columns, n_odd = constraint_columns([old])
    assert {name: list(c) for name, c in columns.items()} == {"0": [0.0], "1": [1.0]}
    assert n_odd == 0


@pytest.mark.parametrize("stored", [3, "text", {"a": 1}, None, [None, "x", [1.0]]])
def test_foreign_constraint_attributes_are_no_constraints(stored: object) -> None:
    odd = optuna.create_trial(value=0.0, system_attrs={"constraints": stored})
    columns, _ = constraint_columns([odd])
    assert all(np.isnan(column).all() for column in columns.values())


def test_running_trials_pend_where_they_plan_to_go() -> None:
    study = optuna.create_study()
    running = study.ask()
    write_plan(study, study.trials[0], Plan({"x": 0.9, "y": 0.25}, is_relative=False))
    running.suggest_float("x", 0, 1)
    x = study.trials[0].params["x"]
    study.ask()  # has neither parameters nor a plan
    number = study.ask().number
    asking = study.trials[number]
    pending = pending_rows(study.trials, asking, SPACE, Notices())
    assert pending is not None
    np.testing.assert_array_equal(pending, [[x, 0.25]])


def test_a_queued_trial_that_runs_pends_where_it_was_queued() -> None:
    study = optuna.create_study()
    study.enqueue_trial({"x": 0.9})
    study.ask()
    number = study.ask().number
    pending = pending_rows(study.trials, study.trials[number], SPACE, Notices())
    assert pending is not None
    np.testing.assert_array_equal(pending, [[0.9, np.nan]])


def test_the_asking_trial_does_not_pend() -> None:
    study = optuna.create_study()
    study.ask().suggest_float("x", 0, 1)
    assert pending_rows(study.trials, study.trials[0], SPACE, Notices()) is None


def test_the_latest_points_without_an_outcome_are_kept_away_from() -> None:
    states = (TrialState.FAIL, TrialState.PRUNED)
    unused = [trial(None, states[i % 2], x=i / 100) for i in range(50)]
    points = unused_rows(unused, SPACE)
    assert points is not None
    np.testing.assert_allclose(points[:, 0], np.arange(18, 50) / 100)


def test_a_moment_may_name_its_time_zone() -> None:
    """Trials of another program do."""
    start = datetime(2026, 7, 1, 12, 0, 0)
    assert elapsed(start.astimezone(timezone.utc), start + timedelta(hours=2)) == timedelta(
        hours=2
    )
    study = optuna.create_study()
    running = optuna.create_trial(state=TrialState.RUNNING)
    running.datetime_start = datetime.now(timezone.utc)
    study.add_trial(running)
    study.ask()
    asking = study.trials[-1]
    assert [t.number for t in undecided_trials(study.trials, asking)] == [0]
    alive = without_dead(study, study.trials, asking, Notices())
    assert [t.number for t in alive] == [0, 1]


def test_what_a_cost_returned_is_told_once(log_lines: list[str]) -> None:
    """However it looks each time."""
    notices, told = Notices(), iter(range(1, 99))
    for _ in range(3):
        found = finished_rows([trial([0.0], x=0.5)], SPACE, MINIMIZE, cost=lambda t: -next(told))
        tell_use("study", found.dataset, found.kinds, notices)
    assert sum("without a positive, finite cost" in line for line in log_lines) == 1
