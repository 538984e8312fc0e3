"""Data of the trainings: shuffled once, a third of the rows (at most 1,000) for validation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.datasets import load_diabetes
from sklearn.datasets import load_digits
from sklearn.datasets import make_friedman1

from benchmarks.tasks.task import Array


_MAX_VALIDATION_ROWS = 1000


@dataclass(frozen=True)
class Split:
    """Rows to train on and rows to judge by.

    Attributes:
        X: Features, shape ``(n, n_features)``.
        y: Classes or standardised values, shape ``(n,)``.
        X_val: Features of the rows to judge by.
        y_val: Their classes or values.
    """

    X: Array
    y: Array
    X_val: Array
    y_val: Array


@lru_cache(maxsize=4)
def load_split(name: str) -> Split:
    """``digits``, ``cancer`` (classes), ``diabetes``, ``friedman`` (values)."""
    X, y = _load(name)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]
    n_val = min(len(X) // 3, _MAX_VALIDATION_ROWS)
    X = X / 16.0 if name == "digits" else _standardised(X, X[n_val:])
    if name in ("diabetes", "friedman"):
        y = _standardised(y, y[n_val:])
    return Split(X[n_val:], y[n_val:], X[:n_val], y[:n_val])


def _load(name: str) -> tuple[Array, Array]:
    if name == "friedman":
        X, y = make_friedman1(3000, n_features=10, noise=1.0, random_state=0)
        return X, y
    loaders = {"digits": load_digits, "cancer": load_breast_cancer, "diabetes": load_diabetes}
    X, y = loaders[name](return_X_y=True)
    return X, y


def _standardised(values: Array, reference: Array) -> Array:
    return np.asarray((values - reference.mean(axis=0)) / reference.std(axis=0))
