"""Rows carry a study's trials on a model's features."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.warp import winsorise
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.fakes import mixed_points
from tests.fakes import mixed_space


def test_rows_of_a_mixed_space() -> None:
    X = mixed_points(9, np.random.default_rng(0))
    fm = feature_map(mixed_space(), X)
    y = np.random.default_rng(1).standard_cauchy(9)
    noise_var = np.arange(9.0)
    rows = Rows.of(fm, X, y, noise_var)
    np.testing.assert_array_equal(rows.features, fm.transform(X))
    np.testing.assert_array_equal(rows.y, winsorise(y))
    np.testing.assert_array_equal(rows.shiftable, [0, 1, 5])
    assert rows.noise_var is noise_var
    assert rows.n_axes == 4


def test_no_axes() -> None:
    X = np.empty((2, 0))
    assert Rows.of(feature_map(continuous(0), X), X, np.zeros(2)).n_axes == 0
