"""Values that cross a border: snapping to legal points."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optuna_scaleup.types import Axis
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import UnitSpace
from tests.fakes import categorical
from tests.fakes import mixed_points
from tests.fakes import mixed_space
from tests.fakes import ordered


@given(st.integers(1, 9), st.lists(st.floats(-1.0, 2.0), max_size=5))
def test_snap_finds_the_nearest_value(n_values: int, coordinates: list[float]) -> None:
    axis = ordered(n_values)
    assert axis.grid is not None
    for u, snapped in zip(coordinates, axis.snap(np.array(coordinates)), strict=True):
        assert snapped in axis.grid
        assert np.abs(snapped - u) == np.abs(axis.grid - u).min()


def test_snap_clips_a_continuous_axis_and_keeps_nan() -> None:
    np.testing.assert_array_equal(Axis().snap(np.array([-1.0, 0.3, 7.0])), [0.0, 0.3, 1.0])
    for axis in (Axis(), ordered(3), categorical(2)):
        assert np.isnan(axis.snap(np.array([np.nan])))


@given(st.integers(0, 9), st.floats(-1.5, 1.5))
def test_a_move_is_to_the_nearest_value_or_the_next(index: int, step: float) -> None:
    """Also where the values of a grid lie far apart, as small integers do on a log scale."""
    axis = Axis(np.log(np.arange(1.5, 11.0)) / np.log(11.0))
    assert axis.grid is not None
    u = axis.grid[[index]]
    (moved,) = axis.moved(u, np.array([step]))
    nearest = axis.snap(u + step)[0]
    if nearest != u[0] or step == 0.0:
        assert moved == nearest
    else:
        assert moved == axis.grid[np.clip(index + (1 if step > 0 else -1), 0, 9)]


def test_legal_points_stay() -> None:
    X = mixed_points(20, np.random.default_rng(0))
    np.testing.assert_array_equal(mixed_space().snap(X), X)


def test_legal_keeps_what_is_decided() -> None:
    space = UnitSpace((ordered(2), Axis(), Axis()))
    X = np.array([[0.1, 0.2, 1.5], [0.9, 0.4, 0.6]])
    legal = space.legal(X, {1: 0.7})
    np.testing.assert_array_equal(legal[:, 1:], [[0.7, 1.0], [0.7, 0.6]])
    np.testing.assert_array_equal(legal[:, 0], space.snap(X)[:, 0])
    assert X[0, 1] == 0.2


def test_space_without_axes() -> None:
    space = UnitSpace(())
    assert space.n_dims == 0
    assert space.snap(np.empty((2, 0))).shape == (2, 0)


def test_categorical_mask_and_number_of_trials() -> None:
    np.testing.assert_array_equal(mixed_space().is_categorical, [False, False, True, False])
    assert Dataset(np.zeros((3, 1)), np.zeros((3, 1))).n_trials == 3
