"""The kernel against scikit-learn's; its slopes against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.gaussian_process.kernels import RBF
from sklearn.gaussian_process.kernels import Matern

from optuna_scaleup.model.kernels import Kernel
from optuna_scaleup.model.kernels import matern52
from optuna_scaleup.model.kernels import matern52_and_slope
from optuna_scaleup.model.kernels import squared_distances
from optuna_scaleup.types import Array
from tests import oracles


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
    step = 1e-5 * sqd  # a smaller one is lost in rounding
    value, slope = matern52_and_slope(sqd)
    np.testing.assert_array_equal(value, matern52(sqd))
    expected = (matern52(sqd + step) - matern52(sqd - step)) / (2.0 * step)
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


def test_zero_and_huge_distances() -> None:
    value, slope = matern52_and_slope(np.array([0.0, 1e-300, 1e12, 1e300]))
    np.testing.assert_array_equal(value, [1.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(slope, [-5.0 / 6.0, -5.0 / 6.0, 0.0, 0.0])


def test_smooth_kernel_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    A, B = rng.random((5, 3)), rng.random((7, 3))
    lengthscales = np.array([0.1, 0.7, 3.0])
    kernel = Kernel(np.arange(3), 0.0, is_smooth=True)
    A_scaled, B_scaled = A / lengthscales, B / lengthscales
    np.testing.assert_allclose(kernel(A_scaled, B_scaled), RBF(lengthscales)(A, B), rtol=1e-12)
    H = rng.standard_normal((5, 7))
    pulled = kernel.between(A_scaled, B_scaled, with_slopes=True).pull(H)

    def total(x: Array) -> float:
        return float((H * kernel(A_scaled, x.reshape(7, 3))).sum())

    expected = oracles.finite_difference(total, B_scaled.ravel()).reshape(7, 3)
    np.testing.assert_allclose(pulled, expected, rtol=1e-5, atol=1e-8)


def test_a_smooth_kernel_has_no_additive_share() -> None:
    with pytest.raises(ValueError, match="no additive share"):
        Kernel(np.arange(2), 0.5, is_smooth=True)


AXES = [[0, 1, 2], [0, 1, 1], [0, 0, 0]]  # of three features; two share one, or all do


class TestKernel:
    A = np.random.default_rng(3).normal(size=(2, 5, 3))
    B = np.random.default_rng(4).normal(size=(2, 4, 3))

    def test_is_a_sum_of_scikit_learns(self) -> None:
        A, B, lengthscales = self.A[0], self.B[0], np.array([0.1, 0.7, 3.0])
        ours = Kernel(np.arange(3), 0.3)(A / lengthscales, B / lengthscales)
        single = [
            Matern(lengthscale, nu=2.5)(A[:, [j]], B[:, [j]])
            for j, lengthscale in enumerate(lengthscales)
        ]
        expected = 0.7 * Matern(lengthscales, nu=2.5)(A, B) + 0.1 * np.sum(single, axis=0)
        np.testing.assert_allclose(ours, expected, rtol=1e-12)

    @pytest.mark.parametrize("axis", AXES)
    @pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
    def test_with_and_without_slopes(self, axis: list[int], share: float) -> None:
        kernel = Kernel(np.array(axis), share)
        value = kernel(self.A, self.B)
        for a, b, k in zip(self.A, self.B, value, strict=True):
            expected = oracles.correlation(a, b, np.ones(3), np.array(axis), share)
            np.testing.assert_allclose(k, expected, rtol=1e-12)
        for with_slopes in (False, True):
            corr = kernel.between(self.A, self.B, with_slopes)
            np.testing.assert_allclose(corr.value, value, rtol=1e-12)

    @pytest.mark.parametrize("axis", AXES)
    @pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
    @pytest.mark.parametrize("n_points", [1, 5])
    def test_points_among_themselves(self, axis: list[int], share: float, n_points: int) -> None:
        """Every pair is computed once there."""
        kernel, A = Kernel(np.array(axis), share), self.A[:, :n_points]
        ours = kernel(A, A)
        np.testing.assert_allclose(ours, kernel(A, A.copy()), rtol=1e-12)

    @pytest.mark.parametrize("axis", AXES)
    @pytest.mark.parametrize("share", [0.0, 0.4])
    def test_pull(self, axis: list[int], share: float) -> None:
        """Of a weighted sum of correlations."""
        kernel = Kernel(np.array(axis), share)
        H = np.random.default_rng(5).normal(size=(2, 5, 4))
        ours = kernel.between(self.A, self.B, with_slopes=True).pull(H)
        for k in range(2):
            expected = oracles.finite_difference(
                lambda b, k=k: float((H[k] * kernel(self.A[k], b.reshape(4, 3))).sum()),  # type: ignore[misc]
                self.B[k].ravel(),
            )
            np.testing.assert_allclose(ours[k].ravel(), expected, rtol=1e-6, atol=1e-9)

    def test_one_side_without_a_batch(self) -> None:
        kernel = Kernel(np.arange(3), 0.4)
        corr = kernel.between(self.A[0], self.B, with_slopes=True)
        np.testing.assert_allclose(corr.value[1], kernel(self.A[0], self.B[1]), rtol=1e-12)
        ours = corr.pull(np.ones((2, 5, 4)))
        alone = kernel.between(self.A[0], self.B[1], with_slopes=True).pull(np.ones((5, 4)))
        np.testing.assert_allclose(ours[1], alone, rtol=1e-12)

    @pytest.mark.parametrize("n_features", [0, 1, 100])
    def test_no_axis_or_one_or_very_many(self, n_features: int) -> None:
        """There a sum over single axes is no different, or would take too long."""
        A, B = (np.resize(points, (2, 4, n_features)) for points in (self.A, self.B))
        plain, ours = (Kernel(np.arange(n_features), share)(A, B) for share in (0.0, 0.5))
        np.testing.assert_array_equal(ours, plain)

    def test_a_shared_coordinate_is_enough(self) -> None:
        a, b = np.array([[0.0, 0.0]]), np.array([[0.0, 1e3]])
        assert Kernel(np.arange(2), 0.5)(a, b)[0, 0] == pytest.approx(0.25)
        assert Kernel(np.arange(2), 0.0)(a, b)[0, 0] == 0.0
