"""Drawn functions have the moments of the posterior that they are drawn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optuna_scaleup.model import gp
from optuna_scaleup.model.density import Density
from optuna_scaleup.model.kernels import Kernel
from optuna_scaleup.model.paths import Paths
from optuna_scaleup.model.paths import RandomFeatures
from optuna_scaleup.model.posterior import Posterior
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import Departure
from optuna_scaleup.model.sources import fit_source
from optuna_scaleup.model.sources import transfer_density
from optuna_scaleup.types import Array
from tests import oracles
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.fakes import quadratic


N_PATHS = 4000
SHARES = [0.0, 0.5]  # of the variance that is additive


def rows(n: int, optimum: float, seed: int) -> Rows:
    X = np.random.default_rng(seed).random((n, 2))
    return Rows.of(feature_map(continuous(2), X), X, quadratic(X, optimum))


def density(n_own: int, with_parent: bool, share: float = 0.0) -> Density:
    own = rows(n_own, 0.4, 1)
    if not with_parent:
        return gp.gp_density(own, 0.0, additive_share=share)
    source = fit_source(rows(12, 0.6, 2), np.arange(2), np.arange(2), 2)
    return transfer_density(own, source, additive_share=share)


@pytest.mark.parametrize("axis", [[0, 1, 2], [0, 1, 1]])
@pytest.mark.parametrize("share", SHARES)
def test_features_have_the_kernel_as_covariance(share: float, axis: list[int]) -> None:
    x = np.array([[0.0, 0.0, 0.0], [0.3, 0.1, 0.0], [1.0, -2.0, 0.0], [1.0, 0.0, 4.0]])
    kernel = Kernel(np.array(axis), share)
    values = RandomFeatures(20_000, kernel, np.random.default_rng(0))(x[None])
    expected = oracles.correlation(x, x, np.ones(3), np.array(axis), share)
    np.testing.assert_allclose(np.cov(values.T), expected, atol=0.04)


def test_features_of_a_smooth_kernel() -> None:
    x = np.array([[0.0, 0.0], [0.3, 0.1], [1.0, -2.0], [1.0, 0.0]])
    kernel = Kernel(np.arange(2), 0.0, is_smooth=True)
    values = RandomFeatures(20_000, kernel, np.random.default_rng(0))(x[None])
    np.testing.assert_allclose(np.cov(values.T), kernel(x, x), atol=0.04)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("with_parent", [False, True])
@pytest.mark.parametrize("n_own", [0, 4])
def test_moments(with_parent: bool, n_own: int, share: float) -> None:
    d = density(n_own, with_parent, share)
    theta = d.prior.loc.copy()
    theta[: d.n_shift] = 0.1
    query = np.array([[0.1, 0.2], [0.5, 0.5], [0.45, 0.55], [0.9, 0.3]])
    drawn = Paths(d, np.repeat(theta[None], N_PATHS, axis=0), np.random.default_rng(3))(query)
    prediction = posterior(d, theta).predict(query)
    var = prediction.var[0]
    atol = 4.5 * np.sqrt(var.max() / N_PATHS)
    np.testing.assert_allclose(drawn.mean(axis=0), prediction.mean[0], atol=atol)
    np.testing.assert_allclose(drawn.var(axis=0), var, atol=0.1 * var.max())
    for j, point in enumerate(query):
        # A trial at one point shrinks the variance at another by their squared covariance.
        pending = posterior(d, theta, point[None])
        shrunk = var - pending.predict(query).var[0]
        expected = np.sqrt(np.maximum(shrunk, 0.0) * (var[j] + pending.noise_var[0]))
        ours = np.abs(np.cov(drawn.T)[j])
        np.testing.assert_allclose(ours, expected, atol=0.1 * var.max())


@pytest.mark.parametrize("n_own", [0, 3])
def test_noisy_trials_leave_the_function_open(n_own: int) -> None:
    """The source's as well as the study's own."""
    source = fit_source(
        replace(rows(12, 0.6, 2), noise_var=np.full(12, 0.02)), np.arange(2), np.arange(2), 2
    )
    d = transfer_density(rows(n_own, 0.4, 1), source, departure=Departure(offset_var=0.01))
    theta = d.prior.loc.copy()
    theta[-2] = np.log(0.5)  # the variance of the noise
    query = np.concatenate([d.rows.features, [[0.45, 0.55], [0.9, 0.3]]])
    drawn = Paths(d, np.repeat(theta[None], N_PATHS, axis=0), np.random.default_rng(3))(query)
    np.testing.assert_allclose(
        drawn.var(axis=0), posterior(d, theta).predict(query).var[0], rtol=0.12
    )


def test_of_many_trials_some_are_enough() -> None:
    """More than a path is conditioned on: it still follows the posterior of all."""
    d = density(260, with_parent=True)
    assert d.thinned(300) is d
    thin = d.thinned(50)
    assert (thin.n_trials, thin.anchor) == (50, d.anchor)
    whole = posterior(d, d.prior.loc)
    query = np.random.default_rng(5).random((20, 2))
    drawn = whole.paths(np.zeros(50, dtype=int), np.random.default_rng(3))(query)
    np.testing.assert_allclose(drawn.mean(axis=0), whole.predict(query).mean[0], atol=0.05)


def posterior(d: Density, theta: Array, pending: Array | None = None) -> Posterior:
    return Posterior(d, theta[None], np.empty((0, 2)) if pending is None else pending)
