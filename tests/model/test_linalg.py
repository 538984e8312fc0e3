"""Factorisations against NumPy, below and above the size where the method changes."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.model.linalg import cholesky
from optuna_scaleup.model.linalg import log_determinant
from optuna_scaleup.model.linalg import product
from optuna_scaleup.model.linalg import triangular_inverse
from optuna_scaleup.types import Array


def positive_definite(shape: tuple[int, ...]) -> Array:
    A = np.random.default_rng(0).standard_normal(shape)
    return A @ np.swapaxes(A, -1, -2) + 0.5 * np.eye(shape[-1])


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 30, 130])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_factor_inverse_and_determinant(n: int, batch: tuple[int, ...]) -> None:
    K = positive_definite((*batch, n, n))
    L = cholesky(K)
    np.testing.assert_array_equal(L, np.tril(L))
    np.testing.assert_allclose(L @ np.swapaxes(L, -1, -2), K, rtol=1e-10, atol=1e-10 * n)
    L_inv = triangular_inverse(L)
    np.testing.assert_allclose(L_inv, np.linalg.inv(L), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(log_determinant(L), np.linalg.slogdet(K)[1], rtol=1e-9)


def test_nothing_to_factor() -> None:
    empty = np.empty((2, 0, 0))
    L = cholesky(empty)
    assert L.shape == triangular_inverse(L).shape == (2, 0, 0)
    np.testing.assert_array_equal(log_determinant(L), [0.0, 0.0])


def test_positive_definite_matrix_gets_no_jitter() -> None:
    K = positive_definite((5, 5))
    np.testing.assert_array_equal(cholesky(K), np.linalg.cholesky(K))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_singular_matrix_gets_a_little_jitter(scale: float) -> None:
    K = scale * np.ones((4, 4))
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cholesky(K - 1e-12 * scale * np.eye(4))
    L = cholesky(K - 1e-12 * scale * np.eye(4))
    np.testing.assert_allclose(L @ L.T, K, rtol=1e-6, atol=1e-6 * scale)


def test_only_the_singular_one_of_several_gets_jitter() -> None:
    K = positive_definite((2, 3, 4, 4))
    expected = np.linalg.cholesky(K)
    K[1, 2] = np.ones((4, 4)) - 1e-12 * np.eye(4)
    L = cholesky(K)
    np.testing.assert_allclose(L[1, 2] @ L[1, 2].T, K[1, 2], atol=1e-6)
    L[1, 2] = expected[1, 2]
    np.testing.assert_array_equal(L, expected)


@pytest.mark.parametrize("K", [-np.eye(3), np.array([[1.0, 5.0], [5.0, 1.0]])])
def test_indefinite_matrix_raises(K: Array) -> None:
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        cholesky(K)


@pytest.mark.parametrize("entry", [np.nan, np.inf])
def test_not_finite_matrix_raises(entry: float) -> None:
    with pytest.raises(np.linalg.LinAlgError, match="not finite"):
        cholesky(np.full((2, 2), entry))


def test_input_is_left_alone() -> None:
    K = np.ones((3, 3))
    cholesky(K)
    np.testing.assert_array_equal(K, np.ones((3, 3)))


@pytest.mark.parametrize("n_columns", [3, 80])
@pytest.mark.parametrize("n_batch", [1, 4])
@pytest.mark.parametrize("share", [0.01, 0.5])
def test_products_with_few_entries(n_columns: int, n_batch: int, share: float) -> None:
    rng = np.random.default_rng(0)
    A = rng.standard_normal((n_batch, 6, n_columns)) * (rng.random((6, n_columns)) < share)
    B = rng.standard_normal((4, n_columns, 5))
    A[:, 2] = 0.0
    np.testing.assert_allclose(product(A, B), A @ B, atol=1e-14)


def test_product_of_an_empty_batch() -> None:
    assert product(np.zeros((1, 6, 80)), np.zeros((0, 80, 5))).shape == (0, 6, 5)
