"""The adapter to Optuna's private corners."""

from __future__ import annotations

import logging
import math
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import as_legal
from optuna_scaleup._optuna import enqueued_params
from optuna_scaleup._optuna import is_same_trial
from optuna_scaleup._optuna import retried_numbers


@pytest.mark.parametrize(
    ("value", "distribution", "expected"),
    [
        (3, FloatDistribution(0, 5), (3.0,)),
        (3.0, IntDistribution(0, 5), (3,)),
        (3.5, IntDistribution(0, 5), None),
        (3, IntDistribution(0, 6, step=2), None),
        (6, IntDistribution(0, 5), None),
        (0.3, FloatDistribution(0, 1, step=0.1), (0.3,)),
        (0.25, FloatDistribution(0, 1, step=0.1), None),
        (-1.0, FloatDistribution(1e-3, 1, log=True), None),
        ("3", FloatDistribution(0, 5), None),
        (True, IntDistribution(0, 5), None),
        (10**400, FloatDistribution(0, 5), None),
        (10**400, IntDistribution(0, 5), None),
        (10**400, CategoricalDistribution([1.0, "a"]), None),
        (None, FloatDistribution(0, 5), None),
        (math.nan, FloatDistribution(0, 5), None),
        (None, CategoricalDistribution([None, "a"]), (None,)),
        ("b", CategoricalDistribution([None, "a"]), None),
    ],
)
def test_as_legal(value: Any, distribution: BaseDistribution, expected: tuple[Any] | None) -> None:
    legal = as_legal(value, distribution)
    assert legal == expected
    if legal is not None and expected is not None:
        assert type(legal[0]) is type(expected[0])


def test_notices_are_given_once(log_lines: list[str]) -> None:
    notices = Notices()
    for key in ("a", "b", "a"):
        notices.once(logging.INFO, (key,), f"about {key}")
    assert log_lines == ["about a", "about b"]


def test_notices_have_a_level(log_lines: list[str]) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    notices = Notices()
    notices.once(logging.INFO, ("a",), "quiet")
    notices.once(logging.WARNING, ("b",), "loud")
    assert log_lines == ["loud"]


def test_enqueued_params() -> None:
    study = optuna.create_study()
    study.enqueue_trial({"x": 1})
    study.ask()
    study.ask()
    assert [enqueued_params(trial) for trial in study.trials] == [{"x": 1}, {}]


@pytest.mark.parametrize(
    ("history", "expected"), [([3, 5], [3, 5]), (None, []), ("35", []), ([3, "5"], [3])]
)
def test_retried_numbers(history: Any, expected: list[int]) -> None:
    trial = optuna.create_trial(value=0.0)
    trial.system_attrs["retry_history"] = history
    assert retried_numbers(trial) == expected


def test_same_trial_means_the_same_record() -> None:
    study = optuna.create_study()
    first, second = study.ask(), study.ask()
    read = study.trials
    assert is_same_trial(read[first.number], study.trials[first.number])
    assert not is_same_trial(read[first.number], read[second.number])
    elsewhere = optuna.create_study()
    elsewhere.ask()
    (namesake,) = elsewhere.trials
    assert namesake._trial_id == read[0]._trial_id
    assert not is_same_trial(read[0], namesake)
