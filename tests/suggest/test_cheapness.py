"""The expected cost, and what it does to a suggestion."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.model.fitting import fit_mixture
from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.cheapness import LogCheapness
from optuna_scaleup.suggest.composition import Models
from optuna_scaleup.suggest.composition import compose
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.suggest.outputs import cost_output
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from tests import oracles
from tests.fakes import KnownMixture
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.suggest.problems import suggest


WEIGHT = np.array([0.6, 0.4])
QUERY = np.array([[0.1], [0.7]])


def known() -> KnownMixture:
    ones = np.ones(2)
    return KnownMixture(np.log(WEIGHT), ones, 2.0 * ones, np.array([0.0, 1.0]), 0.3 * ones)


def test_expected_cost_is_the_draws_average_in_logarithms() -> None:
    expected = WEIGHT @ known().predict(QUERY).mean
    np.testing.assert_allclose(-LogCheapness(known()).value(QUERY), expected)


def test_improvement_per_cost_once_something_was_tried() -> None:
    tried, observed = np.array([[0.4]]), np.empty((1, 0))
    criterion = CRITERIA["log_ei"]()
    free = compose(Models([known()]), criterion, tried, observed).value(QUERY)
    ours = compose(Models([known()], log_cost=known()), criterion, tried, observed).value(QUERY)
    np.testing.assert_allclose(ours, free + LogCheapness(known()).value(QUERY))


def test_what_a_first_trial_is_worth_above_half_way_to_the_best_per_cost() -> None:
    nothing = np.empty((0, 1)), np.empty((0, 0))
    models = Models([known()], log_cost=known())
    ours = compose(models, CRITERIA["log_ei"](), *nothing)
    expected_value = 2.0 * QUERY[:, 0] + WEIGHT @ [0.0, 1.0]
    excess = 0.1 * np.log1p(np.exp((expected_value - 0.5) / 0.1))
    cheapness = LogCheapness(known()).value(QUERY)
    gap = ours.value(QUERY) - np.log(excess) - cheapness
    np.testing.assert_allclose(gap, gap[0])
    value, grad = ours.value_and_grad(QUERY[1])
    assert value == pytest.approx(ours.value(QUERY)[1])
    expected = oracles.finite_difference(lambda u: float(ours.value(u[None])[0]), QUERY[1])
    np.testing.assert_allclose(grad, expected, rtol=1e-5)


def test_a_first_trial_is_a_cheap_one_of_the_good_ones() -> None:
    """Of two equal optima the cheaper; not the cheapest point of all, where nothing is good."""
    X = np.linspace(0.0, 1.0, 21)[:, None]
    value = np.exp(-(((X[:, 0] - 0.35) / 0.08) ** 2)) + np.exp(-(((X[:, 0] - 0.8) / 0.08) ** 2))
    source = Dataset(X, value[:, None], cost=np.exp(6.0 * X[:, 0]))
    nothing = Dataset(np.empty((0, 1)), np.empty((0, 1)), cost=np.empty(0))
    (x,) = suggest(Problem(continuous(1), nothing, (source,)))
    assert x == pytest.approx(0.35, abs=0.1)


def test_gradient_on_a_fitted_mixture() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((8, 2))
    mixture = fit_mixture(
        feature_map(continuous(2), X),
        X,
        3.0 * X[:, 0] + np.sin(5.0 * X[:, 1]),
        None,
        [],
        np.empty((0, 2)),
        lambda n_points, n_dims: sobol(n_points, n_dims, rng),
    )
    ours = LogCheapness(mixture)
    for x in rng.random((4, 2)):
        value, grad = ours.value_and_grad(x)
        np.testing.assert_allclose(value, ours.value(x[None])[0], rtol=1e-9)
        expected = oracles.finite_difference(lambda u: float(ours.value(u[None])[0]), x)
        np.testing.assert_allclose(grad, expected, rtol=1e-4, atol=1e-6)


def flat(cost: Array | None) -> Dataset:
    """Nothing is known of the objective but noise-like values."""
    X = np.random.default_rng(1).random((6, 1))
    Y = np.random.default_rng(2).random((6, 1))
    return Dataset(X, Y, cost=None if cost is None else cost * np.exp(6.0 * X[:, 0]))


def test_cheap_points_are_preferred() -> None:
    dear, free = (suggest(Problem(continuous(1), flat(c))) for c in (np.ones(6), None))
    assert dear[0] < max(free[0], 0.5)


def test_a_source_tells_the_cost_though_its_level_differs() -> None:
    source = flat(np.full(6, 1e-3))
    problem = Problem(continuous(1), flat(np.full(6, np.nan)), (source,))
    output = cost_output(problem)
    assert output is not None
    model = Modeller().fit(output.problem, np.random.default_rng(0))
    cheap, dear = LogCheapness(model).value(np.array([[0.1], [0.9]]))
    assert cheap - dear > 2.0


@pytest.mark.parametrize("column", [None, np.full(6, np.nan)])
def test_no_cost_is_no_output(column: Array | None) -> None:
    assert cost_output(Problem(continuous(1), flat(column), (flat(None),))) is None
    a, b = (suggest(Problem(continuous(1), flat(c))) for c in (column, None))
    np.testing.assert_array_equal(a, b)
