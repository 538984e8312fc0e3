"""Suggestions do not depend on what must not matter, and are legal whatever comes in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.initial_design import DESIGNS
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import UnitSpace
from tests.fakes import categorical
from tests.fakes import continuous
from tests.fakes import mixed_points
from tests.fakes import mixed_space
from tests.fakes import no_trials
from tests.fakes import ordered
from tests.fakes import quadratic
from tests.fakes import quadratic_study
from tests.suggest.problems import assert_legal
from tests.suggest.problems import assert_same_model
from tests.suggest.problems import cold
from tests.suggest.problems import cold_and_warm
from tests.suggest.problems import expected
from tests.suggest.problems import suggest
from tests.suggest.problems import warm
from tests.suggest.problems import with_values


class TestInvariances:
    @cold_and_warm
    def test_same_generator_same_suggestion(self, problem: Problem) -> None:
        np.testing.assert_array_equal(suggest(problem), suggest(problem))

    @cold_and_warm
    def test_another_generator_another_suggestion(self, problem: Problem) -> None:
        assert (suggest(problem, seed=0) != suggest(problem, seed=1)).any()

    @cold_and_warm
    @pytest.mark.parametrize("factor", [2.0**-40, 8.0, 2.0**100])
    def test_units_of_the_values_do_not_matter(self, problem: Problem, factor: float) -> None:
        x = suggest(with_values(problem, factor, 0.0))
        np.testing.assert_allclose(x, suggest(problem), atol=1e-6)

    @cold_and_warm
    def test_a_constant_on_the_values_does_not_matter(self, problem: Problem) -> None:
        assert_same_model(with_values(problem, 1.0, 3.0), problem)

    @pytest.mark.parametrize("acquisition", CRITERIA)
    @cold_and_warm
    def test_nor_does_it_for_any_criterion(self, problem: Problem, acquisition: str) -> None:
        engine, X = Engine(acquisition=acquisition), np.random.default_rng(9).random((40, 2))
        near, far = (
            engine.survey(with_values(problem, 1.0, c), np.random.default_rng(0)) for c in (0, 50)
        )
        assert spearmanr(near.acquisition.value(X), far.acquisition.value(X)).statistic > 0.97

    @cold_and_warm
    def test_order_of_trials_does_not_matter(self, problem: Problem) -> None:
        order = np.random.default_rng(0).permutation(problem.target.n_trials)
        target = Dataset(problem.target.X[order], problem.target.Y[order])
        assert_same_model(replace(problem, target=target), problem)

    def test_order_of_the_sources_trials_does_not_matter(self) -> None:
        problem = warm()
        (source,) = problem.sources
        order = np.random.default_rng(0).permutation(source.n_trials)
        other = Dataset(source.X[order], source.Y[order])
        assert_same_model(replace(problem, sources=(other,)), problem)

    @cold_and_warm
    def test_the_problem_is_left_alone(self, problem: Problem) -> None:
        before = [d.copy() for s in (problem.target, *problem.sources) for d in (s.X, s.Y)]
        suggest(problem)
        after = [d for s in (problem.target, *problem.sources) for d in (s.X, s.Y)]
        for a, b in zip(before, after, strict=True):
            np.testing.assert_array_equal(a, b)


class TestSpaces:
    @pytest.mark.parametrize("is_warm", [False, True])
    def test_mixed_and_conditional(self, is_warm: bool) -> None:
        rng = np.random.default_rng(3)
        X, X_source = mixed_points(5, rng), mixed_points(12, rng)
        target = Dataset(X, quadratic(X, 0.45)[:, None], np.full(5, 0.01))
        source = Dataset(X_source, quadratic(X_source, 0.3)[:, None])
        problem = Problem(mixed_space(), target, (source,) if is_warm else (), X[:2])
        assert_legal(suggest(problem), mixed_space(), n_conditional=1)

    def test_source_that_lacks_an_axis(self) -> None:
        X = np.random.default_rng(0).random((20, 2))
        X[:, 1] = np.nan
        source = Dataset(X, quadratic(X, 0.3)[:, None])
        x = suggest(Problem(continuous(2), no_trials(2), (source,)))
        assert x[0] == pytest.approx(0.3, abs=0.15)
        assert_legal(x, continuous(2))

    def test_source_outside_the_targets_range(self) -> None:
        """The range moved: all of the source's trials lie left of it."""
        source = quadratic_study(20, 1, 0.45, np.random.default_rng(0))
        moved = Dataset(source.X - 1.0, source.Y)
        assert_legal(suggest(Problem(continuous(1), no_trials(1), (moved,))), continuous(1))

    @cold_and_warm
    def test_fixed_axes_are_honoured(self, problem: Problem) -> None:
        x = suggest(replace(problem, fixed={1: 0.77}))
        assert x[1] == 0.77
        assert 0.0 <= x[0] <= 1.0

    @pytest.mark.parametrize("is_warm", [False, True])
    def test_no_repeats_until_the_grid_is_used_up(self, is_warm: bool) -> None:
        space = UnitSpace((ordered(4), categorical(3)))
        engine = Engine(Modeller(deterministic_objective=True))
        X_source = space.snap(np.random.default_rng(0).random((6, 2)))
        sources = (Dataset(X_source, quadratic(X_source, 0.3)[:, None]),) if is_warm else ()
        X = np.empty((0, 2))
        for seed in range(13):
            data = Dataset(X, quadratic(X, 0.4)[:, None])
            problem = Problem(space, data, sources, source_keys=("a",) * len(sources))
            x = suggest(problem, engine, seed)
            assert_legal(x, space)
            X = np.concatenate([X, x[None]])
        assert len(np.unique(X[:12], axis=0)) == 12

    @pytest.mark.parametrize("design", DESIGNS)
    def test_no_repeats_within_a_design(self, design: str) -> None:
        """Small grids, and trials that the user chose and that the design would come to."""
        space = UnitSpace((ordered(3), categorical(2), ordered(1)))
        engine = Engine(initial_design=design, n_startup_trials=6)
        X = np.array([[0.5, 0.0, 0.5], [1.0 / 6.0, 0.0, 0.5]])
        for seed in range(4):
            problem = Problem(space, Dataset(X, quadratic(X, 0.4)[:, None]))
            X = np.concatenate([X, suggest(problem, engine, seed)[None]])
        assert len(np.unique(X, axis=0)) == 6

    def test_one_value_axes(self) -> None:
        space = UnitSpace((ordered(1), categorical(1)))
        X = np.array([[0.5, 0.0]])
        problem = Problem(space, Dataset(X, np.array([[1.0]])))
        np.testing.assert_array_equal(suggest(problem), X[0])

    @pytest.mark.parametrize("n_dims", [1, 50])
    def test_few_and_many_axes(self, n_dims: int) -> None:
        rng = np.random.default_rng(4)
        source = quadratic_study(20, n_dims, 0.3, rng)
        target = quadratic_study(3, n_dims, 0.45, rng)
        problem = Problem(continuous(n_dims), target, (source,))
        assert_legal(suggest(problem), continuous(n_dims))


class TestOddValues:
    @pytest.mark.parametrize("is_warm", [False, True])
    @pytest.mark.parametrize(
        "Y",
        [
            np.zeros(5),
            np.full(5, 1e300),
            np.array([-1e300, 1e300, 0.0, 1.0, 2.0]),
            np.array([1e-300, 2e-300, 3e-300, 0.0, 1e-300]),
            np.array([-1e12, 0.1, 0.2, 0.3, 0.4]),
            1e9 + np.arange(5) * 1e-6,
        ],
        ids=["zero", "plateau", "huge", "tiny", "diverged", "offset"],
    )
    def test_suggestion_is_legal(self, Y: Array, is_warm: bool) -> None:
        target = Dataset(np.random.default_rng(5).random((5, 2)), Y[:, None])
        source = quadratic_study(15, 2, 0.3, np.random.default_rng(6))
        problem = Problem(continuous(2), target, (source,) if is_warm else ())
        assert_legal(suggest(problem), continuous(2))

    @pytest.mark.parametrize("unit", [1e-300, 1e-150, 1e150, 1e300])
    def test_source_in_a_wildly_different_unit(self, unit: float) -> None:
        problem = warm()
        (source,) = problem.sources
        other = Dataset(source.X, unit * source.Y)
        assert_legal(suggest(replace(problem, sources=(other,))), continuous(2))

    @cold_and_warm
    def test_duplicates(self, problem: Problem) -> None:
        target = problem.target
        twice = Dataset(np.tile(target.X, (3, 1)), np.tile(target.Y, (3, 1)))
        assert_legal(suggest(replace(problem, target=twice)), continuous(2))

    @pytest.mark.parametrize("is_deterministic", [False, True])
    def test_duplicates_that_contradict_each_other(self, is_deterministic: bool) -> None:
        rng = np.random.default_rng(7)
        target = Dataset(np.tile(rng.random((3, 2)), (4, 1)), rng.standard_normal((12, 1)))
        engine = Engine(Modeller(is_deterministic))
        assert_legal(suggest(Problem(continuous(2), target), engine), continuous(2))

    @cold_and_warm
    def test_many_trials(self, problem: Problem) -> None:
        """Past the number that gets the full effort."""
        target = quadratic_study(150, 2, 0.45, np.random.default_rng(9))
        x = suggest(replace(problem, target=target))
        np.testing.assert_allclose(x, [0.45, 0.45], atol=0.05)

    @pytest.mark.parametrize("n", [1, 2])
    @pytest.mark.parametrize("is_warm", [False, True])
    def test_one_or_two_trials(self, n: int, is_warm: bool) -> None:
        assert_legal(suggest(warm(n) if is_warm else cold(n)), continuous(2))

    @cold_and_warm
    def test_noisy_rows_count_less(self, problem: Problem) -> None:
        """A far better value with a huge noise raises no hopes."""
        target = problem.target
        x = np.array([[0.95, 0.95]])
        X, Y = np.concatenate([target.X, x]), np.concatenate([target.Y, [[0.3]]])
        noise_var = np.zeros(len(X))
        noise_var[-1] = 100.0
        sure = expected(replace(problem, target=Dataset(X, Y)), x)
        unsure = expected(replace(problem, target=Dataset(X, Y, noise_var)), x)
        assert unsure[0] < sure[0] - 0.3


@pytest.mark.parametrize("n", [0, 1, 3])
def test_space_without_axes(n: int) -> None:
    data = Dataset(np.empty((n, 0)), np.ones((n, 1)))
    assert suggest(Problem(UnitSpace(()), data)).shape == (0,)


def test_axis_with_a_huge_grid() -> None:
    space = UnitSpace((ordered(100_000), Axis()))
    X = space.snap(np.random.default_rng(0).random((5, 2)))
    problem = Problem(space, Dataset(X, quadratic(X, 0.4)[:, None]))
    assert_legal(suggest(problem), space)
