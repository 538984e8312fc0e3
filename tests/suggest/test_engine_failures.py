"""Suggestions where trials fail: the region of failures is learnt, accidents are not heeded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.composition import compose
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.forecast import forecast
from optuna_scaleup.suggest.limits import log_feasibility
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from tests.fakes import continuous
from tests.fakes import no_trials
from tests.fakes import quadratic
from tests.suggest.problems import assert_legal
from tests.suggest.problems import suggest


OPTIMUM = 0.45
CLIFF = 0.6  # beyond it, along the first axis, every trial fails


def study(X: Array, cliff: float = CLIFF) -> Dataset:
    fails = X[:, 0] > cliff
    ended = X[~fails]
    return Dataset(ended, quadratic(ended, OPTIMUM)[:, None], X_failed=X[fails])


def sampled(n: int, seed: int, cliff: float = CLIFF) -> Dataset:
    return study(np.random.default_rng(seed).random((n, 2)), cliff)


def problem_of(target: Dataset, *sources: Dataset) -> Problem:
    unused = target.X_failed
    return Problem(continuous(2), target, sources, source_keys=("a",), X_unused=unused)


def n_failures(source: Dataset, *, is_told: bool) -> int:
    """Of twelve trials."""
    engine, X = Engine(), np.empty((0, 2))
    for seed in range(12):
        problem = problem_of(study(X), source)
        if not is_told:
            problem = replace(problem, target=replace(problem.target, X_failed=None))
        X = np.concatenate([X, suggest(problem, engine, seed)[None]])
    return int(np.sum(X[:, 0] > CLIFF))


def test_what_fails_is_learnt_from_the_study_itself() -> None:
    """The source's optimum lies where the study's trials fail."""
    X = np.random.default_rng(1).random((15, 2))
    source = Dataset(X, quadratic(X, 0.8)[:, None])
    assert n_failures(source, is_told=True) <= 4
    assert n_failures(source, is_told=False) >= 7


def test_a_source_whose_trials_fail_there_warns() -> None:
    """Its best values, too, come from beyond the cliff."""
    data = sampled(30, 1)
    told = replace(data, Y=quadratic(data.X, 0.8)[:, None])
    untold = replace(told, X_failed=None)
    assert suggest(problem_of(no_trials(2), told))[0] < CLIFF
    assert suggest(problem_of(no_trials(2), untold))[0] > CLIFF + 0.1


def test_where_a_source_fails_the_study_likely_fails_as_well() -> None:
    """Before any trial of its own."""
    problem, rng = problem_of(no_trials(2), sampled(30, 1)), np.random.default_rng(0)
    failure = Modeller().limited([], problem, rng).failure
    assert failure is not None
    succeeds, fails = np.exp(log_feasibility(failure).value(np.array([[0.2, 0.5], [0.9, 0.5]])))
    assert succeeds > 0.7
    assert fails < 0.35


@pytest.mark.parametrize("n_ended", [1, 2, 5])
def test_successes_elsewhere_do_not_open_what_failed_in_the_source(n_ended: int) -> None:
    """As long as all trials of the study end alike, only the class itself tells what they are."""
    X = np.column_stack([np.linspace(0.1, 0.4, n_ended), np.full(n_ended, 0.5)])
    problem = problem_of(study(X), sampled(30, 1))
    failure = Modeller().limited([], problem, np.random.default_rng(0)).failure
    assert failure is not None
    succeeds, fails = np.exp(log_feasibility(failure).value(np.array([[0.2, 0.5], [0.9, 0.5]])))
    assert succeeds > 0.9
    assert fails < 0.35


def test_no_value_is_to_be_improved_on_where_trials_fail() -> None:
    """Although the best ones are expected there."""
    data = study(np.random.default_rng(3).random((10, 2)))
    data = replace(data, Y=quadratic(data.X, 0.9)[:, None])
    survey = Engine().survey(problem_of(data), np.random.default_rng(0))
    query, nothing = np.array([[0.2, 0.5], [0.6, 0.9]]), np.empty((data.n_trials, 0))
    expected = compose(survey.models, CRITERIA["log_ei"](), data.X, nothing)
    np.testing.assert_allclose(survey.acquisition.value(query), expected.value(query))


def test_one_failure_may_be_an_accident() -> None:
    """It only keeps the next trial at a distance."""
    X = np.array([[0.1, 0.2], [0.9, 0.7], [0.3, 0.8]])
    target = replace(study(X, cliff=1.0), X_failed=np.array([[OPTIMUM, OPTIMUM]]))
    told, untold = (problem_of(t) for t in (target, replace(target, X_failed=None)))
    untold = replace(untold, X_unused=told.X_unused)
    np.testing.assert_array_equal(suggest(told), suggest(untold))


def test_accidents_among_good_trials_do_not_close_the_region() -> None:
    """Three of a dozen trials around the optimum failed for some other reason."""
    rng = np.random.default_rng(5)
    X = np.clip(OPTIMUM + 0.15 * rng.standard_normal((12, 2)), 0.0, 1.0)
    target = replace(study(X[3:], cliff=1.0), X_failed=X[:3])
    assert np.abs(suggest(problem_of(target)) - OPTIMUM).max() < 0.15


@pytest.mark.parametrize("acquisition", CRITERIA)
def test_every_criterion(acquisition: str) -> None:
    problem = replace(problem_of(sampled(8, 0), sampled(8, 1)), X_pending=np.full((1, 2), 0.3))
    assert_legal(suggest(problem, Engine(acquisition=acquisition)), continuous(2))


@pytest.mark.parametrize("n_failed", [1, 2, 5])
def test_nothing_but_failures(n_failed: int) -> None:
    """They are not tried again; the source has its say as long as they are few."""
    failed = 0.9 - 0.01 * np.random.default_rng(0).random((n_failed, 2))
    target = replace(no_trials(2), X_failed=failed)
    for sources in ((), (sampled(12, 1, cliff=1.0),)):
        x = suggest(problem_of(target, *sources))
        assert_legal(x, continuous(2))
        assert np.abs(x - failed).max(axis=1).min() > 0.05
    assert np.abs(x - OPTIMUM).max() < 0.4 or n_failed > 2


def test_several_objectives() -> None:
    one, other = sampled(10, 0), sampled(12, 1)
    target, source = (
        replace(data, Y=np.column_stack([data.Y, quadratic(data.X, 0.9)])) for data in (one, other)
    )
    assert suggest(problem_of(target, source))[0] < CLIFF


def test_no_recommendation_where_trials_fail() -> None:
    """The objective grows towards the cliff and, it seems, beyond."""
    X = np.random.default_rng(2).random((14, 2))
    fails = X[:, 0] > CLIFF
    target = Dataset(X[~fails], X[~fails, :1], X_failed=X[fails])
    problem = problem_of(target)
    found = forecast(Engine(), problem, 1, (0.5,), np.random.default_rng(0), problem)
    assert 0.4 < found.X[0, 0] < CLIFF + 0.05
    assert np.mean(found.optima[:, 0] < CLIFF + 0.1) > 0.8
