"""Fits of small studies, and the priors they give to the large one."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.model import gp
from optuna_scaleup.model import sources
from optuna_scaleup.model.density import OFFSET_VAR
from optuna_scaleup.model.hyperposterior import draw
from optuna_scaleup.model.motion import MOTION_DOF
from optuna_scaleup.model.motion import Motion
from optuna_scaleup.model.parent import bowl
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import Departure
from optuna_scaleup.model.sources import FittedSource
from optuna_scaleup.model.sources import fit_source
from optuna_scaleup.model.sources import source_evidence
from optuna_scaleup.model.sources import transfer_density
from optuna_scaleup.model.warp import robust_scale
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from tests import oracles
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.fakes import quadratic


def fitted(unit: float = 1.0) -> tuple[FittedSource, Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.random((25, 2))
    y = unit * (quadratic(X, 0.3) + 0.01 * rng.standard_normal(25))
    rows = Rows.of(feature_map(continuous(2), X), X, y)
    return fit_source(rows, np.arange(2), np.arange(2), 2), X, y


def test_parent_is_the_dense_gp_on_the_sources_trials() -> None:
    source, X, y = fitted()
    p = source.parent
    np.testing.assert_allclose(p.scaled / p.inverse_lengthscales, X, rtol=1e-12)
    K_noisy = np.linalg.inv(p.L_inv.T @ p.L_inv)
    K = p.amplitude_var * oracles.matern52(X, X, p.inverse_lengthscales) + p.offset_var
    off_diagonal = ~np.eye(25, dtype=bool)
    np.testing.assert_allclose(K_noisy[off_diagonal], K[off_diagonal], rtol=1e-6)
    noise = oracles.noise_of(p)
    assert (noise > 0.0).all()
    np.testing.assert_allclose(noise, noise[0], rtol=1e-3)
    mean = oracles.bowl(X, np.arange(2), p.bowl)
    v = 1.0 + (y - y.max()) / np.exp(source.log_scale)
    z = np.where(v >= 0.0, v, -np.log1p(np.maximum(-v, 0.0)))
    np.testing.assert_allclose(p.alpha, np.linalg.solve(K_noisy, z - mean), rtol=1e-5)


def test_parent_knows_where_its_optimum_is() -> None:
    source, _, _ = fitted()
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 41)] * 2), axis=-1).reshape(-1, 2)
    link = source.parent.link(grid, np.zeros((1, 2)))
    np.testing.assert_allclose(grid[link.mean[0].argmax()], [0.3, 0.3], atol=0.05)


def test_scale_has_the_unit_of_the_values() -> None:
    (one, _, y), (other, _, _) = fitted(), fitted(unit=1024.0)
    assert abs(one.log_scale - np.log(robust_scale(y))) < 1.0
    np.testing.assert_allclose(other.log_scale - one.log_scale, np.log(1024.0), atol=0.02)
    z, other_z = oracles.values_of(one.parent), oracles.values_of(other.parent)
    np.testing.assert_allclose(other_z, z, atol=0.02)


def test_axes_unknown_to_the_source_keep_the_priors_lengthscale() -> None:
    rng = np.random.default_rng(1)
    X = rng.random((12, 2))
    rows = Rows.of(feature_map(continuous(2), X), X, quadratic(X, 0.3))
    source = fit_source(rows, np.array([0, 2]), np.array([0, 2]), 3)
    assert source.log_lengthscales.shape == (3,)
    assert source.log_lengthscales[1] == gp.gp_prior(3, 0.0).loc[1]
    known = -np.log(source.parent.inverse_lengthscales)
    np.testing.assert_allclose(source.log_lengthscales[[0, 2]], known)


def test_a_source_moves_along_the_axes_that_it_knows() -> None:
    """The second axis of three is unknown to it; the study looks up whence its optimum came."""
    X = np.random.default_rng(1).random((12, 2))
    rows = Rows.of(feature_map(continuous(2), X), X, quadratic(X, 0.3))
    source = fit_source(rows, np.array([0, 2]), np.array([0, 2]), 3)
    motion = Motion(
        mean=np.array([0.1, 0.2, -0.3]),
        std=np.array([0.01, 0.02, 0.03]),
        steady_share=np.array([0.0, 0.5, 0.9]),
        steady_std=np.array([0.04, 0.05, 0.06]),
    )
    moved = source.moved(motion)
    none = np.empty((0, 3))
    prior = transfer_density(
        Rows.of(feature_map(continuous(3), none), none, np.empty(0)), moved
    ).prior
    np.testing.assert_array_equal(prior.loc[:2], [-0.1, 0.3])
    np.testing.assert_array_equal(prior.scale[:2], [0.01, 0.03])
    np.testing.assert_array_equal(prior.spike.share, [0.0, 0.9])
    np.testing.assert_array_equal(prior.spike.scale, [0.04, 0.06])
    assert (source.is_sized, moved.is_sized) == (False, True)


def test_moments_of_a_motion_are_those_of_its_draws() -> None:
    motion = Motion(*np.array([[0.2], [0.1], [0.3], [0.02]]))
    draws = np.random.default_rng(0).standard_t(MOTION_DOF, (2, 400_000))
    is_steady = np.random.default_rng(1).random(400_000) < 0.3
    drawn = np.where(is_steady, 0.02 * draws[0], 0.2 + 0.1 * draws[1])
    mean, var = motion.moments()
    np.testing.assert_allclose(mean, drawn.mean(), rtol=0.01)
    np.testing.assert_allclose(var, drawn.var(), rtol=0.02)


def test_transfer_prior_is_centred_on_the_source() -> None:
    source, X, y = fitted()
    density = transfer_density(Rows.of(feature_map(continuous(2), X), X, y), source)
    t = density.unpack(density.prior.loc[None])
    np.testing.assert_array_equal(t.shift, np.zeros((1, 2)))
    np.testing.assert_array_equal(t.log_lengthscales[0], source.log_lengthscales)
    assert t.log_scale[0] == source.log_scale
    assert density.parent is source.parent
    assert density.bowl_weight == 0.0
    assert (density.prior.scale > 0.0).all()


def test_what_parts_a_study_from_a_linear_source_need_not_be_linear() -> None:
    X = np.random.default_rng(2).random((25, 2))
    trials = Rows.of(feature_map(continuous(2), X), X, X[:, 0] + quadratic(X, 0.5))
    linear = Rows.of(feature_map(continuous(2), X), X, 3.0 * X[:, 0])
    source = fit_source(linear, np.arange(2), np.arange(2), 2, hyperprior=gp.LEVELS)
    assert np.exp(source.log_lengthscales).max() > 4.0
    departure = Departure(offset_var=0.5, residual_var=0.2, max_lengthscale=2.0)
    density = transfer_density(trials, source, gp.LEVELS, departure)
    t = density.unpack(density.prior.loc[None])
    np.testing.assert_allclose(
        t.log_lengthscales[0], np.minimum(source.log_lengthscales, np.log(2.0))
    )
    np.testing.assert_allclose(np.exp(t.log_amplitude_var), 0.2)
    assert density.offset_var == 0.5


def test_offset_of_the_source_is_the_one_of_every_study() -> None:
    assert fitted()[0].parent.offset_var == OFFSET_VAR


def test_one_trial_is_enough() -> None:
    X = np.array([[0.2, 0.9]])
    rows = Rows.of(feature_map(continuous(2), X), X, np.array([3.0]))
    source = fit_source(rows, np.arange(2), np.arange(2), 2)
    link = source.parent.link(X, np.zeros((1, 2)))
    assert np.isfinite(link.mean).all()
    assert source.log_scale == 0.0


def test_many_trials_are_reduced_to_telling_ones() -> None:
    """The cost of a suggestion stays bounded; the optimum is still known."""
    rng = np.random.default_rng(2)
    X = rng.random((1200, 2))
    y = quadratic(X, 0.3) + 0.02 * rng.standard_normal(1200)
    rows = Rows.of(feature_map(continuous(2), X), X, y)
    parent = fit_source(rows, np.arange(2), np.arange(2), 2).parent
    assert len(parent.alpha) < 600
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 41)] * 2), axis=-1).reshape(-1, 2)
    link = parent.link(grid, np.zeros((1, 2)))
    np.testing.assert_allclose(grid[link.mean[0].argmax()], [0.3, 0.3], atol=0.08)


@pytest.mark.parametrize("seed", range(4))
def test_a_fit_is_made_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear source's, too, whose mode lies on the search's bound, rounded beyond it."""
    X = np.random.default_rng(seed).random((20, 2))
    rows = Rows.of(feature_map(continuous(2), X), X, -3.0 * X[:, 0] - X[:, 1])
    axes = np.arange(2)
    first = fit_source(rows, axes, axes, 2, hyperprior=gp.LEVELS)
    monkeypatch.setattr(sources, "find_mode", None)
    again = fit_source(rows, axes, axes, 2, first.theta, gp.LEVELS)
    np.testing.assert_array_equal(again.parent.alpha, first.parent.alpha)


def test_evidence_of_a_source_is_that_of_its_own_model() -> None:
    """Laplace's approximation agrees with importance sampling, and tells what the values are."""
    X = sobol(24, 2, np.random.default_rng(0))
    noise = 0.05 * np.random.default_rng(0).standard_normal(24)
    evidence = {}
    for name, y in (("straight", X[:, 0] + noise), ("diverging", -np.exp(9.0 * X[:, 0] + noise))):
        rows = Rows.of(feature_map(continuous(2), X), X, y)
        for hyperprior in (gp.TAILED_LEVELS, gp.LEVELS):
            source = fit_source(rows, np.arange(2), np.arange(2), 2, hyperprior=hyperprior)
            told = source_evidence(rows, source.theta, hyperprior)
            density = gp.gp_density(rows, float(np.log(robust_scale(rows.y))), hyperprior)
            density.prior_mean = bowl(rows.features, source.parent.bowl)
            cube = sobol(4096, len(density.prior.loc), np.random.default_rng(1))
            assert told == pytest.approx(draw(density, cube, 8).log_evidence, abs=3.0)
            evidence[name, hyperprior.warp.is_linear] = told
    assert evidence["straight", True] > evidence["straight", False]
    assert evidence["diverging", False] > evidence["diverging", True] + 20.0
