"""Priors against scipy.stats."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.integrate import quad

from optuna_scaleup.model.priors import Prior
from tests.oracles import finite_difference


PRIOR = Prior(
    loc=np.array([0.3, -1.0, 2.0, 0.0]),
    scale=np.array([0.1, 2.0, 0.7, 1.0]),
    dof=np.array([3.0, np.inf, 4.5, 1.0]),
    start=np.zeros(4),
)


def test_log_density_agrees_with_scipy() -> None:
    theta = np.random.default_rng(0).normal(0.0, 3.0, (6, 4))
    expected = stats.norm(-1.0, 2.0).logpdf(theta[:, 1])
    for j in (0, 2, 3):
        expected = expected + stats.t(PRIOR.dof[j], PRIOR.loc[j], PRIOR.scale[j]).logpdf(
            theta[:, j]
        )
    np.testing.assert_allclose(PRIOR.log_density(theta), expected, rtol=1e-12)


def test_gradient() -> None:
    for theta in np.random.default_rng(1).normal(0.0, 2.0, (3, 4)):
        expected = finite_difference(lambda x: float(PRIOR.log_density(x)), theta)
        np.testing.assert_allclose(PRIOR.gradient(theta), expected, rtol=1e-6, atol=1e-8)


def test_gradient_vanishes_at_the_centre() -> None:
    np.testing.assert_array_equal(PRIOR.gradient(PRIOR.loc), np.zeros(4))


def test_quantile_round_trip() -> None:
    uniform = np.random.default_rng(2).uniform(1e-6, 1.0 - 1e-6, (50, 4))
    u = (PRIOR.quantile(uniform) - PRIOR.loc) / PRIOR.scale
    for j, dof in enumerate(PRIOR.dof):
        dist = stats.norm() if np.isinf(dof) else stats.t(dof)
        np.testing.assert_allclose(dist.cdf(u[:, j]), uniform[:, j], rtol=1e-7)


def test_quantile_of_one_half_is_the_centre() -> None:
    np.testing.assert_allclose(PRIOR.quantile(np.full((1, 4), 0.5))[0], PRIOR.loc, atol=1e-12)


def test_density_integrates_to_one() -> None:
    one = Prior(np.array([0.3]), np.array([0.1]), np.array([3.0]), np.zeros(1))
    total = quad(lambda x: float(np.exp(one.log_density(np.array([x])))), -50, 50, points=[0.3])
    np.testing.assert_allclose(total[0], 1.0, rtol=1e-5)
