"""Suggestions for several objectives, with constraints, sources and running trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from optuna._hypervolume import compute_hypervolume

from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.suggest.outputs import objective_outputs
from optuna_scaleup.suggest.seeds import best_rows
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from tests.fakes import continuous
from tests.fakes import quadratic
from tests.suggest.problems import assert_legal
from tests.suggest.problems import suggest


REFERENCE = np.array([0.8, 0.8])  # as losses


def study(X: Array, low: float = 0.2, high: float = 0.8) -> Dataset:
    """Two quadratics; what is between their optima, on the diagonal, is optimal."""
    return Dataset(X, np.column_stack([quadratic(X, low), quadratic(X, high)]))


def sampled(n: int, seed: int, low: float = 0.2, high: float = 0.8) -> Dataset:
    return study(np.random.default_rng(seed).random((n, 2)), low, high)


def hypervolume(X: Array) -> float:
    losses = -study(X).Y
    return float(compute_hypervolume(losses[(losses < REFERENCE).all(axis=1)], REFERENCE))


def best_hypervolume() -> float:
    return hypervolume(np.repeat(np.linspace(0.2, 0.8, 200)[:, None], 2, axis=1))


@pytest.mark.parametrize(("n_source", "n_trials", "share"), [(0, 12, 0.85), (12, 7, 0.8)])
def test_hypervolume_nears_the_best(n_source: int, n_trials: int, share: float) -> None:
    sources = (sampled(n_source, 1, 0.3, 0.7),) if n_source else ()
    engine = Engine()
    X = np.empty((0, 2))
    for seed in range(n_trials):
        problem = Problem(continuous(2), study(X), sources, source_keys=("a",) * len(sources))
        X = np.concatenate([X, suggest(problem, engine, seed)[None]])
    assert hypervolume(X) > share * best_hypervolume()


def test_warm_start_is_between_the_sources_optima() -> None:
    x = suggest(Problem(continuous(2), study(np.empty((0, 2))), (sampled(20, 1),)))
    assert (np.abs(x - 0.5) < 0.35).all()
    assert abs(x[0] - x[1]) < 0.25


@pytest.mark.parametrize("n_source", [0, 5])
def test_a_free_front_is_looked_for_along_single_axes(n_source: int) -> None:
    """A trial tells of what shares a coordinate with it, unless others have a say as well."""
    sources = (sampled(n_source, 1),) if n_source else ()
    one_shared, none_shared = np.array([[0.02, 0.98]]), np.array([[0.98, 0.98]])

    def relative_std(seed: int, n: int, is_limited: bool) -> float:
        X = np.random.default_rng(seed).random((n, 2)) * 0.1
        X[0] = 0.02
        data = study(X)
        if is_limited:
            data = replace(data, constraints={"c": X[:, 0] - 0.5})
        problem = Problem(continuous(2), data, sources)
        survey = Engine().survey(problem, np.random.default_rng(0))
        objective = survey.models.objectives[0]
        ratio = objective.predict(one_shared).std / objective.predict(none_shared).std
        return float(np.exp(objective.log_weight) @ ratio[:, 0])

    def told(n: int) -> float:
        ratios = [relative_std(s, n, False) / relative_std(s, n, True) for s in range(4)]
        return float(np.mean(ratios))

    if n_source:
        assert told(8) == pytest.approx(1.0, abs=1e-12)
    else:
        assert told(8) < 0.97
        assert told(50) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("m", [3, 5])
def test_many_objectives_with_a_constraint_and_running_trials(m: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.random((8, 2))
    Y = np.column_stack([quadratic(X, optimum) for optimum in np.linspace(0.1, 0.9, m)])
    data = Dataset(X, Y, constraints={"c": X[:, 0] - 0.5})
    problem = Problem(continuous(2), data, (data,), rng.random((2, 2)), source_keys=("a",))
    suggestion = Engine().suggest(problem, np.random.default_rng(0))
    assert_legal(suggestion.x, continuous(2))
    assert suggestion.value_interval is None
    assert sum(suggestion.source_weights) == pytest.approx(1.0)


def test_concurrent_suggestions_differ() -> None:
    problem = Problem(continuous(2), sampled(6, 0))
    first = suggest(problem)
    second = suggest(replace(problem, X_pending=first[None]))
    assert np.abs(second - first).max() > 1e-2


def test_units_of_an_objective_do_not_matter() -> None:
    problem = Problem(continuous(2), sampled(6, 0))
    scaled = replace(problem.target, Y=problem.target.Y * np.array([2.0**50, 2.0**-50]))
    np.testing.assert_allclose(
        suggest(replace(problem, target=scaled)), suggest(problem), atol=1e-6
    )


@pytest.mark.parametrize(
    "Y",
    [np.zeros((5, 2)), np.full((5, 2), 1e300), np.array([[1e300, -1e300]] * 2 + [[0, 0]] * 3)],
    ids=["zero", "plateau", "huge"],
)
def test_odd_values(Y: Array) -> None:
    X = np.random.default_rng(0).random((5, 2))
    assert_legal(suggest(Problem(continuous(2), Dataset(X, Y))), continuous(2))


def test_search_starts_along_the_feasible_front() -> None:
    X = np.linspace(0.0, 1.0, 30)[:, None]
    Y = np.column_stack([X[:, 0], 1.0 - X[:, 0]])
    c = np.where(X[:, 0] > 0.5, 1.0, -1.0)
    rows = best_rows(Dataset(X, Y, constraints={"c": c}))
    assert len(rows) == 6
    assert rows.max() == 14
    assert rows.min() == 0
    rows = best_rows(Dataset(X, Y[:, :1], constraints={"c": c}))
    np.testing.assert_array_equal(rows, [14, 13, 12])


def has_no_tail(problem: Problem) -> list[bool]:
    """Of each objective, whether equal steps among bad values are equal for the model."""
    objectives = objective_outputs(problem)
    models = Modeller().models_of(problem, objectives, np.random.default_rng(0)).objectives
    warped = [model.to_warped(model.expected_bad - np.arange(3.0)) for model in models]
    return [bool(np.abs(np.diff(z, 2)).max() < 1e-9) for z in warped]


@pytest.mark.parametrize("where", ["in the study", "in the source"])
def test_each_objective_has_a_tail_or_none(where: str) -> None:
    """One is smooth, of the other bad values lie orders of magnitude below good ones."""
    X = np.random.default_rng(0).random((20, 2))
    data = Dataset(X, np.column_stack([quadratic(X, 0.2), -np.exp(12.0 * X[:, 0])]))
    nothing = Dataset(np.empty((0, 2)), np.empty((0, 2)))
    problem = (
        Problem(continuous(2), data)
        if where == "in the study"
        else Problem(continuous(2), nothing, (data,))
    )
    assert has_no_tail(problem) == [True, False]


@pytest.mark.parametrize("n_source", [0, 8])
def test_of_three_objectives_the_model_decides_from_the_start_if_there_is_a_source(
    n_source: int,
) -> None:
    def of_three(X: Array) -> Dataset:
        return Dataset(X, np.column_stack([quadratic(X, low) for low in (0.2, 0.5, 0.8)]))

    rng = np.random.default_rng(0)
    sources = (of_three(rng.random((n_source, 2))),) if n_source else ()
    in_design = [
        Engine().is_in_design(Problem(continuous(2), of_three(rng.random((n, 2))), sources))
        for n in (1, 3, 4)
    ]
    assert in_design == [not n_source, not n_source, False]
