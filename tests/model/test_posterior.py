"""Predictions of one study against scikit-learn and dense joint GPs; gradients in the query."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel
from sklearn.gaussian_process.kernels import Matern

from optuna_scaleup.model.density import OFFSET_VAR
from optuna_scaleup.model.density import Density
from optuna_scaleup.model.gp import gp_density
from optuna_scaleup.model.posterior import Posterior
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import fit_source
from optuna_scaleup.model.sources import transfer_density
from optuna_scaleup.types import Array
from tests import oracles
from tests.fakes import feature_map
from tests.fakes import mixed_points
from tests.fakes import mixed_space
from tests.fakes import quadratic


N_FEATURES = 7
SHARES = [0.0, 0.4]  # of the variance that is additive
NONE_PENDING = np.empty((0, N_FEATURES))


def query_features(n: int, seed: int) -> Array:
    X = mixed_points(n, np.random.default_rng(seed))
    return feature_map(mixed_space(), X).transform(X)


def mixed_rows(n: int, optimum: float, seed: int, noisy: bool = False) -> Rows:
    rng = np.random.default_rng(seed)
    X = mixed_points(10, rng)
    y = quadratic(X, optimum) + 0.3 * rng.standard_normal(10)
    fm = feature_map(mixed_space(), X)
    return Rows.of(fm, X[:n], y[:n], np.linspace(0.0, 0.2, n) if noisy else None)


def make_density(has_parent: bool, n: int = 8, noisy: bool = False, share: float = 0.0) -> Density:
    rows = mixed_rows(n, 0.45, 0, noisy)
    if not has_parent:
        return gp_density(rows, 0.3, additive_share=share)
    source_rows = mixed_rows(10, 0.3, 1)
    source = fit_source(source_rows, np.arange(N_FEATURES), np.arange(4), 4)
    return transfer_density(rows, source, additive_share=share)


def thetas(density: Density, n: int) -> Array:
    prior = density.prior
    noise = np.random.default_rng(2).standard_normal((n, len(prior.loc)))
    return np.asarray(prior.loc + 0.7 * prior.scale * noise)


def dense(density: Density, theta: Array, query: Array, extra: Array) -> tuple[Array, Array]:
    """Mean and covariance at the query of a dense GP on all studies' rows.

    Args:
        density: The model and its rows.
        theta: One draw, shape ``(1, p)``.
        query: Features, shape ``(q, D)``.
        extra: Features of more observations, with the value zero, shape ``(e, D)``.
    """
    rows, t = density.rows, density.unpack(theta)
    share = density.kernel.additive_share
    v, z = density.warped(t)
    features = np.concatenate([rows.features, extra, query])
    values = np.concatenate([z[0], np.zeros(len(extra))])
    noise = np.concatenate([density.noise(t, v)[0], np.exp(t.log_noise_var).repeat(len(extra))])
    if density.parent is None:
        weight = density.bowl_weight
        mean, cov = oracles.plain_prior(features, rows.axis, rows.shiftable, weight, t, share)
    else:
        mean, cov = oracles.joint_prior(density.parent, features, rows.axis, t, share)
        values = np.concatenate([oracles.values_of(density.parent), values])
        noise = np.concatenate([oracles.noise_of(density.parent), noise])
    return oracles.condition(mean, cov, values, noise)


def mean_at(posterior: Posterior, k: int, features: Array) -> float:
    return float(posterior.predict(features[None]).mean[k, 0])


def var_at(posterior: Posterior, k: int, features: Array) -> float:
    return float(posterior.predict(features[None]).var[k, 0])


def test_plain_prediction_agrees_with_scikit_learn() -> None:
    """One draw without a parent is scikit-learn's GP on the warped values."""
    density = make_density(has_parent=False)
    rows, query = density.rows, query_features(6, 3)
    for theta in thetas(density, 3)[:, None]:
        t = density.unpack(theta)
        _, z = density.warped(t)
        lengthscales = np.exp(t.log_lengthscales[0])[rows.axis]
        kernel = ConstantKernel(np.exp(t.log_amplitude_var[0])) * Matern(lengthscales, nu=2.5)
        regressor = GaussianProcessRegressor(
            kernel + ConstantKernel(OFFSET_VAR),
            alpha=float(np.exp(t.log_noise_var[0])),
            optimizer=None,
        )
        weight = density.bowl_weight
        regressor.fit(rows.features, z[0] - oracles.bowl(rows.features, rows.shiftable, weight))
        mean, std = regressor.predict(query, return_std=True)
        ours = Posterior(density, theta, NONE_PENDING).predict(query)
        expected = mean + oracles.bowl(query, rows.shiftable, weight)
        np.testing.assert_allclose(ours.mean[0], expected, rtol=1e-6)
        np.testing.assert_allclose(np.sqrt(ours.var[0]), std, rtol=1e-6)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("n", [0, 1, 8])
@pytest.mark.parametrize("has_parent", [False, True])
def test_prediction_agrees_with_the_dense_joint_gp(
    has_parent: bool, n: int, noisy: bool, share: float
) -> None:
    density = make_density(has_parent, n, noisy, share)
    theta, query = thetas(density, 3), query_features(5, 4)
    ours = Posterior(density, theta, NONE_PENDING).predict(query)
    for k in range(3):
        mean, cov = dense(density, theta[k : k + 1], query, NONE_PENDING)
        np.testing.assert_allclose(ours.mean[k], mean, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(ours.var[k], np.diag(cov), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("n_pending", [0, 2])
@pytest.mark.parametrize("has_parent", [False, True])
def test_gradients_agree_with_finite_differences(
    has_parent: bool, n_pending: int, share: float
) -> None:
    density = make_density(has_parent, noisy=True, share=share)
    posterior = Posterior(density, thetas(density, 2), query_features(6, 9)[:n_pending])
    query = query_features(4, 5)
    ours = posterior.predict(query, with_grad=True)
    np.testing.assert_allclose(ours.mean, posterior.predict(query).mean, rtol=1e-12)
    for k in range(2):
        for i, x in enumerate(query):
            mean = oracles.finite_difference(partial(mean_at, posterior, k), x)
            var = oracles.finite_difference(partial(var_at, posterior, k), x)
            np.testing.assert_allclose(ours.grad_mean[k, i], mean, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(ours.grad_var[k, i], var, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n", [0, 8])
@pytest.mark.parametrize("has_parent", [False, True])
def test_pending_trials_shrink_the_variance_and_leave_the_mean(has_parent: bool, n: int) -> None:
    """As if each had returned the expected value; a GP's variance does not depend on it."""
    density = make_density(has_parent, n)
    theta, query, pending = thetas(density, 3), query_features(5, 6), query_features(3, 7)
    without = Posterior(density, theta, NONE_PENDING).predict(query)
    ours = Posterior(density, theta, pending).predict(query)
    np.testing.assert_allclose(ours.mean, without.mean, rtol=1e-9, atol=1e-10)
    assert (ours.var < without.var).all()
    for k in range(3):
        _, cov = dense(density, theta[k : k + 1], query, pending)
        np.testing.assert_allclose(ours.var[k], np.diag(cov), rtol=1e-6, atol=1e-8)


def test_source_alone_without_shift_and_residual_predicts_as_itself() -> None:
    density = make_density(has_parent=True, n=0)
    parent = density.parent
    assert parent is not None
    theta = density.prior.loc[None].copy()
    theta[:, -3] = -60.0  # log variance of the residual
    query = query_features(6, 8)
    ours = Posterior(density, theta, NONE_PENDING).predict(query)
    link = parent.link(query, np.zeros((1, parent.n_shift)))
    np.testing.assert_allclose(ours.mean, link.mean, rtol=1e-9)
    np.testing.assert_allclose(ours.var[0], np.diag(link.cov[0]) + OFFSET_VAR, rtol=1e-9)


@pytest.mark.parametrize("has_parent", [False, True])
def test_offset_variance_is_the_densitys(has_parent: bool) -> None:
    """Of a study without trials the variance is the prior's."""
    n = 0 if has_parent else 1
    density = make_density(has_parent, n)
    other = Density(
        density.rows, density.prior, density.parent, density.bowl_weight, offset_var=0.25
    )
    theta, query = density.prior.loc[None], query_features(6, 8)
    a, b = (Posterior(d, theta, NONE_PENDING).predict(query) for d in (density, other))
    if has_parent:
        np.testing.assert_allclose(a.var - b.var, OFFSET_VAR - 0.25)
    assert (b.var < a.var).all()


def test_shift_carries_the_sources_prediction_along() -> None:
    density = make_density(has_parent=True, n=0)
    theta = density.prior.loc[None].repeat(2, axis=0)
    theta[:, -3] = -60.0
    theta[1, :3] = [0.1, -0.2, 0.05]
    query = query_features(6, 8)
    moved = query.copy()
    moved[:, density.rows.shiftable] -= theta[1, :3]
    prediction = Posterior(density, theta, NONE_PENDING)
    still, shifted = prediction.predict(query), prediction.predict(moved)
    np.testing.assert_allclose(shifted.mean[1], still.mean[0], rtol=1e-9)


@pytest.mark.parametrize("has_parent", [False, True])
def test_repeated_rows_and_queries_at_rows(has_parent: bool) -> None:
    rows = make_density(has_parent).rows
    twice = Rows(
        np.tile(rows.features, (2, 1)), rows.axis, rows.shiftable, np.tile(rows.y, 2), None
    )
    density = make_density(has_parent)
    double = Density(twice, density.prior, density.parent, density.bowl_weight)
    theta = thetas(density, 2)
    once = Posterior(density, theta, NONE_PENDING).predict(rows.features)
    ours = Posterior(double, theta, rows.features).predict(rows.features, with_grad=True)
    assert np.isfinite(ours.mean).all()
    assert (ours.var > 0.0).all()
    assert (ours.var < once.var).all()
    assert np.isfinite(ours.grad_mean).all()
    assert np.isfinite(ours.grad_var).all()


def test_scale_and_shift_of_the_draws() -> None:
    density = make_density(has_parent=True)
    theta = thetas(density, 4)
    posterior = Posterior(density, theta, NONE_PENDING)
    assert posterior.n_draws == 4
    np.testing.assert_allclose(posterior.scale, np.exp(theta[:, -1]))
    np.testing.assert_array_equal(posterior.shift, theta[:, :3])
