"""Studies as they stand, read into a problem."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.cost import CostOf
from optuna_scaleup.data.ladder import Ladder
from optuna_scaleup.data.problem import Snapshot
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.types import Problem


UNIT = FloatDistribution(0, 1)
SPACE = SearchSpace.of({"x": UNIT, "y": UNIT})


def study_of(*rows: tuple[float, dict[str, float]], direction: str = "minimize") -> optuna.Study:
    study = optuna.create_study(
        direction=optuna.study.StudyDirection[direction.upper()], study_name=direction
    )
    for value, params in rows:
        trial = optuna.create_trial(
            value=value, params=params, distributions=dict.fromkeys(params, UNIT)
        )
        study.add_trial(trial)
    return study


def snapshot(target: optuna.Study, *sources: optuna.Study) -> Snapshot:
    number = target.ask().number
    return Snapshot.take(target, target.trials[number], Ladder.of(sources), Notices())


def problem_of(target: optuna.Study, *sources: optuna.Study) -> Problem:
    return snapshot(target, *sources).problem(SPACE, {}, Notices())


def test_everything_is_in_the_coordinates_of_the_space() -> None:
    target = study_of((1.0, {"x": 0.5, "y": 0.25}))
    source = study_of((3.0, {"x": 0.1, "z": 0.2}), direction="maximize")
    problem = snapshot(target, source).problem(SPACE, {"y": 7.0, "other": 1}, Notices())
    np.testing.assert_array_equal(problem.target.X, [[0.5, 0.25]])
    np.testing.assert_array_equal(problem.target.Y, [[-1.0]])
    np.testing.assert_array_equal(problem.sources[0].X, [[0.1, np.nan]])
    np.testing.assert_array_equal(problem.sources[0].Y, [[3.0]])
    assert problem.fixed == {1: 1.0}
    assert problem.X_pending is None


def test_empty_studies_have_shapes() -> None:
    problem = problem_of(study_of(), study_of())
    assert problem.target.X.shape == (0, 2)
    assert problem.target.Y.shape == (0, 1)
    assert problem.sources == ()


def test_sources_with_nothing_in_common_are_left_out_with_their_keys() -> None:
    related = study_of((1.0, {"x": 0.5}))
    unrelated = study_of((1.0, {"z": 0.5}), direction="maximize")
    problem = problem_of(study_of(), unrelated, related)
    assert len(problem.sources) == len(problem.source_keys) == 1


def test_a_range_without_overlap_drops_its_column() -> None:
    space = SearchSpace.of({"x": FloatDistribution(5, 6), "y": UNIT})
    source = study_of((1.0, {"x": 0.5, "y": 0.5}), (2.0, {"x": 0.9, "y": 0.2}))
    failed = optuna.create_trial(
        state=TrialState.FAIL,
        params={"x": 0.1, "y": 0.7},
        distributions=dict.fromkeys("xy", UNIT),
    )
    source.add_trial(failed)
    problem = snapshot(study_of(), source).problem(space, {}, Notices())
    np.testing.assert_array_equal(problem.sources[0].X, [[np.nan, 0.5], [np.nan, 0.2]])
    np.testing.assert_array_equal(problem.sources[0].failed, [[np.nan, 0.7]])


def test_keys_are_equal_for_equal_data_only() -> None:
    rows = [(1.0, {"x": 0.5}), (2.0, {"x": 0.25, "y": 0.5})]
    (key,) = problem_of(study_of(), study_of(*rows)).source_keys
    assert problem_of(study_of(), study_of(*rows)).source_keys == (key,)
    changed = [
        study_of(*rows, (3.0, {"x": 0.1})),
        study_of(rows[0]),
        study_of((1.5, {"x": 0.5}), rows[1]),
        study_of((1.0, {"x": 0.6}), rows[1]),
        study_of(*rows, direction="maximize"),
    ]
    keys = {problem_of(study_of(), source).source_keys[0] for source in changed}
    assert len(keys) == len(changed)
    assert key not in keys


def one_more(
    state: TrialState = TrialState.COMPLETE, value: float = 3.5, **told: Any
) -> FrozenTrial:
    return optuna.create_trial(
        state=state,
        value=value if state == TrialState.COMPLETE else None,
        params={"x": 1.0},
        distributions={"x": UNIT},
        **told,
    )


def key_of(*more: FrozenTrial, x: BaseDistribution = UNIT, cost: CostOf | None = None) -> str:
    """Of a source that is the same but for these."""
    source = study_of((1.0, {"x": 0.0}), (2.0, {"x": 1.0}), (4.0, {"x": 0.0}))
    source.add_trials(more)
    target = study_of()
    number = target.ask().number
    ladder = Ladder.of(source, cost=cost)
    taken = Snapshot.take(target, target.trials[number], ladder, Notices())
    (key,) = taken.problem(SearchSpace.of({"x": x}), {}, Notices()).source_keys
    return key


def test_keys_tell_apart_whatever_a_fit_rests_on() -> None:
    """Parameters and objective values are the same in all of them."""
    keys = [
        key_of(one_more()),
        key_of(one_more(), x=CategoricalDistribution([0.0, 1.0])),
        key_of(one_more(), one_more(TrialState.FAIL)),
        key_of(one_more(TrialState.PRUNED, intermediate_values={1: 3.5})),  # an estimate
        key_of(one_more(), cost=lambda trial: 1.0),
        key_of(one_more(), cost=lambda trial: 2.0),
        key_of(one_more(system_attrs={"constraints:a": 1.0})),
        key_of(one_more(system_attrs={"constraints:a": -1.0})),
        key_of(one_more(system_attrs={"constraints:b": 1.0})),
    ]
    assert len(set(keys)) == len(keys)


def test_curves_of_a_source_are_read_in_its_own_direction() -> None:
    """The same source upside down says the same of a pruned trial."""
    target = study_of()
    for level in (1.0, 1.5, 2.5):
        target.add_trial(optuna.create_trial(value=level, intermediate_values={3: 2 * level}))
    target.add_trial(one_more(TrialState.PRUNED, intermediate_values={3: 4.0}))
    reports = np.random.default_rng(0).normal(size=12)
    finals = reports + 0.3 * np.random.default_rng(1).normal(size=12)
    estimates = []
    for sign, direction in ((1.0, "minimize"), (-1.0, "maximize")):
        source = study_of(direction=direction)
        for report, final in zip(sign * reports, sign * finals, strict=True):
            source.add_trial(one_more(value=final, intermediate_values={3: report}))
        rows = problem_of(target, source).target
        assert rows.noise_var is not None
        estimates.append((rows.Y[-1, 0], rows.noise_var[-1]))
    assert estimates[0] == estimates[1]


def test_before_the_target_shows_its_space_the_sources_tell() -> None:
    source = study_of((1.0, {"x": 0.5, "y": 0.5}))
    target = study_of()
    target.ask().suggest_int("x", 0, 9)  # runs: it corrects, but may have more to ask
    assert snapshot(target, source).expected_distributions() == {
        "x": IntDistribution(0, 9),
        "y": UNIT,
    }


def test_afterwards_the_target_alone_tells() -> None:
    source = study_of((1.0, {"x": 0.5, "y": 0.5}))
    target = study_of((1.0, {"x": 0.5}))
    assert snapshot(target, source).expected_distributions() == {"x": UNIT}


def test_larger_sources_tell_the_space() -> None:
    small = study_of((1.0, {"x": 0.5, "z": 0.5}))
    large = optuna.create_study()
    choices = CategoricalDistribution(["a"])
    large.add_trial(
        optuna.create_trial(value=1.0, params={"x": "a"}, distributions={"x": choices})
    )
    expected = snapshot(study_of(), small, large).expected_distributions()
    assert expected == {"x": choices, "z": UNIT}


def test_decided_are_enqueued_and_suggested_values() -> None:
    target = study_of()
    target.enqueue_trial({"y": 0.75})
    trial = target.ask()
    x = trial.suggest_float("x", 0, 1)
    taken = Snapshot.take(target, target.trials[0], Ladder(), Notices())
    assert taken.decided_params() == {"y": 0.75, "x": x}


def test_a_queued_trial_has_not_started() -> None:
    target = study_of((1.0, {"x": 0.5}))
    target.enqueue_trial({"x": 0.1})
    target._storage.create_new_trial(target._study_id)  # as another worker asks, not for that
    asking = target.trials[2]
    assert [trial.state.name for trial in target.trials] == ["COMPLETE", "WAITING", "RUNNING"]
    taken = Snapshot.take(target, asking, Ladder(), Notices())
    assert taken.n_before(asking) == 1
    assert taken.problem(SPACE, {}, Notices()).n_started == 1


def test_sources_are_checked_before_anything_is_read_off_them() -> None:
    two = optuna.create_study(directions=["minimize", "minimize"])
    with pytest.raises(ValueError, match="2 objectives"):
        snapshot(study_of(), two)
