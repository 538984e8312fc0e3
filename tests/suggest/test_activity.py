"""Branches of a conditional space, read off its trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optuna_scaleup.suggest.activity import ALL_ACTIVE
from optuna_scaleup.suggest.activity import Activity
from optuna_scaleup.suggest.activity import activity_of
from optuna_scaleup.suggest.activity import infer_activity
from optuna_scaleup.suggest.optimize import maximize
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import UnitSpace
from tests.fakes import continuous


def categorical(n_choices: int) -> Axis:
    return Axis(np.arange(n_choices, dtype=float), is_categorical=True)


COUNT = Axis(np.array([1 / 6, 1 / 2, 5 / 6]))
# branch, count, learning rate, branch 0's choice, what that choice has, second and third of count
TREE = UnitSpace((categorical(3), COUNT, Axis(), categorical(2), Axis(), Axis(), Axis()))
BRANCH, CHOICE, OF_CHOICE, SECOND, THIRD = 0, 3, 4, 5, 6


def prune(X: Array) -> Array:
    """The true branches of the tree."""
    X = X.copy()
    X[X[:, BRANCH] != 0, CHOICE] = np.nan
    X[X[:, CHOICE] != 1, OF_CHOICE] = np.nan
    X[X[:, 1] < 0.4, SECOND] = np.nan
    X[X[:, 1] < 0.7, THIRD] = np.nan
    return X


def draw(n: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    columns = [
        rng.random(n) if axis.grid is None else rng.choice(axis.grid, n) for axis in TREE.axes
    ]
    return np.column_stack(columns)


def test_rules_of_a_tree_are_found() -> None:
    activity = infer_activity(TREE, [prune(draw(30, seed=0))])
    X = draw(200, seed=1)
    np.testing.assert_array_equal(activity.mask(X), prune(X))
    parents = {rule.child: rule.parent for rule in activity.rules}
    assert parents == {CHOICE: BRANCH, OF_CHOICE: CHOICE, SECOND: 1, THIRD: 1}


def test_a_source_tells_the_rules_before_the_first_trial() -> None:
    activity = infer_activity(TREE, [np.empty((0, 7)), prune(draw(30, seed=0))])
    X = draw(50, seed=1)
    np.testing.assert_array_equal(activity.mask(X), prune(X))


def test_a_source_that_lacks_a_parameter_says_nothing_about_it() -> None:
    source = draw(20, seed=2)
    source[:, THIRD] = np.nan
    activity = infer_activity(TREE, [draw(20, seed=3), source])
    assert activity.rules == ()


def test_what_no_parent_explains_counts_as_active() -> None:
    X = draw(60, seed=0)
    X[np.random.default_rng(0).random(60) < 0.5, SECOND] = np.nan
    # Only the learning rate, of which no two values agree, could be the parent.
    X = np.concatenate([X, np.where(np.arange(7) == SECOND, np.nan, X[~np.isnan(X[:, SECOND])])])
    assert infer_activity(TREE, [X]).rules == ()


def test_a_rule_longer_than_what_it_explains_is_chance() -> None:
    """Every pattern follows from an axis of which no two trials share a value."""
    X = draw(20, seed=0)
    X[np.random.default_rng(0).random(20) < 0.4, SECOND] = np.nan
    assert infer_activity(TREE, [X]).rules == ()


def test_a_value_that_the_space_lacks_is_active() -> None:
    foreign = draw(20, seed=0)
    foreign[np.argsort(foreign[:, SECOND])[:3], BRANCH] = np.inf
    assert infer_activity(TREE, [foreign]).rules == ()
    known = prune(draw(30, seed=0))
    known[:5, BRANCH] = np.inf  # says nothing of the branch's children
    X = draw(200, seed=1)
    np.testing.assert_array_equal(infer_activity(TREE, [known]).mask(X), prune(X))


def test_an_axis_that_the_trial_has_is_never_masked() -> None:
    trials = prune(draw(30, seed=0))
    activity = infer_activity(TREE, [trials], shown={SECOND, CHOICE})
    masked = activity.mask(draw(50, seed=1))
    assert not np.isnan(masked[:, [SECOND, CHOICE]]).any()
    assert np.isnan(masked[:, THIRD]).any()


def test_a_count_that_nobody_tried_follows_its_neighbour() -> None:
    grid = np.linspace(0.05, 0.95, 10)
    counts = Axis(grid)
    space = UnitSpace((counts, Axis()))
    trials = np.array([[0.05, np.nan], [0.25, np.nan], [0.75, 0.5], [0.95, 0.1]])
    masked = infer_activity(space, [trials]).mask(np.column_stack([grid, np.full(10, 0.3)]))
    np.testing.assert_array_equal(np.isnan(masked[:, 1]), grid < 0.5)


@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.floats(0.0, 1.0))
def test_any_pattern(seed: int, n: int, share: float) -> None:
    """Rules agree with the trials that they were read off, or there is none."""
    rng = np.random.default_rng(seed)
    X = draw(n, seed)
    X[rng.random(X.shape) < share] = np.nan
    activity = infer_activity(TREE, [X])
    filled = np.where(np.isnan(X), 0.0, X)
    for rule in activity.rules:
        given_parent = np.where(np.arange(7) == rule.parent, X, filled)
        masked = Activity((rule,)).mask(given_parent)
        np.testing.assert_array_equal(np.isnan(masked[:, rule.child]), np.isnan(X[:, rule.child]))


class _Branches:
    """Branch 0 looks better by its own parameter than it is: only with it inactive is it fair."""

    def value(self, X: Array) -> Array:
        bonus = np.where(np.isnan(X[:, 1]), 0.5, X[:, 1])
        return np.asarray(-np.abs(X[:, 0] - 0.3) + bonus)

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        return float(self.value(x[None])[0]), np.array([-np.sign(x[0] - 0.3), 1.0, 0.0])


def test_the_search_compares_branches_as_they_are() -> None:
    """The second axis is active in branch 1 only, where it may reach one."""
    space = UnitSpace((Axis(), Axis(), categorical(2)))
    trials = np.array([[0.1, np.nan, 0.0], [0.2, np.nan, 0.0], [0.1, 0.2, 1.0], [0.5, 0.3, 1.0]])
    activity = infer_activity(space, [trials])
    rng = np.random.default_rng(0)
    found = maximize(_Branches(), space, trials[2:], trials, {}, rng, activity)
    np.testing.assert_allclose(found.x, [0.3, 1.0, 1.0], atol=1e-3)
    in_branch_0 = maximize(_Branches(), space, trials[2:], trials, {2: 0.0}, rng, activity)
    np.testing.assert_allclose(in_branch_0.x, [0.3, np.nan, 0.0], atol=1e-3)
    assert in_branch_0.value == pytest.approx(0.5, abs=1e-3)


def test_a_tried_point_of_a_branch_is_known_again() -> None:
    """Two points that differ only in what their branch lacks are the same."""
    space = UnitSpace((categorical(2), COUNT))
    trials = np.array([[0.0, np.nan], [1.0, 1 / 6], [1.0, 1 / 2]])
    activity = infer_activity(space, [trials])

    class Prefers0:
        def value(self, X: Array) -> Array:
            return -X[:, 0]

        def value_and_grad(self, x: Array) -> tuple[float, Array]:
            raise AssertionError("nothing is continuous")

    rng = np.random.default_rng(0)
    found = maximize(Prefers0(), space, trials[1:], trials, {}, rng, activity)
    np.testing.assert_array_equal(found.x, [1.0, 5 / 6])
    assert found.is_new


def test_without_rules_nothing_changes() -> None:
    X = draw(5, seed=0)
    assert ALL_ACTIVE.mask(X) is X


def with_parameters(has: list[bool], noise_var: Array | None = None) -> Problem:
    X = np.random.default_rng(0).random((len(has), 2))
    X[:, 1] = np.where(has, X[:, 1], np.nan)
    return Problem(continuous(2), Dataset(X, np.zeros((len(X), 1)), noise_var))


def test_a_parameter_that_the_study_dropped() -> None:
    dropped = with_parameters([True] * 3 + [False] * 3)
    masked = activity_of(dropped).mask(np.full((2, 2), 0.5))
    np.testing.assert_array_equal(masked, [[0.5, np.nan]] * 2)
    asked_for = replace(dropped, shown=frozenset({1}))
    assert activity_of(asked_for).dropped == ()


def test_a_parameter_that_no_trial_had_to_its_end() -> None:
    """One that failed had it, or one that runs."""
    assert activity_of(with_parameters([False] * 4)).dropped == (1,)


@pytest.mark.parametrize(
    "has",
    [
        [True] * 3 + [False] * 2,
        [True, False, True, False, False, False],
        [False] * 3 + [True] * 3,
        [False] * 3,
        [True] * 6,
        [],
    ],
)
def test_what_looks_like_it_but_is_not(has: list[bool]) -> None:
    assert activity_of(with_parameters(has)).dropped == ()


def test_a_parameter_with_values_that_the_space_lacks_was_not_dropped() -> None:
    """The last trials have it, with a choice that is not there any more."""
    problem = with_parameters([True] * 3 + [False] * 3)
    foreign = np.isnan(problem.target.X)
    told = replace(problem, target=replace(problem.target, is_foreign=foreign))
    assert activity_of(told).dropped == ()


def test_rows_of_pruned_trials_are_in_no_order() -> None:
    noise_var = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.1])
    assert activity_of(with_parameters([True] * 2 + [False] * 3 + [True], noise_var)).dropped
