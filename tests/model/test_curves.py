"""Final values estimated from learning curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from scipy import stats

from optuna_scaleup.model.curves import Curves
from optuna_scaleup.model.curves import Regression
from optuna_scaleup.model.curves import RegressionPrior
from optuna_scaleup.model.curves import estimate
from optuna_scaleup.types import Array


def power_law(n: int, rng: np.random.Generator, share: float) -> tuple[Array, Array]:
    """Reports at a share of the training and finals of curves ``c - a t^-k``, larger better."""
    level, gain, speed = (
        rng.normal(0.0, 1.0, n),
        rng.uniform(0.5, 2.0, n),
        rng.uniform(0.5, 1.5, n),
    )
    noise = 0.05 * rng.normal(size=(2, n))
    return level - gain * share**-speed * 0.1 + noise[0], level - gain * 0.1 + noise[1]


def test_regression_agrees_with_numerical_integration() -> None:
    """Integrates the posterior over the noise variance on a grid; intercept and slope given it."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(6), rng.normal(size=6)])
    z = 0.3 + 0.8 * X[:, 1] + 0.2 * rng.normal(size=6)
    query = np.array([[1.0, 2.0]])
    prior = RegressionPrior.at(0.4)
    mean, var = Regression.fit(X, z, np.ones(6), prior).predict(query)

    prior_cov = np.diag(1.0 / prior.precision)
    K = np.eye(6) + X @ prior_cov @ X.T
    shape = prior.dof / 2
    noise = np.exp(np.linspace(-9.0, 6.0, 601))
    log_weight = stats.invgamma.logpdf(noise, shape, scale=shape * prior.noise_var)
    log_weight += [stats.multivariate_normal.logpdf(z, X @ prior.coef, s * K) for s in noise]
    weight = np.exp(log_weight - log_weight.max())
    total = integrate.trapezoid(weight, noise)
    cross = query @ prior_cov @ X.T
    expected_mean = query @ prior.coef + cross @ np.linalg.solve(K, z - X @ prior.coef)
    unit_var = 1.0 + query @ prior_cov @ query.T - cross @ np.linalg.solve(K, cross.T)
    expected_var = unit_var[0] * integrate.trapezoid(weight * noise, noise) / total
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-9)
    np.testing.assert_allclose(var, expected_var, rtol=1e-3)


def test_a_row_of_weight_two_is_two_rows() -> None:
    X, z = np.array([[1.0, 0.5], [1.0, -1.0]]), np.array([0.2, -0.4])
    prior = RegressionPrior.at(0.5)
    doubled = Regression.fit(X, z, np.array([2.0, 1.0]), prior).predict(X)
    repeated = Regression.fit(X[[0, 0, 1]], z[[0, 0, 1]], np.ones(3), prior).predict(X)
    np.testing.assert_allclose(doubled, repeated)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_intervals_of_power_laws_cover(share: float) -> None:
    """Nine of ten finals of stopped trials lie in the 90 % interval, which is not overly wide."""
    rng = np.random.default_rng(1)
    is_inside: list[Array] = []
    errors, stds = [], []
    for _ in range(40):
        reports, finals = power_law(30, rng, share)
        is_stopped = reports < np.median(reports)
        own = Curves(reports[~is_stopped], finals[~is_stopped])
        mean, var = estimate(own, [], reports[is_stopped], share)
        error, std = finals[is_stopped] - mean, np.sqrt(var)
        is_inside.append(np.abs(error) < 1.645 * std)
        errors.append(np.mean(error**2))
        stds.append(np.median(std))
    assert np.mean(is_inside) > 0.85
    assert np.median(stds) < 3.0 * np.sqrt(np.mean(errors))


def test_the_further_the_curve_the_surer_the_estimate() -> None:
    errors, stds = [], []
    for share in (0.02, 0.1, 0.5, 1.0):
        rng = np.random.default_rng(2)
        reports, finals = power_law(60, rng, share)
        is_stopped = reports < np.median(reports)
        own = Curves(reports[~is_stopped], finals[~is_stopped])
        mean, var = estimate(own, [], reports[is_stopped], share)
        errors.append(np.sqrt(np.mean((finals[is_stopped] - mean) ** 2)))
        stds.append(np.sqrt(var.mean()))
    assert errors == sorted(errors, reverse=True)
    assert stds == sorted(stds, reverse=True)


def test_reports_that_say_nothing_leave_the_level_of_finished_trials() -> None:
    rng = np.random.default_rng(3)
    finals = rng.normal(5.0, 1.0, 200)
    mean, var = estimate(Curves(rng.normal(size=200), finals), [], np.array([-0.5, 0.5]), 0.1)
    np.testing.assert_allclose(mean, np.median(finals), atol=0.3)
    assert np.ptp(mean) < 0.2
    assert 0.5 < np.sqrt(var).max() < 2.0


def test_scale_of_reports_and_finals_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    reports, finals = power_law(12, rng, 0.3)
    query = np.array([-1.0, 0.1])
    mean, var = estimate(Curves(reports, finals), [], query, 0.3)
    scaled, scaled_var = estimate(
        Curves(1e6 * reports - 3.0, 1e-3 * finals + 7.0), [], 1e6 * query - 3.0, 0.3
    )
    np.testing.assert_allclose(scaled, 1e-3 * mean + 7.0, rtol=1e-9)
    np.testing.assert_allclose(scaled_var, 1e-6 * var, rtol=1e-6)


def test_a_diverged_run_hardly_moves_the_rest() -> None:
    rng = np.random.default_rng(5)
    reports, finals = power_law(12, rng, 0.3)
    query = np.array([np.median(reports)])
    mean, var = estimate(Curves(reports, finals), [], query, 0.3)
    diverged = Curves(np.append(reports, -1e9), np.append(finals, -1e12))
    moved, _ = estimate(diverged, [], query, 0.3)
    assert abs(moved[0] - mean[0]) < np.sqrt(var[0])


def test_a_source_tells_how_much_a_report_means() -> None:
    """A poor report bodes worse if a source's reports tell its finals than if they do not."""
    own = Curves(np.array([0.0, 0.5, 1.0]), np.array([0.2, 0.9, 0.6]))
    rng = np.random.default_rng(6)
    finals = 1e3 * rng.normal(size=40)
    telling, silent = Curves(finals, finals), Curves(rng.normal(size=40), finals)
    poor = np.array([-1.0])
    with_telling, _ = estimate(own, [telling], poor, 0.1)
    with_silent, _ = estimate(own, [silent], poor, 0.1)
    assert with_telling[0] < with_silent[0]


def test_sources_count_the_same_however_many_trials_they_have() -> None:
    """And not by their level: one whose reports are its finals makes estimates surer."""
    own = Curves(np.array([0.0, 0.5, 1.0, 1.2]), np.array([0.0, 0.5, 1.0, 1.2]))
    exact = Curves(np.array([0.0, 0.9, 0.95, 1.0]), np.array([0.0, 0.9, 0.95, 1.0]))
    reports = np.array([0.2, 0.7])
    alone, once, twice = (estimate(own, [exact] * k, reports, 0.5) for k in range(3))
    np.testing.assert_allclose(twice, once)
    assert (once[1] < alone[1]).all()


def test_no_estimate_is_better_than_the_best_final() -> None:
    reports, finals = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0])
    mean, _ = estimate(Curves(reports, finals), [], np.array([50.0, np.inf]), 0.1)
    np.testing.assert_array_equal(mean, 2.0)


_any_value = st.one_of(
    st.floats(-10, 10), st.sampled_from([0.0, 1e300, -1e300, 1e-300, np.inf, -np.inf])
)


@given(
    st.lists(st.tuples(_any_value, st.floats(-1e300, 1e300)), min_size=3, max_size=8),
    st.lists(_any_value, min_size=1, max_size=3),
    st.floats(0.0, 1.0),
)
def test_estimates_of_anything_are_finite(
    rows: list[tuple[float, float]], reports: list[float], share: float
) -> None:
    own = Curves(np.array([r for r, _ in rows]), np.array([f for _, f in rows]))
    if own.is_usable:
        mean, var = estimate(own, [own], np.array(reports), share)
        assert np.isfinite(mean).all()
        assert np.isfinite(var).all()
        assert (var >= 0.0).all()
        assert (mean <= own.finals.max()).all()
