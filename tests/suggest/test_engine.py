"""From a problem to a suggestion: reductions, invariances, repeats and the shifted quadratic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.acquisition import Rating
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.initial_design import DESIGNS
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


def suggest(problem: Problem, engine: Engine | None = None, seed: int = 0) -> Array:
    return (engine or Engine()).suggest(problem, np.random.default_rng(seed))


def cold(n: int = 6) -> Problem:
    return Problem(continuous(2), quadratic_study(n, 2, 0.45, np.random.default_rng(1)))


def warm(n: int = 4, optimum: float = 0.3) -> Problem:
    source = quadratic_study(20, 2, optimum, np.random.default_rng(2))
    target = quadratic_study(n, 2, 0.45, np.random.default_rng(1)) if n else no_trials(2)
    return Problem(continuous(2), target, (source,))


def with_values(problem: Problem, factor: float, constant: float) -> Problem:
    def change(data: Dataset) -> Dataset:
        return replace(data, Y=factor * data.Y + constant)

    return replace(
        problem, target=change(problem.target), sources=tuple(map(change, problem.sources))
    )


both = pytest.mark.parametrize("problem", [cold(), warm()], ids=["cold", "warm"])


def expected(problem: Problem, X: Array) -> Array:
    """Expected value of each row in warped units, shape ``(q,)``."""
    mixture = Engine().fit(problem, np.random.default_rng(0))
    return np.asarray(np.exp(mixture.log_weight) @ mixture.predict(X).mean)


def assert_same_model(a: Problem, b: Problem) -> None:
    """The same expectations but for what rounding does to the end of a fit.

    Suggestions may differ more, where two points are almost equally good.
    """
    X = np.random.default_rng(8).random((20, a.space.n_dims))
    np.testing.assert_allclose(expected(a, X), expected(b, X), atol=0.05)


def assert_legal(x: Array, space: UnitSpace) -> None:
    assert x.shape == (space.n_dims,)
    assert np.isfinite(x).all()
    for u, axis in zip(x, space.axes, strict=True):
        assert 0.0 <= u <= 1.0 if axis.grid is None else u in axis.grid


class TestWhatIsTriedFirst:
    def test_cold_start_is_the_design(self) -> None:
        x = suggest(Problem(continuous(3), no_trials(3)))
        np.testing.assert_array_equal(x, [0.5, 0.5, 0.5])

    @pytest.mark.parametrize("design", DESIGNS)
    def test_designs(self, design: str) -> None:
        """The first trials are distinct and legal, and the model follows."""
        engine = Engine(initial_design=design, n_startup_trials=4)
        X = np.empty((0, 4))
        for seed in range(5):
            data = Dataset(X, quadratic(X, 0.4)[:, None])
            x = suggest(Problem(mixed_space(), data), engine, seed)
            assert_legal(x, mixed_space())
            X = np.concatenate([X, x[None]])
        assert len(np.unique(X, axis=0)) == 5

    def test_sobol_design_is_one_sequence(self) -> None:
        """Each eighth of an axis gets one of eight points, though every trial has its own seed."""
        engine = Engine(initial_design="sobol", n_startup_trials=8)
        X = np.empty((0, 2))
        for seed in range(8):
            x = suggest(Problem(continuous(2), Dataset(X, X[:, :1])), engine, seed)
            X = np.concatenate([X, x[None]])
        eighths = np.sort((X * 8.0).astype(int), axis=0)
        np.testing.assert_array_equal(eighths, np.repeat(np.arange(8)[:, None], 2, axis=1))

    def test_corners_are_all_tried_before_the_model(self) -> None:
        engine = Engine(initial_design="corners")
        X = np.empty((0, 2))
        for seed in range(4):
            x = suggest(Problem(continuous(2), Dataset(X, X[:, :1])), engine, seed)
            X = np.concatenate([X, x[None]])
        assert {tuple(x) for x in X} == {(0, 0), (0, 1), (1, 0), (1, 1)}

    def test_warm_start_is_near_the_sources_optimum(self) -> None:
        np.testing.assert_allclose(suggest(warm(0)), [0.3, 0.3], atol=0.1)

    def test_warm_start_is_the_best_expected_value(self) -> None:
        """Over the source's uncertainty and the shifts; not the best of the source's trials."""
        problem = warm(0)
        mixture = Engine().fit(problem, np.random.default_rng(0))

        def expected(X: Array) -> Array:
            weight = np.exp(mixture.log_weight) * mixture.scale
            return np.asarray(weight @ mixture.predict(X).mean)

        grid = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, 41)] * 2), axis=-1).reshape(-1, 2)
        assert expected(suggest(problem)[None])[0] >= expected(grid).max() - 1e-3

    def test_optimum_may_shift_along_numeric_axes_only(self) -> None:
        """Draws before the first trial differ by their shifts in what they expect."""
        X = categorical(4).snap(np.random.default_rng(0).uniform(0, 3, (9, 1)))
        choices = Dataset(X, X)
        numbers = quadratic_study(9, 1, 0.3, np.random.default_rng(0))
        n_distinct = []
        for axis, source in ((categorical(4), choices), (Axis(), numbers)):
            problem = Problem(UnitSpace((axis,)), no_trials(1), (source,))
            mean = Engine().fit(problem, np.random.default_rng(0)).predict(np.ones((1, 1))).mean
            n_distinct.append(len(np.unique(mean.round(9))))
        assert n_distinct[0] <= 2
        assert n_distinct[1] > 20

    def test_source_without_trials_is_no_source(self) -> None:
        problem = Problem(continuous(2), no_trials(2), (no_trials(2),))
        np.testing.assert_array_equal(suggest(problem), [0.5, 0.5])

    def test_source_that_shares_no_axis_is_no_source(self) -> None:
        unknown = Dataset(np.full((5, 2), np.nan), np.arange(5.0)[:, None])
        problem = Problem(continuous(2), no_trials(2), (unknown,))
        np.testing.assert_array_equal(suggest(problem), [0.5, 0.5])

    def test_source_that_shares_no_axis_changes_nothing_later(self) -> None:
        unknown = Dataset(np.full((5, 2), np.nan), np.linspace(-0.1, 0.0, 5)[:, None])
        assert_same_model(replace(cold(), sources=(unknown,)), cold())


class TestInvariances:
    @both
    def test_same_generator_same_suggestion(self, problem: Problem) -> None:
        np.testing.assert_array_equal(suggest(problem), suggest(problem))

    @both
    def test_another_generator_another_suggestion(self, problem: Problem) -> None:
        assert (suggest(problem, seed=0) != suggest(problem, seed=1)).any()

    @both
    @pytest.mark.parametrize("factor", [2.0**-40, 8.0, 2.0**100])
    def test_units_of_the_values_do_not_matter(self, problem: Problem, factor: float) -> None:
        x = suggest(with_values(problem, factor, 0.0))
        np.testing.assert_allclose(x, suggest(problem), atol=1e-6)

    @both
    def test_a_constant_on_the_values_does_not_matter(self, problem: Problem) -> None:
        assert_same_model(with_values(problem, 1.0, 3.0), problem)

    @both
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

    @both
    def test_the_problem_is_left_alone(self, problem: Problem) -> None:
        before = [d.copy() for s in (problem.target, *problem.sources) for d in (s.X, s.Y)]
        suggest(problem)
        after = [d for s in (problem.target, *problem.sources) for d in (s.X, s.Y)]
        for a, b in zip(before, after, strict=True):
            np.testing.assert_array_equal(a, b)


class TestCache:
    def test_kept_fit_gives_the_same_suggestion(self) -> None:
        problem = replace(warm(), source_keys=("a",))
        engine = Engine()
        first = suggest(problem, engine)
        np.testing.assert_array_equal(suggest(problem, engine), first)
        np.testing.assert_array_equal(suggest(problem), first)

    def test_changed_source_is_fitted_again(self) -> None:
        engine = Engine()
        first = suggest(replace(warm(0, optimum=0.3), source_keys=("a",)), engine)
        other = replace(warm(0, optimum=0.7), source_keys=("b",))
        np.testing.assert_array_equal(suggest(other, engine), suggest(other))
        assert np.abs(suggest(other, engine) - first).min() > 0.2


class TestPending:
    @both
    def test_concurrent_suggestions_differ(self, problem: Problem) -> None:
        first = suggest(problem)
        second = suggest(replace(problem, X_pending=first[None]))
        assert np.abs(second - first).max() > 1e-3

    def test_five_concurrent_first_suggestions_differ(self) -> None:
        X = np.empty((0, 2))
        engine = Engine()
        for _ in range(5):
            problem = replace(warm(0), X_pending=X, source_keys=("a",))
            X = np.concatenate([X, suggest(problem, engine)[None]])
        gaps = np.abs(X[:, None] - X[None]).max(axis=-1)
        assert gaps[~np.eye(5, dtype=bool)].min() > 1e-3

    def test_concurrent_cold_suggestions_differ(self) -> None:
        problem = Problem(continuous(2), no_trials(2))
        first = suggest(problem)
        second = suggest(replace(problem, X_pending=first[None]))
        assert np.abs(second - first).max() > 1e-3


class TestSpaces:
    @pytest.mark.parametrize("is_warm", [False, True])
    def test_mixed_and_conditional(self, is_warm: bool) -> None:
        rng = np.random.default_rng(3)
        X, X_source = mixed_points(5, rng), mixed_points(12, rng)
        target = Dataset(X, quadratic(X, 0.45)[:, None], np.full(5, 0.01))
        source = Dataset(X_source, quadratic(X_source, 0.3)[:, None])
        problem = Problem(mixed_space(), target, (source,) if is_warm else (), X[:2])
        assert_legal(suggest(problem), mixed_space())

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

    @both
    def test_fixed_axes_are_honoured(self, problem: Problem) -> None:
        x = suggest(replace(problem, fixed={1: 0.77}))
        assert x[1] == 0.77
        assert 0.0 <= x[0] <= 1.0

    @pytest.mark.parametrize("is_warm", [False, True])
    def test_no_repeats_until_the_grid_is_used_up(self, is_warm: bool) -> None:
        space = UnitSpace((ordered(4), categorical(3)))
        engine = Engine(deterministic_objective=True)
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

    @both
    def test_duplicates(self, problem: Problem) -> None:
        target = problem.target
        twice = Dataset(np.tile(target.X, (3, 1)), np.tile(target.Y, (3, 1)))
        assert_legal(suggest(replace(problem, target=twice)), continuous(2))

    @pytest.mark.parametrize("n", [1, 2])
    @pytest.mark.parametrize("is_warm", [False, True])
    def test_one_or_two_trials(self, n: int, is_warm: bool) -> None:
        assert_legal(suggest(warm(n) if is_warm else cold(n)), continuous(2))

    @both
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


class TestChoices:
    @pytest.mark.parametrize("acquisition", CRITERIA)
    @both
    def test_every_criterion(self, problem: Problem, acquisition: str) -> None:
        assert_legal(suggest(problem, Engine(acquisition=acquisition)), continuous(2))

    def test_own_criterion(self) -> None:
        class Spread:
            """Standard deviation."""

            is_log = False

            def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
                return Rating(scale * std, np.zeros_like(std), scale * np.ones_like(std))

        x = suggest(cold(), Engine(acquisition=Spread()))
        assert_legal(x, continuous(2))
        assert np.abs(cold().target.X - x).max(axis=1).min() > 0.1

    def test_max_variance_stays_away_from_the_trials(self) -> None:
        x = suggest(cold(), Engine(acquisition="max_variance"))
        assert np.abs(cold().target.X - x).max(axis=1).min() > 0.2

    def test_several_objectives(self) -> None:
        X = np.random.default_rng(0).random((6, 2))
        Y = np.column_stack([quadratic(X, 0.2), quadratic(X, 0.8)])
        problem = Problem(continuous(2), Dataset(X, Y), (Dataset(X, Y),), source_keys=("a",))
        drawn = np.array([suggest(problem, seed=seed) for seed in range(4)])
        assert len(np.unique(drawn, axis=0)) == 4
        for x in drawn:
            assert_legal(x, continuous(2))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"acquisition": "ei"}, "'log_ei', 'log_pi', 'lcb', 'max_variance'.*'ei'"),
            ({"acquisition": 3}, "'log_ei'.*'int'"),
            ({"initial_design": "lhs"}, "'auto', 'sobol', 'corners', 'random'.*'lhs'"),
        ],
    )
    def test_unknown_names(self, arguments: dict[str, str], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Engine(**arguments)  # type: ignore[arg-type]


def best_after(n_trials: int, n_dims: int, is_warm: bool, seed: int) -> float:
    """Best value of the shifted quadratic as a share of its range."""
    rng = np.random.default_rng(seed)
    sources = (quadratic_study(30, n_dims, 0.3, rng),) if is_warm else ()
    engine = Engine()
    X = np.empty((0, n_dims))
    for _ in range(n_trials):
        target = Dataset(X, quadratic(X, 0.45)[:, None])
        problem = Problem(continuous(n_dims), target, sources, source_keys=("a",) * len(sources))
        X = np.concatenate([X, engine.suggest(problem, rng)[None]])
    return float(-quadratic(X, 0.45).max() / (n_dims * 0.55**2))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("n_dims", [2, 3])
def test_shifted_quadratic_within_one_percent_after_eight_trials(n_dims: int, seed: int) -> None:
    assert best_after(8, n_dims, is_warm=True, seed=seed) < 0.01


def test_plain_quadratic_is_solved_cold() -> None:
    assert best_after(10, 2, is_warm=False, seed=0) < 0.01


@pytest.mark.parametrize("n", [0, 1, 3])
def test_space_without_axes(n: int) -> None:
    data = Dataset(np.empty((n, 0)), np.ones((n, 1)))
    assert suggest(Problem(UnitSpace(()), data)).shape == (0,)


def test_axis_with_a_huge_grid() -> None:
    space = UnitSpace((ordered(100_000), Axis()))
    X = space.snap(np.random.default_rng(0).random((5, 2)))
    problem = Problem(space, Dataset(X, quadratic(X, 0.4)[:, None]))
    assert_legal(suggest(problem), space)
