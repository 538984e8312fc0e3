"""Batched linear algebra behind a few named operations. Convention: ``K = L @ L.T``, L lower."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csr_array

from optuna_scaleup.types import Array


_TINY = 8  # Below this NumPy's batched general inverse beats one LAPACK call a matrix.
_WIDE = 64  # Columns from which on a look for zeros pays.
_SPARSE = 0.1  # Share of entries that are not zero.
_JITTERS = (1e-8, 1e-6, 1e-4, 1e-2)


def cholesky(K: Array) -> Array:
    """Lower Cholesky factors of ``K``, shape ``(..., n, n)``; adds jitter only where it must.

    Raises:
        numpy.linalg.LinAlgError: If a matrix is far from positive definite or not finite.
    """
    if not np.isfinite(K).all():
        raise np.linalg.LinAlgError("covariance matrix is not finite")  # LAPACK may let it pass
    try:
        return np.linalg.cholesky(K)
    except np.linalg.LinAlgError:
        if K.ndim > 2:
            return np.stack([cholesky(one) for one in K])
    unit = np.diagonal(K).mean() * np.eye(len(K))
    for jitter in _JITTERS:
        try:
            return np.linalg.cholesky(K + jitter * unit)
        except np.linalg.LinAlgError:
            continue
    raise np.linalg.LinAlgError("covariance matrix is not positive definite even with jitter")


def triangular_inverse(L: Array) -> Array:
    """Inverse of lower triangular ``L``, shape ``(..., n, n)``."""
    n = L.shape[-1]
    if n < _TINY:
        return np.linalg.inv(L) if n else L
    flat = L.reshape(-1, n, n)
    inverse = np.empty_like(flat)
    for i, matrix in enumerate(flat):
        # Transposed, a row-major matrix is LAPACK's own order, and its zeros stay where they are.
        inverse[i] = lapack.dtrtri(matrix.T, lower=0)[0].T
    return inverse.reshape(L.shape)


def log_determinant(L: Array) -> Array:
    """``log det K`` from its factor, shape ``(...)``."""
    diagonal = np.einsum("...ii->...i", L).copy()  # a view's `log` may round another way
    return np.asarray(2.0 * np.log(diagonal).sum(axis=-1))


def product(A: Array, B: Array) -> Array:
    """``A @ B``, shapes ``(P or 1, q, D)`` and ``(P, D, F)``.

    Of one-hot features of hundreds of choices nearly all are zero, the same for all ``P``; only
    the others are multiplied.
    """
    if A.shape[-1] < _WIDE or not A.size or not len(B):
        return np.asarray(A @ B)
    is_used = (A != 0.0).any(axis=0)
    if is_used.mean() > _SPARSE:
        return np.asarray(A @ B)
    rows, columns = np.nonzero(is_used)
    starts = np.searchsorted(rows, np.arange(len(is_used) + 1))
    return np.stack(
        [
            csr_array((a[is_used], columns, starts), shape=a.shape) @ b
            for a, b in zip(np.broadcast_to(A, (len(B), *A.shape[1:])), B, strict=True)
        ]
    )
