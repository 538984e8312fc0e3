"""The plain GP of one study: its priors are sound and its fit finds what made the data."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.model.gp import VALUES
from optuna_scaleup.model.gp import gp_density
from optuna_scaleup.model.gp import gp_prior
from optuna_scaleup.model.hyperposterior import find_mode
from optuna_scaleup.model.posterior import Posterior
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.warp import robust_scale
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.oracles import matern52


@pytest.mark.parametrize("n_axes", [0, 1, 5, 50])
def test_prior_has_one_entry_a_hyperparameter(n_axes: int) -> None:
    prior = gp_prior(n_axes, 1.5)
    assert prior.loc.shape == prior.scale.shape == prior.dof.shape == (n_axes + 3,)
    assert np.isfinite(prior.loc).all()
    assert (prior.scale > 0.0).all()
    assert prior.loc[-1] == 1.5


def test_typical_distance_grows_with_the_dimension() -> None:
    lengthscales = [np.exp(gp_prior(d, 0.0).loc[0]) for d in (1, 4, 16)]
    np.testing.assert_allclose(np.divide(lengthscales, lengthscales[0]), [1.0, 2.0, 4.0])


def test_fit_tells_relevant_axes_and_noise() -> None:
    """Drawn from a GP: the irrelevant axis gets a longer lengthscale, the noise its size."""
    rng = np.random.default_rng(0)
    X = rng.random((40, 2))
    K = matern52(X, X, np.array([1.0 / 0.25, 1e-3]))
    f = np.linalg.cholesky(K + 1e-8 * np.eye(40)) @ rng.standard_normal(40)
    fits = {}
    for noise_std in (0.003, 0.3):
        y = f + noise_std * rng.standard_normal(40)
        rows = Rows.of(feature_map(continuous(2), X), X, y)
        density = gp_density(rows, float(np.log(robust_scale(y))))
        fits[noise_std] = density.unpack(find_mode(density, density.prior.loc).theta[None])
    clean, noisy = fits[0.003], fits[0.3]
    assert clean.log_lengthscales[0, 1] > clean.log_lengthscales[0, 0] + 0.5
    assert noisy.log_noise_var[0] > clean.log_noise_var[0] + 2.0


def test_deterministic_fit_interpolates() -> None:
    X = np.linspace(0.0, 1.0, 9)[:, None]
    y = np.sin(5.0 * X[:, 0])
    rows = Rows.of(feature_map(continuous(1), X), X, y)
    density = gp_density(rows, float(np.log(robust_scale(y))), VALUES.noise_free())
    theta = find_mode(density, density.prior.loc).theta[None]
    prediction = Posterior(density, theta, np.empty((0, 1))).predict(rows.features)
    _, z = density.warped(density.unpack(theta))
    np.testing.assert_allclose(prediction.mean, z, atol=1e-3)
    assert (prediction.var < 1e-5).all()
