"""Priors against scipy.stats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from optuna_scaleup.model.priors import NO_SPIKE
from optuna_scaleup.model.priors import Prior
from optuna_scaleup.model.priors import Spike
from tests.oracles import finite_difference


PRIOR = Prior(
    loc=np.array([0.3, -1.0, 2.0, 0.0]),
    scale=np.array([0.1, 2.0, 0.7, 1.0]),
    dof=np.array([3.0, np.inf, 4.5, 1.0]),
    start=np.zeros(4),
)
# The first two perhaps about zero, the third certainly not.
SPIKED = replace(PRIOR, spike=Spike(np.array([0.4, 0.9, 0.0]), np.array([0.03, 0.5, 1.0])))


def test_log_density_agrees_with_scipy() -> None:
    theta = np.random.default_rng(0).normal(0.0, 3.0, (6, 4))
    expected = stats.norm(-1.0, 2.0).logpdf(theta[:, 1])
    for j in (0, 2, 3):
        expected = expected + stats.t(PRIOR.dof[j], PRIOR.loc[j], PRIOR.scale[j]).logpdf(
            theta[:, j]
        )
    np.testing.assert_allclose(PRIOR.log_density(theta), expected, rtol=1e-12)


def test_log_density_beside_a_spike_agrees_with_scipy() -> None:
    theta = np.random.default_rng(0).normal(0.0, 1.0, (6, 4))
    spike = stats.t(3.0, 0.0, 0.03).pdf(theta[:, 0]), stats.norm(0.0, 0.5).pdf(theta[:, 1])
    slab = stats.t(3.0, 0.3, 0.1).pdf(theta[:, 0]), stats.norm(-1.0, 2.0).pdf(theta[:, 1])
    both = np.log(0.4 * spike[0] + 0.6 * slab[0]) + np.log(0.9 * spike[1] + 0.1 * slab[1])
    expected = PRIOR.log_density(theta) - np.log(slab[0] * slab[1]) + both
    np.testing.assert_allclose(SPIKED.log_density(theta), expected, rtol=1e-12)


def test_log_density_is_finite_far_out() -> None:
    far = np.array([[1e3] * 4, [-1e3] * 4, [0.0] * 4])
    assert np.isfinite(SPIKED.log_density(far)).all()
    assert np.isfinite(SPIKED.gradient(far)).all()


@pytest.mark.parametrize("prior", [PRIOR, SPIKED])
def test_gradient(prior: Prior) -> None:
    theta = np.random.default_rng(1).normal(0.0, 2.0, (3, 4))
    theta[:, 0] = [0.01, 0.1, -0.2]  # in the spike, between, out of it
    for row in theta:
        expected = finite_difference(lambda x: float(prior.log_density(x)), row)
        np.testing.assert_allclose(prior.gradient(row), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(prior.gradient(theta), [prior.gradient(row) for row in theta])


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


def test_quantiles_beside_a_spike_are_draws_of_the_density() -> None:
    """Of evenly spaced levels so many lie below a point as its distribution function says."""
    levels = (np.arange(100_000) + 0.5) / 100_000
    drawn = SPIKED.quantile(np.stack([levels] * 4, axis=1))
    for x in (-1.0, -0.02, 0.0, 0.05, 0.3, 2.0):
        first = 0.4 * stats.t(3.0, 0.0, 0.03).cdf(x) + 0.6 * stats.t(3.0, 0.3, 0.1).cdf(x)
        second = 0.9 * stats.norm(0.0, 0.5).cdf(x) + 0.1 * stats.norm(-1.0, 2.0).cdf(x)
        expected = [first, second, stats.t(4.5, 2.0, 0.7).cdf(x), stats.t(1.0).cdf(x)]
        np.testing.assert_allclose((drawn <= x).mean(axis=0), expected, atol=3e-5)


@pytest.mark.parametrize("level", [0.4, 0.9, 1e-9, 1.0 - 1e-9])
def test_quantiles_beside_a_spike_are_finite(level: float) -> None:
    """At its border, too, which a quasi-random point may hit."""
    assert np.isfinite(SPIKED.quantile(np.full((1, 4), level))).all()


def test_a_search_may_begin_in_the_spike() -> None:
    np.testing.assert_array_equal(PRIOR.starts, [PRIOR.start])
    start = np.array([0.3, -1.0, 2.0, 0.5])
    starts = replace(SPIKED, start=start).starts
    np.testing.assert_array_equal(starts, [start, [0.0, 0.0, 2.0, 0.5]])


@pytest.mark.parametrize("spike", [NO_SPIKE, Spike(np.array([0.4]), np.array([0.02]))])
def test_density_integrates_to_one(spike: Spike) -> None:
    one = Prior(np.array([0.3]), np.array([0.1]), np.array([3.0]), np.zeros(1), spike)
    total = quad(
        lambda x: float(np.exp(one.log_density(np.array([x])))), -50, 50, points=[0.0, 0.3]
    )
    np.testing.assert_allclose(total[0], 1.0, rtol=1e-5)
