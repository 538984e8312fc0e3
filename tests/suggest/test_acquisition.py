"""Acquisition functions on a posterior with known mean and variance, and on a real one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from optuna_scaleup.model.fitting import fit_mixture
from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.acquisition import PI_MARGIN
from optuna_scaleup.suggest.acquisition import CautiousMean
from optuna_scaleup.suggest.acquisition import Criterion
from optuna_scaleup.suggest.acquisition import LogProbabilityOfImprovement
from optuna_scaleup.suggest.acquisition import MixtureAcquisition
from optuna_scaleup.suggest.acquisition import PosteriorMean
from optuna_scaleup.suggest.acquisition import best_mean
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from tests import oracles
from tests.fakes import KnownMixture
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.fakes import quadratic


ALL = {**CRITERIA, "mean": PosteriorMean, "cautious": CautiousMean}
WEIGHT = np.array([0.5, 0.3, 0.2])
SCALE = np.array([1.0, 2.0, 0.25])
SLOPE = np.array([1.0, -0.5, 0.3])
INTERCEPT = np.array([0.0, 0.4, -0.2])
STD_SLOPE = np.array([0.1, 0.5, -0.1])
TRIED = np.array([[0.1], [0.6]])

each = pytest.mark.parametrize("name", ALL)


def known() -> KnownMixture:
    return KnownMixture(np.log(WEIGHT), SCALE, SLOPE, INTERCEPT, STD_SLOPE)


def at_best(mixture: Mixture, criterion: Criterion, X_tried: Array) -> MixtureAcquisition:
    return MixtureAcquisition(mixture, criterion, best_mean(mixture, X_tried))


def fitted() -> tuple[Mixture, Array]:
    rng = np.random.default_rng(0)
    X = rng.random((7, 2))
    mixture = fit_mixture(
        feature_map(continuous(2), X),
        X,
        quadratic(X, 0.4),
        None,
        [],
        np.empty((0, 2)),
        lambda n_points, n_dims: sobol(n_points, n_dims, rng),
    )
    return mixture, X


def expected_improvement(x: float) -> float:
    """``sum_k w_k scale_k E[max(f_k - incumbent_k, 0)]`` by quadrature."""
    total = 0.0
    for weight, scale, a, b, c in zip(WEIGHT, SCALE, SLOPE, INTERCEPT, STD_SLOPE, strict=True):
        incumbent = max(b + a * t for t in TRIED[:, 0])
        f = norm(b + a * x, 0.2 + c * x)
        gain = quad(lambda v, i=incumbent, f=f: (v - i) * f.pdf(v), incumbent, incumbent + 12)
        total += weight * scale * gain[0]
    return total


@pytest.mark.parametrize("x", [0.0, 0.35, 1.0])
def test_log_ei_agrees_with_quadrature(x: float) -> None:
    acquisition = at_best(known(), CRITERIA["log_ei"](), TRIED)
    ours = acquisition.value(np.array([[x]]))[0]
    np.testing.assert_allclose(np.exp(ours), expected_improvement(x), rtol=1e-8)


def test_log_ei_agrees_with_monte_carlo() -> None:
    rng = np.random.default_rng(1)
    x = 0.35
    k = rng.choice(3, 400_000, p=WEIGHT)
    f = INTERCEPT + SLOPE * x + (0.2 + STD_SLOPE * x) * rng.standard_normal((400_000, 1))
    incumbent = (INTERCEPT + SLOPE * TRIED).max(axis=0)
    gain = (SCALE * np.maximum(f - incumbent, 0.0))[np.arange(len(k)), k]
    acquisition = at_best(known(), CRITERIA["log_ei"](), TRIED)
    ours = np.exp(acquisition.value(np.array([[x]]))[0])
    np.testing.assert_allclose(ours, gain.mean(), atol=4.0 * gain.std() / 400_000**0.5)


def test_log_pi_is_the_mixtures_probability() -> None:
    x = np.array([[0.2], [0.9]])
    mean = INTERCEPT[:, None] + SLOPE[:, None] * x[:, 0]
    std = 0.2 + STD_SLOPE[:, None] * x[:, 0]
    incumbent = (INTERCEPT + SLOPE * TRIED).max(axis=0)[:, None]
    for margin in (0.0, 0.3):
        expected = WEIGHT @ norm.sf(incumbent + margin, mean, std)
        ours = at_best(known(), LogProbabilityOfImprovement(margin), TRIED).value(x)
        np.testing.assert_allclose(np.exp(ours), expected, rtol=1e-10)


def test_mean_and_variance_are_in_the_objectives_unit() -> None:
    x = np.array([[0.2], [0.9]])
    mean = SCALE[:, None] * (INTERCEPT[:, None] + SLOPE[:, None] * x[:, 0])
    std = SCALE[:, None] * (0.2 + STD_SLOPE[:, None] * x[:, 0])
    ours = {name: at_best(known(), ALL[name](), TRIED).value(x) for name in ALL}
    np.testing.assert_allclose(ours["mean"], WEIGHT @ mean)
    np.testing.assert_allclose(ours["max_variance"], WEIGHT @ std**2)
    np.testing.assert_allclose(ours["cautious"], WEIGHT @ (mean - std**2 / SCALE[:, None]))
    stds = (ours["lcb"] - ours["mean"]) / (WEIGHT @ std)
    np.testing.assert_allclose(stds, stds[0])
    assert stds[0] > 0.0


@each
def test_gradient_on_known_posteriors(name: str) -> None:
    acquisition = at_best(known(), ALL[name](), TRIED)
    for x in np.array([[0.0], [0.4], [1.0]]):
        value, grad = acquisition.value_and_grad(x)
        np.testing.assert_allclose(value, acquisition.value(x[None])[0], rtol=1e-12)
        expected = oracles.finite_difference(lambda u: float(acquisition.value(u[None])[0]), x)
        np.testing.assert_allclose(grad, expected, rtol=1e-6, atol=1e-9)


@each
def test_gradient_on_a_fitted_mixture(name: str) -> None:
    mixture, X = fitted()
    acquisition = at_best(mixture, ALL[name](), X)
    for x in np.random.default_rng(2).random((4, 2)):
        value, grad = acquisition.value_and_grad(x)
        np.testing.assert_allclose(value, acquisition.value(x[None])[0], rtol=1e-9)
        expected = oracles.finite_difference(lambda u: float(acquisition.value(u[None])[0]), x)
        np.testing.assert_allclose(grad, expected, rtol=1e-5, atol=1e-6)


@each
def test_derivatives_of_a_criterion(name: str) -> None:
    """In mean and standard deviation, near and far from the incumbent."""
    criterion: Criterion = ALL[name]()
    scale, incumbent = np.array([[1.5]]), np.array([[0.8]])

    def value(p: Array) -> float:
        return float(criterion(p[None, :1], p[None, 1:], incumbent, scale).value[0, 0])

    for mean, std in [(0.5, 0.3), (0.9, 0.05), (0.0, 0.03), (-5.0, 1.0)]:
        point = np.array([mean, std])
        rating = criterion(point[None, :1], point[None, 1:], incumbent, scale)
        expected = oracles.finite_difference(value, point, step=1e-7)
        ours = [rating.d_mean[0, 0], rating.d_std[0, 0]]
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)


@each
def test_finite_where_a_point_is_hopeless(name: str) -> None:
    """A mean up to 1e10 standard deviations below the incumbent."""
    criterion: Criterion = ALL[name]()
    mean = -np.logspace(-3, 4, 30)[None]
    std = np.full_like(mean, 1e-6)
    rating = criterion(mean, std, np.zeros((1, 1)), np.ones((1, 1)))
    assert np.isfinite(rating.value).all()
    assert np.isfinite(rating.d_mean).all()
    assert np.isfinite(rating.d_std).all()
    assert (rating.d_mean >= 0.0).all()
    if criterion.is_log:
        # -u^2 / 2 to leading order, u = mean / std
        gap = mean[0, 5:] - (PI_MARGIN if name == "log_pi" else 0.0)
        np.testing.assert_allclose(rating.d_mean[0, 5:], -gap / std[0, 5:] ** 2, rtol=1e-2)
        assert (np.diff(rating.value) < 0.0).all()


@each
def test_weights_matter_and_equal_draws_do_not(name: str) -> None:
    """Splitting a draw in two equal halves changes nothing."""
    x = np.array([[0.3]])
    one = KnownMixture(np.zeros(1), SCALE[:1], SLOPE[:1], INTERCEPT[:1], STD_SLOPE[:1])
    halves = [np.repeat(a[:1], 2) for a in (SCALE, SLOPE, INTERCEPT, STD_SLOPE)]
    two = KnownMixture(np.log([0.25, 0.75]), *halves)
    a, b = (at_best(m, ALL[name](), TRIED).value(x) for m in (one, two))
    np.testing.assert_allclose(a, b, rtol=1e-12)
    mixed = at_best(known(), ALL[name](), TRIED).value(x)
    assert abs(mixed[0] - a[0]) > 1e-3


def test_incumbent_is_each_draws_own_best_mean() -> None:
    """At a tried point that is the incumbent of every draw the improvement is ``std phi(0)``."""
    tried = np.array([[0.6]])
    ours = at_best(known(), CRITERIA["log_ei"](), tried).value(tried)[0]
    std = 0.2 + STD_SLOPE * 0.6
    np.testing.assert_allclose(np.exp(ours), WEIGHT @ (SCALE * std * norm.pdf(0.0)), rtol=1e-12)


@each
def test_nothing_tried_yet(name: str) -> None:
    acquisition = at_best(known(), ALL[name](), np.empty((0, 1)))
    assert np.isfinite(acquisition.value(np.array([[0.5]]))).all()
