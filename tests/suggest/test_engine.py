"""From a problem to a suggestion: what is tried first, kept fits, running trials, choices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.acquisition import LogExpectedImprovement
from optuna_scaleup.suggest.acquisition import Rating
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.initial_design import DESIGNS
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Scales
from optuna_scaleup.types import UnitSpace
from tests.fakes import FunctionAcquisition
from tests.fakes import categorical
from tests.fakes import continuous
from tests.fakes import mixed_space
from tests.fakes import no_trials
from tests.fakes import quadratic
from tests.fakes import quadratic_study
from tests.suggest.problems import assert_legal
from tests.suggest.problems import assert_same_model
from tests.suggest.problems import cold
from tests.suggest.problems import cold_and_warm
from tests.suggest.problems import suggest
from tests.suggest.problems import warm
from tests.suggest.problems import with_values


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

    def test_another_seed_is_another_design(self) -> None:
        first, again, other = (
            suggest(
                Problem(continuous(2), no_trials(2)), Engine(initial_design="sobol", design_seed=s)
            )
            for s in (1, 1, 2)
        )
        np.testing.assert_array_equal(first, again)
        assert np.abs(first - other).max() > 1e-3

    def test_corners_are_all_tried_before_the_model(self) -> None:
        engine = Engine(initial_design="corners")
        X = np.empty((0, 2))
        for seed in range(4):
            x = suggest(Problem(continuous(2), Dataset(X, X[:, :1])), engine, seed)
            X = np.concatenate([X, x[None]])
        assert {tuple(x) for x in X} == {(0, 0), (0, 1), (1, 0), (1, 1)}

    def test_sixth_warm_trial_is_the_centre(self) -> None:
        """Where no source sent the study, with a prediction like any other."""
        suggestion = Engine().suggest(warm(5), np.random.default_rng(0))
        np.testing.assert_array_equal(suggestion.x, [0.5, 0.5])
        assert suggestion.value_interval is not None
        assert len(suggestion.source_weights) == 2

    def test_of_known_size_it_is_the_fourth(self) -> None:
        sizes = Scales(np.ones((1, 1)), np.full((2, 1), np.nan), np.ones((2, 1)))
        for n_trials, is_due in ((3, True), (5, False)):
            x = suggest(replace(warm(n_trials), scales=sizes))
            assert np.array_equal(x, [0.5, 0.5]) == is_due

    def test_running_trials_count_towards_the_sixth(self) -> None:
        problem = replace(warm(4), X_pending=np.array([[0.3, 0.3]]))
        np.testing.assert_array_equal(suggest(problem), [0.5, 0.5])

    def test_sixth_warm_trial_keeps_what_is_decided(self) -> None:
        np.testing.assert_array_equal(suggest(replace(warm(5), fixed={0: 0.2})), [0.2, 0.5])

    @pytest.mark.parametrize("middle", [0.5, np.nextafter(0.5, 0.0)])
    def test_sixth_warm_trial_does_not_repeat_the_centre(self, middle: float) -> None:
        """However the coordinates of a trial are rounded."""
        problem = warm(5)
        data = problem.target
        others = [[0.3, 0.4], [0.4, 0.3], [0.2, 0.1], [0.8, 0.3]]
        at_centre = replace(data, X=np.array([[middle, 0.5], *others]))
        assert np.abs(suggest(replace(problem, target=at_centre)) - 0.5).max() > 1e-6

    def test_sixth_warm_trial_takes_the_branch_of_the_sources_best(self) -> None:
        """Without the parameter of the other branch, which others of its best trials took."""
        space = UnitSpace((Axis(), categorical(2), Axis()))

        def study(branches: list[int]) -> Dataset:
            X = np.random.default_rng(0).random((len(branches), 3))
            X[:, 1] = branches
            X[X[:, 1] == 0, 2] = np.nan
            return Dataset(X, -np.arange(float(len(branches)))[:, None])

        problem = Problem(space, study([1, 0, 1, 0, 1]), (study([0, 1, 1, 0, 0, 1, 1, 0]),))
        np.testing.assert_array_equal(suggest(problem), [0.5, 0.0, np.nan])

    def test_third_cold_trial_is_the_models(self) -> None:
        assert np.abs(suggest(cold(2)) - 0.5).max() > 1e-6

    def test_warm_start_is_near_the_sources_optimum(self) -> None:
        np.testing.assert_allclose(suggest(warm(0)), [0.3, 0.3], atol=0.1)

    def test_warm_start_is_the_best_expected_value(self) -> None:
        """Over the source's uncertainty and the shifts; not the best of the source's trials."""
        problem = warm(0)
        mixture = Modeller().fit(problem, np.random.default_rng(0))

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
            mean = Modeller().fit(problem, np.random.default_rng(0)).predict(np.ones((1, 1))).mean
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
    @cold_and_warm
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

    @pytest.mark.parametrize("source_optimum", [0.3, 0.6])
    def test_the_second_of_a_batch_is_no_worst_case(self, source_optimum: float) -> None:
        """Where the optimum may be, not where nothing is known; the same after a failure."""
        empty, engine = replace(warm(0, source_optimum), source_keys=("a",)), Engine()
        first = suggest(empty, engine)
        running = replace(empty, X_pending=first[None])
        second = np.array([suggest(running, engine, seed) for seed in range(12)])
        gaps = np.abs(second - first).max(axis=1)
        assert gaps.min() >= 0.05
        assert np.median(gaps) < 0.25

    def test_a_sure_model_does_not_send_all_workers_to_one_point(self) -> None:
        """Twelve trials of a quadratic with its source tell where the optimum is."""
        engine, X = Engine(), np.empty((0, 2))
        source = quadratic_study(30, 2, 0.3, np.random.default_rng(2))
        target = quadratic_study(12, 2, 0.3, np.random.default_rng(3))
        for seed in range(6):
            problem = Problem(continuous(2), target, (source,), X_pending=X, source_keys=("a",))
            X = np.concatenate([X, suggest(problem, engine, seed)[None]])
        gaps = np.abs(X[:, None] - X[None]).max(axis=-1)
        assert gaps[~np.eye(6, dtype=bool)].min() >= 0.05

    def test_concurrent_cold_suggestions_differ(self) -> None:
        problem = Problem(continuous(2), no_trials(2))
        first = suggest(problem)
        second = suggest(replace(problem, X_pending=first[None]))
        assert np.abs(second - first).max() > 1e-3


class TestChoices:
    @pytest.mark.parametrize("acquisition", CRITERIA)
    @cold_and_warm
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

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"acquisition": "ei"}, "'log_ei', 'log_pi', 'lcb', 'max_variance'.*'ei'"),
            ({"acquisition": 3}, "'log_ei'.*got 3"),
            ({"acquisition": lambda x: x}, "a boolean `is_log`, but got <function"),
            ({"acquisition": LogExpectedImprovement}, "but got <class"),
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
        X = np.concatenate([X, engine.suggest(problem, rng).x[None]])
    return float(-quadratic(X, 0.45).max() / (n_dims * 0.55**2))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("n_dims", [2, 3])
def test_shifted_quadratic_within_one_percent_after_eight_trials(n_dims: int, seed: int) -> None:
    assert best_after(8, n_dims, is_warm=True, seed=seed) < 0.01


def test_the_first_trial_of_a_warm_study_stays_in_sight_of_its_source() -> None:
    """The source rises up to the middle, and did not look beyond."""
    X = np.random.default_rng(0).random((15, 2)) * [0.5, 1.0]
    rising = Dataset(X, X[:, :1])
    x = suggest(Problem(continuous(2), no_trials(2), (rising,)))
    assert 0.5 < x[0] < 0.95


def test_plain_quadratic_is_solved_cold() -> None:
    assert best_after(10, 2, is_warm=False, seed=0) < 0.01


def test_told_weights_are_those_that_the_suggestion_rests_on() -> None:
    """At sixty trials the study's own model is all that counts, however good the source is."""
    X = np.random.default_rng(4).random((60, 2))
    target = Dataset(X, quadratic(X, 0.3)[:, None])
    problem = replace(warm(0, 0.3), target=target)
    mixture = Modeller().fit(problem, np.random.default_rng(0))
    suggestion = Engine().suggest(problem, np.random.default_rng(0))
    assert mixture.source_weights[0] > 0.5
    assert suggestion.source_weights == pytest.approx((0.0, 1.0), abs=1e-3)
    assert sum(suggestion.source_weights) == pytest.approx(1.0)


@cold_and_warm
def test_a_prediction_is_in_the_unit_of_the_values(problem: Problem) -> None:
    """A power of two, so that rounding is the same."""
    intervals = [
        Engine()
        .suggest(with_values(problem, factor, 0.0), np.random.default_rng(0))
        .value_interval
        for factor in (1.0, 1024.0)
    ]
    one, other = (np.array(interval, dtype=float) for interval in intervals)
    assert np.isfinite(one).all()
    np.testing.assert_allclose(other, 1024.0 * one)


class Flat(FunctionAcquisition):
    """Which counts how often a climb on it ends at once."""

    label, is_log = "flat", True

    def __init__(self) -> None:
        super().__init__(lambda X: np.zeros(len(X)), np.zeros_like)
        self.n_climbs = 0

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        self.n_climbs += 1
        return super().value_and_grad(x)


@pytest.mark.parametrize(("n_outputs", "n_climbs"), [(1, 1), (2, 5)])
def test_with_several_outputs_more_hills_are_climbed(n_outputs: int, n_climbs: int) -> None:
    problem, rng, flat = cold(4), np.random.default_rng(0), Flat()
    survey = Engine().survey(problem, rng)
    models = replace(survey.models, objectives=[*survey.models.objectives] * n_outputs)
    Engine().best_of(problem, replace(survey, models=models, acquisition=flat), rng)
    assert flat.n_climbs == n_climbs
