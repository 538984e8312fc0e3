"""A source seen from the target: its posterior at shifted points against dense oracles."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.model.density import OFFSET_VAR
from optuna_scaleup.model.density import Theta
from optuna_scaleup.model.parent import Parent
from optuna_scaleup.model.parent import bowl
from optuna_scaleup.model.parent import bowl_gradient
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import fit_source
from optuna_scaleup.types import Array
from tests import oracles
from tests.fakes import feature_map
from tests.fakes import mixed_points
from tests.fakes import mixed_space
from tests.fakes import quadratic


def mixed_parent() -> Parent:
    rng = np.random.default_rng(0)
    X = mixed_points(15, rng)
    y = quadratic(X, 0.3) + 0.1 * rng.standard_normal(15)
    rows = Rows.of(feature_map(mixed_space(), X), X, y)
    return fit_source(rows, np.arange(rows.features.shape[1]), np.arange(4), 4).parent


def target_features(n: int) -> tuple[Array, Array]:
    """Features and the axis of each."""
    X = mixed_points(n, np.random.default_rng(1))
    fm = feature_map(mixed_space(), X)
    return fm.transform(X), fm.axis


def shifts(parent: Parent, n: int) -> Array:
    return 0.1 * np.random.default_rng(2).standard_normal((n, parent.n_shift))


def test_link_agrees_with_the_dense_joint_gp() -> None:
    parent = mixed_parent()
    features, axis = target_features(6)
    shift = shifts(parent, 3)
    link = parent.link(features, shift)
    # The dense joint GP without residual and offset is the parent at the shifted points.
    for b in range(3):
        nothing = np.full((1,), -np.inf)
        t = Theta(shift[b : b + 1], np.zeros((1, 4)), nothing, nothing, np.zeros(1))
        mean, cov = oracles.joint_prior(parent, features, axis, t)
        z = oracles.values_of(parent)
        m = len(z)
        cov[m:, m:] -= OFFSET_VAR
        mean, cov = oracles.condition(mean, cov, z, oracles.noise_of(parent))
        np.testing.assert_allclose(link.mean[b], mean, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(link.cov[b], cov, rtol=1e-6, atol=1e-7)


def test_shift_moves_the_numeric_features_only() -> None:
    parent = mixed_parent()
    features, _ = target_features(4)
    shift = shifts(parent, 1)
    moved = parent.shifted(features, shift)[0] / parent.inverse_lengthscales - features
    expected = np.zeros_like(moved)
    expected[:, [0, 1, 5]] = shift[0]
    np.testing.assert_allclose(moved, expected, atol=1e-12)


def test_parent_tells_little_far_away_from_its_trials() -> None:
    parent = mixed_parent()
    features, _ = target_features(3)
    link = parent.link(features, np.full((1, parent.n_shift), 1e3))
    offset_left = parent.offset_var * (1.0 - parent.offset_var * _total(parent.L_inv))
    expected = parent.amplitude_var + offset_left
    np.testing.assert_allclose(np.diag(link.cov[0]), expected, rtol=1e-6)


def _total(L_inv: Array) -> float:
    return float((L_inv.T @ L_inv).sum())


def test_shift_gradient() -> None:
    """Of ``mean @ a + sum(G * cov)``: linear in both, so its derivatives are ``a`` and ``G``."""
    parent = mixed_parent()
    features, _ = target_features(5)
    rng = np.random.default_rng(3)
    a, G = rng.standard_normal(5), rng.standard_normal((5, 5))
    G = G + G.T

    def f(shift: Array) -> float:
        link = parent.link(features, shift[None])
        return float(link.mean[0] @ a + (G * link.cov[0]).sum())

    batch = shifts(parent, 2)
    ours = parent.shift_gradient(
        parent.link(features, batch, with_slopes=True), np.stack([a, a]), np.stack([G, G])
    )
    for shift, grad in zip(batch, ours, strict=True):
        expected = oracles.finite_difference(f, shift)
        np.testing.assert_allclose(grad, expected, rtol=1e-6, atol=1e-6)


def test_no_rows() -> None:
    parent = mixed_parent()
    link = parent.link(np.empty((0, 7)), shifts(parent, 2))
    assert link.mean.shape == (2, 0)
    assert link.cov.shape == (2, 0, 0)


@pytest.mark.parametrize("n_dims", [1, 3])
def test_bowl_is_highest_in_the_centre(n_dims: int) -> None:
    u = np.random.default_rng(4).uniform(-0.5, 1.5, (5, n_dims))
    np.testing.assert_allclose(bowl(u, 0.7), oracles.bowl(u, np.arange(n_dims), 0.7))
    assert bowl(np.full(n_dims, 0.5), 0.7) == 0.0
    assert bowl(np.ones(n_dims), 0.7) == pytest.approx(-0.7)
    for x in u:
        expected = oracles.finite_difference(lambda p: float(bowl(p, 0.7)), x)
        np.testing.assert_allclose(bowl_gradient(x, 0.7), expected, rtol=1e-7, atol=1e-9)


def test_bowl_without_numeric_axes_or_weight() -> None:
    np.testing.assert_array_equal(bowl(np.empty((3, 0)), 1.0), np.zeros(3))
    np.testing.assert_array_equal(bowl(np.ones((3, 2)), 0.0), np.zeros(3))
    assert bowl_gradient(np.empty((3, 0)), 1.0).shape == (3, 0)
