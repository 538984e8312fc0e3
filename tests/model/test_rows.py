"""Rows carry a study's trials on a model's features."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

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
    y[3] = -1e9  # diverged
    noise_var = np.arange(9.0)
    rows = Rows.of(fm, X, y, noise_var)
    np.testing.assert_array_equal(rows.features, fm.transform(X))
    np.testing.assert_array_equal(rows.y, winsorise(y))
    assert rows.y[3] > -1e6
    np.testing.assert_array_equal(rows.shiftable, [0, 1, 5])
    assert rows.noise_var is noise_var
    assert rows.n_measured == 1
    assert Rows.of(fm, X, y).n_measured == 9
    assert rows.n_axes == 4


def test_no_axes() -> None:
    X = np.empty((2, 0))
    assert Rows.of(feature_map(continuous(0), X), X, np.zeros(2)).n_axes == 0


def many_rows(n: int) -> Rows:
    X = mixed_points(n, np.random.default_rng(0))
    y = np.random.default_rng(1).standard_normal(n)
    return Rows.of(feature_map(mixed_space(), X), X, y, np.arange(float(n)))


def test_few_rows_represent_themselves() -> None:
    rows = many_rows(9)
    assert rows.representative(9) is rows


def test_representatives_are_distinct_rows_with_the_best() -> None:
    rows = many_rows(50)
    chosen = rows.representative(20)
    assert chosen.noise_var is not None
    index = chosen.noise_var.astype(int)
    assert len(index) == len(np.unique(index)) == 20
    np.testing.assert_array_equal(chosen.y, rows.y[index])
    np.testing.assert_array_equal(chosen.features, rows.features[index])
    assert set(np.argsort(-rows.y)[:5]) <= set(index)


def test_representatives_are_spread() -> None:
    rows = many_rows(200)
    gap = [
        cdist(rows.features, some.features).min(axis=1).max()
        for some in (rows.representative(40), many_rows(40))
    ]
    assert gap[0] < 0.8 * gap[1]


def test_representatives_of_repeated_rows_are_distinct() -> None:
    X = np.tile([[0.2], [0.8]], (15, 1))
    rows = Rows.of(feature_map(continuous(1), X), X, -np.arange(30.0), np.arange(30.0))
    noise_var = rows.representative(12).noise_var
    assert noise_var is not None
    assert len(np.unique(noise_var)) == 12
