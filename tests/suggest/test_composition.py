"""Feasibility and gain in one acquisition function, on posteriors with known moments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm

from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.acquisition import MixtureAcquisition
from optuna_scaleup.suggest.acquisition import PosteriorMean
from optuna_scaleup.suggest.acquisition import Rating
from optuna_scaleup.suggest.acquisition import best_mean
from optuna_scaleup.suggest.composition import Apart
from optuna_scaleup.suggest.composition import DrawnFunction
from optuna_scaleup.suggest.composition import LogPositive
from optuna_scaleup.suggest.composition import Models
from optuna_scaleup.suggest.composition import compose
from optuna_scaleup.suggest.composition import draw_functions
from optuna_scaleup.suggest.limits import Limited
from optuna_scaleup.suggest.limits import least_excess
from optuna_scaleup.types import Array
from tests import oracles
from tests.fakes import KnownMixture


WEIGHT = np.array([0.7, 0.3])
TRIED = np.array([[0.1], [0.4], [0.9]])
QUERY = np.linspace(0.0, 1.0, 7)[:, None]
ALL = {**CRITERIA, "mean": PosteriorMean}

each = pytest.mark.parametrize("name", ALL)


def line(slope: float, intercept: float) -> KnownMixture:
    """Two draws with means about ``intercept + slope x``, the second one twice as unsure."""
    return KnownMixture(
        np.log(WEIGHT),
        np.array([1.0, 2.0]),
        np.array([slope, slope]),
        np.array([intercept, intercept + 0.1]),
        np.array([0.0, 0.2]),
    )


OBJECTIVE = line(1.0, 0.0)
LOOSE = line(2.0, -1.2)  # holds to the left of about 0.6
TIGHT = line(1.0, -0.2)  # holds to the left of about 0.2
NEVER = line(-0.5, 3.0)


def unknown(n_constraints: int) -> np.ndarray:
    return np.full((len(TRIED), n_constraints), np.nan)


def probability(constraint: KnownMixture) -> np.ndarray:
    p = constraint.predict(QUERY)
    return np.asarray(WEIGHT @ norm.cdf(-p.mean / p.std))


def test_no_constraint_is_the_criterion_itself() -> None:
    ours = compose(Models([OBJECTIVE]), CRITERIA["log_ei"](), TRIED, unknown(0))
    alone = MixtureAcquisition(OBJECTIVE, CRITERIA["log_ei"](), best_mean(OBJECTIVE, TRIED))
    np.testing.assert_array_equal(ours.value(QUERY), alone.value(QUERY))


def test_log_ei_of_feasible_points_and_every_constraints_probability() -> None:
    ours = compose(
        Models([OBJECTIVE], {"loose": LOOSE, "tight": TIGHT}),
        CRITERIA["log_ei"](),
        TRIED,
        unknown(2),
    )
    incumbent = best_mean(OBJECTIVE, TRIED[:1])  # the only one where both hold
    ei = MixtureAcquisition(OBJECTIVE, CRITERIA["log_ei"](), incumbent).value(QUERY)
    expected = ei + np.log(probability(LOOSE)) + np.log(probability(TIGHT))
    np.testing.assert_allclose(ours.value(QUERY), expected, rtol=1e-9)


def test_feasible_is_what_is_more_likely_than_not() -> None:
    models = Models([OBJECTIVE], {"loose": LOOSE, "tight": TIGHT})
    expected = (probability(LOOSE) >= 0.5) & (probability(TIGHT) >= 0.5)
    np.testing.assert_array_equal(
        models.is_feasible(QUERY, np.full((len(QUERY), 2), np.nan)), expected
    )
    assert 0 < expected.sum() < len(QUERY)


def test_what_was_observed_overrules_the_model() -> None:
    models = Models([OBJECTIVE], {"loose": LOOSE, "tight": TIGHT})
    observed = np.array([[0.0, 1.0], [1.0, 1.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(models.is_feasible(TRIED, observed), [False, True, False])


@each
def test_feasibility_alone_while_nothing_is_feasible(name: str) -> None:
    ours = compose(
        Models([OBJECTIVE], {"never": NEVER, "loose": LOOSE}), ALL[name](), TRIED, unknown(2)
    )
    expected = np.log(probability(NEVER)) + np.log(probability(LOOSE))
    np.testing.assert_allclose(ours.value(QUERY), expected, rtol=1e-9)


@each
@pytest.mark.parametrize("tried", [TRIED, TRIED[:0]], ids=["some", "nothing tried"])
def test_gradient(name: str, tried: np.ndarray) -> None:
    ours = compose(
        Models([OBJECTIVE], {"loose": LOOSE, "tight": TIGHT}),
        ALL[name](),
        tried,
        unknown(2)[: len(tried)],
    )
    for x in ([0.05], [0.5], [0.95]):
        value, grad = ours.value_and_grad(np.array(x))
        np.testing.assert_allclose(value, ours.value(np.array([x]))[0], rtol=1e-12)
        expected = oracles.finite_difference(lambda u: float(ours.value(u[None])[0]), np.array(x))
        np.testing.assert_allclose(grad, expected, rtol=1e-5, atol=1e-8)


@each
def test_a_constraint_turns_the_choice(name: str) -> None:
    """The objective rises to the right, where the constraint does not hold."""
    free = compose(Models([OBJECTIVE]), ALL[name](), TRIED[:0], unknown(0)[:0])
    steep = Models([OBJECTIVE], {"steep": line(9.0, -3.0)})
    bound = compose(steep, ALL[name](), TRIED[:0], unknown(1)[:0])
    assert np.argmax(free.value(QUERY)) == len(QUERY) - 1
    assert np.argmax(bound.value(QUERY)) < len(QUERY) // 2 + 1


@pytest.mark.parametrize("tried", [TRIED, TRIED[:0]], ids=["some", "nothing tried"])
def test_the_best_expected_value_is_one_that_likely_keeps_all_limits(tried: np.ndarray) -> None:
    """However much there is to gain elsewhere; if no point does, the likeliest one."""
    steep = line(1e3, 0.0)
    for limits, is_likely in (
        ({"loose": LOOSE, "tight": TIGHT}, probability(LOOSE) * probability(TIGHT) > 0.5),
        ({"never": NEVER}, probability(NEVER) == probability(NEVER).max()),
    ):
        ours = compose(
            Models([steep], limits), PosteriorMean(), tried, np.ones((len(tried), len(limits)))
        )
        assert np.argmax(ours.value(QUERY)) == np.flatnonzero(is_likely).max()


def test_least_excess_is_what_is_expected_beyond_zero() -> None:
    """In the warped units of each draw; how unsure it is does not count."""
    p = LOOSE.predict(QUERY)
    threshold = LOOSE.to_warped(np.zeros(1))
    expected = WEIGHT @ np.maximum(p.mean - threshold, 0.0)
    np.testing.assert_allclose(least_excess(LOOSE).value(QUERY), -expected)
    limited = Limited(
        best := MixtureAcquisition(OBJECTIVE, PosteriorMean(), threshold), [least_excess(LOOSE)]
    )
    np.testing.assert_allclose(limited.value(QUERY), best.value(QUERY) - 1e6 * expected)
    for x in ([0.05], [0.95]):
        value, grad = limited.value_and_grad(np.array(x))
        assert value == pytest.approx(limited.value(np.array([x]))[0])
        slope = oracles.finite_difference(lambda u: float(limited.value(u[None])[0]), np.array(x))
        np.testing.assert_allclose(grad, slope, rtol=1e-5, atol=1e-8)


def test_positive_gain_keeps_the_order_and_is_finite_far_below() -> None:
    gain = MixtureAcquisition(OBJECTIVE, PosteriorMean(), np.zeros((2, 1)))
    ours = LogPositive(gain)
    X = np.array([[-1e6], [-1e3], [-30.0], [-1.0], [0.0], [1.0], [1e3]])
    assert np.isfinite(ours.value(X)).all()
    assert (np.diff(ours.value(X)) > 0.0).all()


class PlainImprovement:
    """Expected improvement as a user may write it; it is not a number without any doubt."""

    is_log = False

    def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
        u = (mean - incumbent) / std
        return Rating(std * (norm.pdf(u) + u * norm.cdf(u)), norm.cdf(u), norm.pdf(u))


def test_a_criterion_may_divide_by_the_standard_deviation() -> None:
    models = Models([OBJECTIVE], {"loose": LOOSE})
    ours = compose(models, PlainImprovement(), TRIED, unknown(1)).value(QUERY)
    assert np.isfinite(ours).all()
    assert QUERY[np.argmax(ours), 0] <= 0.7


def test_the_label_names_what_is_maximised() -> None:
    log_ei, nothing = CRITERIA["log_ei"](), (TRIED[:0], unknown(0)[:0])
    bound = Models([OBJECTIVE], {"loose": LOOSE, "tight": TIGHT})
    assert compose(Models([OBJECTIVE]), log_ei, TRIED, unknown(0)).label == "log EI"
    assert compose(Models([OBJECTIVE]), log_ei, *nothing).label == "mean less variance"
    assert compose(bound, log_ei, TRIED, unknown(2)).label == "log EI, feasible"
    never = Models([OBJECTIVE], {"never": NEVER, "loose": LOOSE})
    seeking = compose(never, log_ei, TRIED, unknown(2))
    assert (seeking.label, seeking.is_log) == ("feasible", True)
    assert not compose(Models([OBJECTIVE]), log_ei, *nothing).is_log
    failing = Models([OBJECTIVE], failure=LOOSE)
    assert compose(failing, log_ei, *nothing).label == "posterior mean, feasible"
    costly = Models([OBJECTIVE], {"loose": LOOSE}, log_cost=TIGHT)
    assert compose(costly, CRITERIA["lcb"](), TRIED, unknown(1)).label == (
        "confidence bound, feasible, per cost"
    )

    several = Models([OBJECTIVE, OBJECTIVE], log_cost=TIGHT)
    assert compose(several, log_ei, *nothing).label == "log EHVI"
    assert compose(several, log_ei, TRIED, unknown(0)).label == "log EHVI, per cost"

    class Own:
        is_log = False

        def __call__(self, mean: Array, std: Array, incumbent: Array, scale: Array) -> Rating:
            return Rating(mean, np.ones_like(mean), np.zeros_like(mean))

    assert compose(Models([OBJECTIVE]), Own(), TRIED, unknown(0)).label == "Own"


class Drawn(KnownMixture):
    """Of which every function is the sum of the coordinates."""

    def __init__(self) -> None:
        zero = np.zeros(1)
        super().__init__(zero, zero + 1.0, zero, zero, zero)

    def sample(
        self,
        n_paths: int,
        rng: np.random.Generator,
        no_source_odds: float = 1.0,
        zero: float | None = None,
    ) -> Callable[[Array], Array]:
        self.asked = n_paths, no_source_odds, zero
        return lambda X: np.tile(X.sum(axis=1), (n_paths, 1))


def test_a_drawn_function_is_what_the_model_draws() -> None:
    drawn = DrawnFunction(Models([Drawn()]), np.random.default_rng(0))
    np.testing.assert_allclose(drawn.value(QUERY), QUERY[:, 0])
    value, grad = drawn.value_and_grad(QUERY[2])
    assert value == pytest.approx(QUERY[2, 0])
    assert not grad.any()


def test_constraints_are_drawn_by_the_same_odds_and_from_zero_on() -> None:
    """Those of an objective are in whatever unit; of a constraint the threshold counts."""
    objective, constraint = Drawn(), Drawn()
    models = Models([objective], {"c": constraint})
    X = np.array([[-0.5], [0.25]])
    values = draw_functions(models, 3, np.random.default_rng(0), 0.2)(X)
    np.testing.assert_allclose(values, np.tile([-0.5, 0.25 - 0.25e6], (3, 1)))
    assert objective.asked == (3, 0.2, None)
    assert constraint.asked == (3, 0.2, 0.0)


def test_apart_from_what_runs() -> None:
    """Along one axis at least; an axis that a point lacks tells nothing."""

    class Total:
        def value(self, X: Array) -> Array:
            return np.asarray(np.nansum(X, axis=1))

        def value_and_grad(self, x: Array) -> tuple[float, Array]:
            return float(np.nansum(x)), np.ones_like(x)

    running = np.array([[0.5, 0.5], [0.9, np.nan]])
    X = np.array([[0.52, 0.46], [0.56, 0.5], [0.9, 0.1], [0.9, np.nan], [0.7, 0.9]])
    is_near = np.array([True, False, True, True, False])
    apart = Apart(Total(), running)
    np.testing.assert_allclose(apart.value(X), np.nansum(X, axis=1) - 1e6 * is_near)
    for x, value in zip(X, apart.value(X), strict=True):
        assert apart.value_and_grad(x)[0] == pytest.approx(value)
    np.testing.assert_array_equal(Apart(Total(), running[:0]).value(X), np.nansum(X, axis=1))
