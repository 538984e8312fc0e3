"""Suggestions under constraints: feasibility first, then the best feasible value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.constraints import constraint_outputs
from optuna_scaleup.suggest.engine import Engine
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


OPTIMUM = 0.8


def study(X: Array, edge: float = 0.5, unit: float = 1.0) -> Dataset:
    """The quadratic's optimum lies beyond the edge: ``x0 <= edge`` is what is allowed."""
    Y = quadratic(X, OPTIMUM)[:, None] if len(X) else np.empty((0, 1))
    return Dataset(X, Y, constraints={"c": unit * (X[:, 0] - edge)})


def sampled(n: int, seed: int, edge: float = 0.5) -> Dataset:
    return study(np.random.default_rng(seed).random((n, 2)), edge)


@pytest.mark.parametrize("n_source", [0, 12])
def test_best_feasible_value_within_one_percent(n_source: int) -> None:
    """The source's edge is elsewhere; the constrained optimum is (0.5, 0.8)."""
    sources = (sampled(n_source, 1, edge=0.4),) if n_source else ()
    engine = Engine()
    X = np.empty((0, 2))
    for seed in range(10 if not n_source else 6):
        problem = Problem(continuous(2), study(X), sources, source_keys=("a",) * len(sources))
        X = np.concatenate([X, suggest(problem, engine, seed)[None]])
    feasible = X[X[:, 0] <= 0.5]
    assert -quadratic(feasible, OPTIMUM).max() < 0.09 + 0.01 * 1.28


def test_warm_start_keeps_to_what_is_feasible_in_the_source() -> None:
    problem = Problem(continuous(2), no_trials(2), (sampled(30, 1, edge=0.4),))
    x = suggest(problem)
    assert x[0] < 0.5
    assert x[1] == pytest.approx(OPTIMUM, abs=0.2)


def feasibility(problem: Problem, first: Sequence[float]) -> Array:
    """Probability that the constraint holds at these values of the first axis."""
    model = Modeller().limited([], problem, np.random.default_rng(0)).constraints["c"]
    query = np.column_stack([first, np.full(len(first), 0.5)])
    return np.asarray(np.exp(log_feasibility(model).value(query)))


@pytest.mark.parametrize("seed", range(4))
def test_a_feasible_trial_does_not_open_what_the_source_closed(seed: int) -> None:
    """The largest value of the study need not be as large as the source's: zero is zero."""
    source, first = sampled(20, seed), study(np.array([[0.1, 0.5]]))
    before, after = (
        feasibility(Problem(continuous(2), target, (source,)), [0.1, 0.7, 0.9])
        for target in (no_trials(2), first)
    )
    assert after[0] > 0.9
    assert max(before[1:]) < 0.3
    assert max(after[1:]) < 0.5


def test_feasibility_is_sought_while_nothing_is_feasible() -> None:
    """The tried points say where the constraint falls; the objective pulls the other way."""
    X = 0.6 + 0.4 * np.random.default_rng(0).random((6, 2))
    assert suggest(Problem(continuous(2), study(X, edge=0.1)))[0] < 0.3


def test_units_of_a_constraint_do_not_matter() -> None:
    X = np.random.default_rng(3).random((6, 2))
    one, other = (suggest(Problem(continuous(2), study(X, unit=u))) for u in (1.0, 2.0**60))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("acquisition", CRITERIA)
def test_every_criterion(acquisition: str) -> None:
    problem = Problem(continuous(2), sampled(6, 0), (sampled(8, 1),), np.full((1, 2), 0.3))
    assert_legal(suggest(problem, Engine(acquisition=acquisition)), continuous(2))


def test_trials_that_lack_a_constraint_count_for_the_objective() -> None:
    """Half of the rows know nothing of the constraint, two names alternate."""
    data = sampled(8, 0)
    column = data.constraints["c"]
    halves = {"a": column.copy(), "b": column.copy()}
    halves["a"][::2] = halves["b"][1::2] = np.nan
    gaps = replace(data, constraints=halves)
    x = suggest(Problem(continuous(2), gaps))
    assert_legal(x, continuous(2))
    assert x[0] < 0.7


def test_many_constraints_of_wild_sizes() -> None:
    data = sampled(6, 0)
    column = data.constraints["c"]
    wild = {f"{unit:g}": unit * column for unit in (1e-300, 1e-5, 1e300)}
    wild["zero"], wild["diverged"] = 0.0 * column, np.where(column > 0.2, 1e12, column)
    assert_legal(suggest(Problem(continuous(2), replace(data, constraints=wild))), continuous(2))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_linear_constraint_is_known_far_from_any_trial(seed: int) -> None:
    """One of three of six parameters, from sixteen trials; most of them keep it."""
    rng = np.random.default_rng(seed)
    X, X_new = rng.random((16, 6)), rng.random((400, 6))
    weights = np.array([1.0, -0.5, 2.0, 0.0, 0.0, 0.0])
    c, c_new = X @ weights - 2.0, X_new @ weights - 2.0
    problem = Problem(continuous(6), Dataset(X, -X[:, :1], constraints={"c": c}))
    model = Modeller().limited([], problem, rng).constraints["c"]
    is_likely = log_feasibility(model).value(X_new) > np.log(0.5)
    assert np.mean(is_likely == (c_new <= 0.0)) > 0.98
    ((output,),) = constraint_outputs(problem).values()
    unit = c[0] / np.sinh(output.problem.target.Y[0, 0])
    error = unit * np.sinh(model.expected_values(X_new)) - c_new
    assert np.sqrt(np.mean(error**2)) < 0.07 * c_new.std()


def test_a_constraint_is_modelled_in_the_unit_that_explains_it() -> None:
    """One that spans five orders of magnitude is close to linear in a small unit only."""
    X = np.random.default_rng(0).random((12, 2))
    c = np.exp(16.0 * X.sum(axis=1) / 2.0) - 10.0
    problem = Problem(continuous(2), Dataset(X, -X[:, :1], constraints={"c": c}))
    model = Modeller().limited([], problem, np.random.default_rng(0)).constraints["c"]
    ((large, small),) = constraint_outputs(problem).values()
    expected = model.expected_values(X)
    assert np.abs(expected - small.problem.target.Y[:, 0]).max() < 0.1
    assert np.abs(expected - large.problem.target.Y[:, 0]).max() > 1.0
