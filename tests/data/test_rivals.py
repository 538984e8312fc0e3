"""Of two workers that plan the same, one draws anew."""

from __future__ import annotations

import threading
import time
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution

from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.plan import Plan
from optuna_scaleup.data.plan import write_plan
from optuna_scaleup.data.rivals import must_give_way
from optuna_scaleup.data.space import SearchSpace


POINT: dict[str, Any] = {"c": "a", "x": 0.5}
OTHER: dict[str, Any] = {"c": "b", "x": 0.5}
SPACE = {
    "c": CategoricalDistribution(["a", "b"]),
    "opt": CategoricalDistribution(["adam"]),
    "x": FloatDistribution(0, 1),
}
OUTSIDE = FloatDistribution(0, 1)


def never(seconds: float) -> None:
    raise AssertionError("There is nothing to wait for.")


@pytest.fixture
def study() -> optuna.Study:
    """With three running trials that have no plan yet."""
    study = optuna.create_study()
    for _ in range(3):
        study.ask()
    return study


def plan(study: optuna.Study, number: int, params: dict[str, Any]) -> None:
    write_plan(study, study.trials[number], Plan(params, is_relative=True))


def show(study: optuna.Study, number: int, name: str, value: float) -> None:
    trial_id = study.trials[number]._trial_id
    study._storage.set_trial_param(trial_id, name, value, SPACE.get(name, OUTSIDE))


def gives_way(study: optuna.Study, number: int, *seen: int) -> bool:
    space = SearchSpace.of(SPACE)
    return must_give_way(study, study.trials[number], POINT, space, set(seen), Notices())


def test_the_higher_number_gives_way(study: optuna.Study) -> None:
    plan(study, 0, POINT)
    assert gives_way(study, 1)


@pytest.mark.parametrize(("x", "expected"), [(0.54, True), (0.46, True), (0.56, False)])
def test_so_it_does_to_one_nearby(study: optuna.Study, x: float, expected: bool) -> None:
    """As a suggestion that knows of the other one would."""
    plan(study, 0, {"c": "a", "x": x})
    assert gives_way(study, 1) == expected


@pytest.mark.parametrize("name", ["opt", "outside"])
def test_what_is_not_planned_does_not_tell_trials_apart(study: optuna.Study, name: str) -> None:
    """Of one value, or outside the space: the trial has it, its plan has not."""
    plan(study, 0, POINT)
    show(study, 0, name, 0.0)
    assert gives_way(study, 1)


def test_other_plans_do_not_matter(study: optuna.Study) -> None:
    plan(study, 0, OTHER)
    plan(study, 2, {"c": "a"})
    assert not gives_way(study, 1)


def test_who_went_on_cannot_give_way(study: optuna.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", never)
    plan(study, 2, POINT)
    show(study, 2, "c", 0.0)
    assert gives_way(study, 1)


def test_who_ended_in_the_middle_of_it_cannot_give_way(
    study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", never)
    write_plan(study, study.trials[2], Plan(POINT, is_relative=False))
    show(study, 2, "c", 0.0)
    study.tell(2, state=optuna.trial.TrialState.FAIL)
    assert gives_way(study, 1)


def test_the_lower_number_waits_until_the_higher_one_moved(study: optuna.Study) -> None:
    plan(study, 2, POINT)
    mover = threading.Timer(0.2, plan, (study, 2, OTHER))
    mover.start()
    assert not gives_way(study, 1)
    mover.join()


def test_nobody_waits_for_ever(study: optuna.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    passed = [0.0]
    monkeypatch.setattr(time, "sleep", lambda seconds: passed.append(passed[-1] + seconds))
    monkeypatch.setattr(time, "monotonic", lambda: passed[-1])
    plan(study, 2, POINT)
    assert gives_way(study, 1)
    assert 2.0 <= passed[-1] < 2.1


def test_what_finished_meanwhile_counts_unless_the_plan_knew_it(study: optuna.Study) -> None:
    show(study, 2, "c", 0.0)
    show(study, 2, "x", 0.5)
    study.tell(2, 1.0)
    assert gives_way(study, 1)
    assert not gives_way(study, 1, 2)


def test_queued_trials_are_not_running(study: optuna.Study) -> None:
    study.enqueue_trial(POINT)
    assert not gives_way(study, 1)
