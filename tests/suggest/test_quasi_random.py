"""Quasi-random points fill the open cube."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from optuna_scaleup.suggest.quasi_random import sobol


@pytest.mark.parametrize("n_dims", [1, 7, 50])
def test_points_fill_the_open_cube(n_dims: int) -> None:
    points = sobol(128, n_dims, np.random.default_rng(0))
    assert points.shape == (128, n_dims)
    assert (points > 0.0).all()
    assert (points < 1.0).all()
    # Every 1/128th of every axis holds one point.
    counts = np.sort((points * 128).astype(int), axis=0)
    np.testing.assert_array_equal(counts, np.repeat(np.arange(128)[:, None], n_dims, axis=1))


def test_any_number_is_the_start_of_a_power_of_two() -> None:
    few, many = (sobol(n, 3, np.random.default_rng(0)) for n in (160, 256))
    np.testing.assert_array_equal(few, many[:160])
    assert sobol(1, 3, np.random.default_rng(0)).shape == (1, 3)


def test_more_even_than_random_points() -> None:
    rng = np.random.default_rng(1)
    assert qmc.discrepancy(sobol(64, 3, rng)) < 0.5 * qmc.discrepancy(rng.random((64, 3)))


def test_same_seed_same_points() -> None:
    a, b, c = (sobol(16, 3, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert (a != c).all()


def test_more_dimensions_than_sobol_knows() -> None:
    n_dims = qmc.Sobol.MAXDIM + 1
    points = sobol(2, n_dims, np.random.default_rng(0))
    assert points.shape == (2, n_dims)
    assert ((points > 0.0) & (points < 1.0)).all()


def test_no_dimension() -> None:
    assert sobol(4, 0, np.random.default_rng(0)).shape == (4, 0)
