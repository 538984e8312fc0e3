"""Weighted draws against normal posteriors whose evidence and moments are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from optuna_scaleup.model.gp import PERHAPS_NOISY_VALUES
from optuna_scaleup.model.gp import gp_density
from optuna_scaleup.model.hyperposterior import Draws
from optuna_scaleup.model.hyperposterior import Mode
from optuna_scaleup.model.hyperposterior import draw
from optuna_scaleup.model.hyperposterior import either
from optuna_scaleup.model.hyperposterior import find_mode
from optuna_scaleup.model.hyperposterior import laplace_factor
from optuna_scaleup.model.hyperposterior import mode_only
from optuna_scaleup.model.hyperposterior import thinned
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.warp import robust_scale
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from tests.fakes import GaussianDensity
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.fakes import quadratic


MEAN = np.array([[0.5, -1.0, 0.2]])
COV = np.array([[0.3, 0.1, 0.0], [0.1, 0.2, -0.05], [0.0, -0.05, 0.6]])
PRIOR_STD = np.array([1.0, 1.5, 0.8])


def exact(density: GaussianDensity) -> tuple[Array, Array, float]:
    """Mean and covariance of the posterior around the first peak, and the log evidence."""
    n_peaks = len(density.likelihood_means)
    prior_cov = np.diag(density.prior.scale**2)
    likelihood_cov = np.linalg.inv(density.precision)
    cov = np.linalg.inv(density.precision + np.linalg.inv(prior_cov))
    mean = cov @ density.precision @ density.likelihood_means[0]
    normal = multivariate_normal(np.zeros(len(mean)), prior_cov + likelihood_cov)
    return mean, cov, float(logsumexp(normal.logpdf(density.likelihood_means)) - np.log(n_peaks))


def draws_of(
    density: GaussianDensity,
    n_draws: int = 200,
    n_points: int = 1024,
    n_prior: int | None = None,
) -> Draws:
    points = sobol(n_points, len(density.prior.loc), np.random.default_rng(0))
    return draw(density, points, n_draws, n_prior=n_prior)


def test_a_search_survives_what_cannot_be_factorised() -> None:
    """At worst it ends where it began."""

    class Fragile(GaussianDensity):
        n_failed = 0

        def value_and_grad(self, theta: Array, with_grad: bool = True) -> tuple[Array, Array]:
            if (theta[:, 0] > 0.6).any():
                self.n_failed += 1
                raise np.linalg.LinAlgError("covariance matrix is not positive definite")
            return super().value_and_grad(theta, with_grad)

    density = Fragile(MEAN, 0.01 * COV, PRIOR_STD)
    start = np.array([-3.0, 2.0, 1.0])
    mode = find_mode(density, start)
    assert density.n_failed > 0
    ours, least = density.value_and_grad(np.stack([mode.theta, start]))[0]
    assert mode.value == pytest.approx(ours)
    assert ours >= least


def test_mode_is_the_posterior_mean() -> None:
    density = GaussianDensity(MEAN, COV, PRIOR_STD)
    mean, _, _ = exact(density)
    for start in (density.prior.loc, mean + 2.0):
        mode = find_mode(density, start)
        np.testing.assert_allclose(mode.theta, mean, atol=0.02)
        value, _ = density.value_and_grad(mode.theta[None])
        assert mode.value == pytest.approx(value[0])


@pytest.mark.parametrize("seed", range(8))
def test_what_is_told_knows_pure_noise(seed: int) -> None:
    """A search from little noise explains it by short lengthscales, in five cases of eight."""
    rng = np.random.default_rng(seed)
    X, y = rng.random((30, 2)), rng.standard_normal(30)
    rows = Rows.of(feature_map(continuous(2), X), X, y)
    density = gp_density(rows, float(np.log(robust_scale(y))), PERHAPS_NOISY_VALUES)
    points = sobol(160, len(density.prior.loc), rng)
    for draws in (mode_only(density), draw(density, points, n_draws=12, n_prior=32)):
        noise_var = np.exp(density.unpack(draws.theta).log_noise_var)
        assert np.exp(draws.log_weight) @ noise_var > 0.05  # of the squared distance to the best


def test_laplace_factor_is_a_root_of_the_inflated_covariance() -> None:
    density = GaussianDensity(MEAN, COV, PRIOR_STD)
    mean, cov, _ = exact(density)
    factor = laplace_factor(density, Mode(mean, 0.0))
    ratio = np.linalg.eigvals(np.linalg.solve(cov, factor @ factor.T)).real
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
    assert 1.0 <= ratio[0] < 2.0


def test_laplace_factor_does_not_depend_on_rounding() -> None:
    """Three equal eigenvalues, whose eigenvectors are anybody's choice."""
    density, rounded = (
        GaussianDensity(MEAN, 0.2 * np.eye(3) + error, np.ones(3))
        for error in (0.0, 1e-14 * np.array([[0, 1, 1], [1, 0, -1], [1, -1, 0]]))
    )
    mode = Mode(MEAN[0], 0.0)
    np.testing.assert_allclose(
        laplace_factor(rounded, mode), laplace_factor(density, mode), atol=1e-9
    )


@pytest.mark.parametrize("width", [0.05, 0.3])
def test_evidence_of_the_mode_alone_is_exact_for_a_normal(width: float) -> None:
    density = GaussianDensity(MEAN, width**2 * COV, PRIOR_STD)
    mean, _, log_evidence = exact(density)
    draws = mode_only(density)
    np.testing.assert_allclose(draws.theta, mean[None], atol=0.02)
    np.testing.assert_array_equal(draws.log_weight, [0.0])
    assert draws.log_evidence == pytest.approx(log_evidence, abs=0.01)


@pytest.mark.parametrize("n_prior", [205, None])
def test_evidence_and_moments(n_prior: int | None) -> None:
    density = GaussianDensity(MEAN, COV, PRIOR_STD)
    mean, cov, log_evidence = exact(density)
    draws = draws_of(density, 1000, n_prior=n_prior)
    assert draws.log_evidence == pytest.approx(log_evidence, abs=0.02)
    weight = np.exp(draws.log_weight)
    ours = weight @ draws.theta
    np.testing.assert_allclose(ours, mean, atol=0.05)
    gap = draws.theta - ours
    np.testing.assert_allclose((gap * weight[:, None]).T @ gap, cov, atol=0.06)


@pytest.mark.parametrize("n_prior", [205, None])
@pytest.mark.parametrize("width", [0.05, 0.3, 3.0])
def test_evidence_of_narrow_and_wide_likelihoods(width: float, n_prior: int | None) -> None:
    density = GaussianDensity(MEAN, width**2 * COV, PRIOR_STD)
    _, _, log_evidence = exact(density)
    draws = draws_of(density, n_prior=n_prior)
    assert draws.log_evidence == pytest.approx(log_evidence, abs=0.05)


def test_evidence_and_share_of_two_peaks() -> None:
    means = np.array([[-1.0, 0.0, 0.3], [1.0, 0.0, 0.3]])
    density = GaussianDensity(means, 0.02 * np.eye(3), PRIOR_STD)
    _, _, log_evidence = exact(density)
    points = sobol(1024, 3, np.random.default_rng(0))
    draws = draw(density, points, 200, n_modes=8)
    assert draws.log_evidence == pytest.approx(log_evidence, abs=0.05)
    left = np.exp(draws.log_weight)[draws.theta[:, 0] < 0.0].sum()
    assert left == pytest.approx(0.5, abs=0.05)


def test_evidence_is_on_the_scale_of_the_density() -> None:
    """A density times a constant: the evidence moves by its logarithm, the draws stay."""
    one, other = (GaussianDensity(MEAN, COV, PRIOR_STD) for _ in range(2))
    other.log_norm += 700.0
    a, b = draws_of(one), draws_of(other)
    assert b.log_evidence - a.log_evidence == pytest.approx(700.0, abs=0.02)
    np.testing.assert_allclose(
        np.exp(b.log_weight) @ b.theta, np.exp(a.log_weight) @ a.theta, atol=0.05
    )


@pytest.mark.parametrize("n_draws", [1, 12, 64])
def test_weights_are_normalised_and_draws_distinct(n_draws: int) -> None:
    draws = draws_of(GaussianDensity(MEAN, COV, PRIOR_STD), n_draws, 256)
    assert 1 <= len(draws.theta) <= n_draws
    assert draws.log_weight.shape == (len(draws.theta),)
    assert logsumexp(draws.log_weight) == pytest.approx(0.0, abs=1e-12)
    assert len(np.unique(draws.theta, axis=0)) == len(draws.theta)


def test_fewer_draws_stand_for_all() -> None:
    draws = draws_of(GaussianDensity(MEAN, COV, PRIOR_STD), 64, 1024)
    few = thinned(draws, 16)
    assert len(few.theta) <= 16
    assert few.log_evidence == draws.log_evidence
    order = np.argsort(draws.theta[:, 0])
    ordered = Draws(draws.theta[order], draws.log_weight[order], 0.0)
    all_mean, few_mean = (
        float(np.exp(d.log_weight) @ d.theta[:, 0]) for d in (ordered, thinned(ordered, 16))
    )
    assert few_mean == pytest.approx(all_mean, abs=0.05 * PRIOR_STD[0])


def test_as_many_draws_are_the_same_draws() -> None:
    draws = draws_of(GaussianDensity(MEAN, COV, PRIOR_STD), 12, 256)
    again = thinned(draws, 12)
    np.testing.assert_array_equal(again.theta, draws.theta)
    np.testing.assert_allclose(again.log_weight, draws.log_weight, atol=1e-12)


def test_same_points_give_the_same_draws() -> None:
    density = GaussianDensity(MEAN, COV, PRIOR_STD)
    a, b = draws_of(density), draws_of(density)
    np.testing.assert_array_equal(a.theta, b.theta)
    np.testing.assert_array_equal(a.log_weight, b.log_weight)
    assert a.log_evidence == b.log_evidence


@pytest.mark.parametrize("n", [1, 2, 6])
def test_evidence_of_a_gp_agrees_with_plain_monte_carlo(n: int) -> None:
    """Mean likelihood over many draws from the prior."""
    X = np.random.default_rng(1).random((n, 1))
    density = gp_density(Rows.of(feature_map(continuous(1), X), X, quadratic(X, 0.4)), -1.0)
    p = len(density.prior.loc)
    theta = density.prior.quantile(sobol(2**14, p, np.random.default_rng(2)))
    value, _ = density.value_and_grad(theta, with_grad=False)
    expected = logsumexp(value - density.prior.log_density(theta)) - np.log(len(theta))
    draws = draw(density, sobol(512, p, np.random.default_rng(3)), 12)
    assert draws.log_evidence == pytest.approx(expected, abs=0.15)


def test_either_of_two_models_by_their_evidence() -> None:
    """The second is e^2 times as likely as the first by the data, and half as likely before."""
    one = Draws(np.array([[0.0], [1.0]]), np.log([0.25, 0.75]), -3.0)
    other = Draws(np.array([[2.0], [3.0]]), np.log([0.5, 0.5]), -1.0)
    both = either(one, other, 1 / 3, n_draws=4000)
    odds = np.exp(2.0) / 2.0
    np.testing.assert_array_equal(both.theta[:, 0], [0.0, 1.0, 2.0, 3.0])
    expected = np.array([0.25, 0.75, 0.5 * odds, 0.5 * odds]) / (1.0 + odds)
    np.testing.assert_allclose(np.exp(both.log_weight), expected, atol=1e-3)
    total = np.log(np.exp(-3.0) * 2 / 3 + np.exp(-1.0) / 3)
    assert both.log_evidence == pytest.approx(total)
