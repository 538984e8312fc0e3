"""The kernel against scikit-learn's; its slope against finite differences."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.gaussian_process.kernels import Matern

from optuna_scaleup.model.kernels import matern52
from optuna_scaleup.model.kernels import matern52_and_slope
from optuna_scaleup.model.kernels import squared_distances


def test_squared_distances() -> None:
    rng = np.random.default_rng(0)
    A, B = rng.random((4, 3)), rng.random((6, 3))
    np.testing.assert_allclose(squared_distances(A, B), cdist(A, B) ** 2, rtol=1e-12)


def test_squared_distances_broadcast_and_stay_positive() -> None:
    A = 1e3 + np.random.default_rng(1).random((2, 5, 3)) * 1e-9
    D = squared_distances(A, A)
    assert D.shape == (2, 5, 5)
    assert (D >= 0.0).all()


def test_matern_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    A, B = rng.random((5, 3)), rng.random((7, 3))
    lengthscales = np.array([0.1, 0.7, 3.0])
    ours = matern52(squared_distances(A / lengthscales, B / lengthscales))
    np.testing.assert_allclose(ours, Matern(lengthscales, nu=2.5)(A, B), rtol=1e-12)


def test_slope() -> None:
    sqd = np.array([1e-4, 0.01, 0.3, 1.0, 20.0])
    step = 1e-6 * sqd
    value, slope = matern52_and_slope(sqd)
    np.testing.assert_array_equal(value, matern52(sqd))
    expected = (matern52(sqd + step) - matern52(sqd - step)) / (2.0 * step)
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


def test_zero_and_huge_distances() -> None:
    value, slope = matern52_and_slope(np.array([0.0, 1e-300, 1e12, 1e300]))
    np.testing.assert_array_equal(value, [1.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(slope, [-5.0 / 6.0, -5.0 / 6.0, 0.0, 0.0])
