"""What trials say about one source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from scipy.special import stdtrit

from optuna_scaleup.model.density import Density
from optuna_scaleup.model.diagnosis import diagnose
from optuna_scaleup.model.diagnosis import within
from optuna_scaleup.model.drift import Optimum
from optuna_scaleup.model.gp import Hyperprior
from optuna_scaleup.model.motion import MOTION_DOF
from optuna_scaleup.model.motion import MOTION_STD
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import FittedSource
from optuna_scaleup.model.sources import fit_source
from optuna_scaleup.model.sources import transfer_density
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.fakes import quadratic


def points(n_points: int, n_dims: int) -> Array:
    return sobol(n_points, n_dims, np.random.default_rng(0))


def rows(n: int, optimum: float, seed: int, noise_var: Array | None = None) -> Rows:
    X = np.random.default_rng(seed).random((n, 1))
    return Rows.of(feature_map(continuous(1), X), X, quadratic(X, optimum), noise_var)


def source(optimum: float) -> FittedSource:
    return fit_source(rows(15, optimum, 1), np.arange(1), np.arange(1), 1)


def test_a_source_is_not_moved_farther_than_is_plausible() -> None:
    """Six times as far as expected; where that leads, its prior alone says something."""
    far, trials = source(0.2), rows(12, 0.8, 2)
    found = diagnose(trials, far, points)
    assert (found.motion > 2.0 * MOTION_STD).all()
    assert found.weight @ found.motion[:, 0] == pytest.approx(0.6, abs=0.1)
    reach = np.array([[-2.0 * MOTION_STD]])
    expected = far.parent.link(trials.features, reach).mean[0]
    np.testing.assert_allclose(found.predicted, expected)


def test_trials_of_pure_noise_leave_the_motion_open() -> None:
    certain = diagnose(rows(10, 0.35, 2), source(0.3), points)
    noise = Hyperprior(noise_var=1e6, noise_log_std=1e-3)
    open_ = diagnose(rows(10, 0.35, 2), source(0.3), points, noise)
    for found, is_open in ((certain, False), (open_, True)):
        spread = float(found.weight @ np.abs(found.motion[:, 0] - found.weight @ found.motion))
        expected = MOTION_STD * float(stdtrit(MOTION_DOF, 0.75))  # median of the prior's
        assert (spread > expected) == is_open


def left_out(trials: Rows, one: FittedSource, kept: Array) -> Array:
    """Predictions by many draws of the prior, weighted by the likelihood of other trials."""
    density = transfer_density(trials, one)
    noise_var = None if trials.noise_var is None else trials.noise_var[kept]
    some = replace(trials, features=trials.features[kept], y=trials.y[kept], noise_var=noise_var)
    theta = density.prior.quantile(points(4096, len(density.prior.loc)))
    other = Density(some, density.prior, density.parent, anchor=density.anchor)
    log_posterior = other.value_and_grad(theta, with_grad=False)[0]
    weight = softmax(log_posterior - density.prior.log_density(theta))
    reach = 2.0 * MOTION_STD
    shift = np.clip(theta[:, :1], -reach, reach)
    return np.asarray(weight @ one.parent.link(trials.features, shift).mean)


@pytest.mark.parametrize("noise_var", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0]])
def test_a_trial_is_predicted_as_if_it_had_not_been_seen(noise_var: list[float]) -> None:
    """Nearer to what all others say than to what all say, it included, in five studies."""
    n = len(noise_var)
    one, numbers = source(0.3), np.arange(n)
    ours, unseen, seen = np.empty((3, 5, n))
    for k in range(5):
        trials = rows(n, 0.42, k + 2, np.array(noise_var))
        ours[k] = diagnose(trials, one, points).predicted
        unseen[k] = [left_out(trials, one, numbers[numbers != i])[i] for i in numbers]
        seen[k] = left_out(trials, one, numbers)
    assert np.abs(ours - unseen).sum() < 0.5 * np.abs(ours - seen).sum()


def test_without_another_trial_the_prior_tells() -> None:
    one, trials = source(0.3), rows(1, 0.42, 2)
    density = transfer_density(trials, one)
    theta = density.prior.quantile(points(256, len(density.prior.loc)))
    shift = np.clip(theta[:, :1], -2.0 * MOTION_STD, 2.0 * MOTION_STD)
    expected = one.parent.link(trials.features, shift).mean.mean(axis=0)
    np.testing.assert_allclose(diagnose(trials, one, points).predicted, expected)


def test_an_optimum_moves_within_the_space() -> None:
    """One that is known, one at an end, one not known, one beyond the space, one of choices."""
    X = np.array([[0.1, 0.0, 0.0, 0.5, np.nan], [0.9, 1.0, 1.0, 1.5, np.nan]])
    optimum = Optimum(
        0, np.array([0.4, 0.95, 0.5, 1.3, 0.5]), np.array([0.05, 0.1, 1.0, 0.05, np.inf]) ** 2
    )
    far = np.array([[-9.0] * 4 + [np.nan], [9.0] * 4 + [np.nan], [0.1] * 4 + [np.nan]])
    low, high, near = within(far, optimum, X)
    np.testing.assert_allclose(low[:4], [-0.5, -1.0, -1.0, -1.4])
    np.testing.assert_allclose(high[:4], [0.7, 0.25, 1.0, -0.2])
    np.testing.assert_allclose(near[:4], [0.1, 0.1, 0.1, -0.2])
    assert np.isnan([low[4], high[4], near[4]]).all()
