"""Distances between features are the distances that the kernel should see."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist

from optuna_scaleup.model.features import FeatureMap
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import UnitSpace
from tests.fakes import categorical
from tests.fakes import continuous
from tests.fakes import mixed_points
from tests.fakes import mixed_space
from tests.fakes import ordered


def distance(space: UnitSpace, a: list[float], b: list[float]) -> float:
    X = np.array([a, b], dtype=float)
    fm = FeatureMap.of(space, np.isnan(X).any(axis=0))
    return float(pdist(fm.transform(X))[0])


def test_numeric_axis_keeps_its_coordinate() -> None:
    space = UnitSpace((Axis(), ordered(4)))
    X = np.random.default_rng(0).random((5, 2))
    fm = FeatureMap.of(space, np.zeros(2, dtype=bool))
    np.testing.assert_array_equal(fm.transform(X), X)
    assert fm.is_shiftable.all()


def test_coordinates_outside_the_cube_stay() -> None:
    fm = FeatureMap.of(continuous(1), np.array([False]))
    np.testing.assert_array_equal(fm.transform(np.array([[-0.5], [1.5]])), [[-0.5], [1.5]])


def test_choices_are_at_hamming_distance() -> None:
    space = UnitSpace((categorical(4),))
    for a in range(4):
        for b in range(4):
            np.testing.assert_allclose(distance(space, [a], [b]), float(a != b), atol=1e-15)


def test_categories_do_not_shift() -> None:
    fm = FeatureMap.of(mixed_space(), np.array([False, False, False, True]))
    np.testing.assert_array_equal(fm.axis, [0, 1, 2, 2, 2, 3, 3])
    np.testing.assert_array_equal(fm.is_shiftable, [1, 1, 0, 0, 0, 1, 0])
    assert fm.n_axes == 4


def test_inactive_rows_agree_with_each_other_and_differ_from_active_ones() -> None:
    space = continuous(2)
    nan = float("nan")
    assert distance(space, [0.3, nan], [0.3, nan]) == 0.0
    gaps = [distance(space, [0.3, nan], [0.3, u]) for u in (0.0, 0.5, 1.0)]
    assert min(gaps) > 0.0
    assert gaps[0] == gaps[2] >= gaps[1]


def test_inactive_category_differs_from_every_choice() -> None:
    space = UnitSpace((categorical(3),))
    gaps = [distance(space, [float("nan")], [k]) for k in range(3)]
    assert gaps[0] == gaps[1] == gaps[2] > 0.0


def test_always_active_axis_has_no_activity_column() -> None:
    assert not FeatureMap.of(continuous(3), np.zeros(3, dtype=bool)).is_activity.any()


def test_features_are_finite_and_keep_leading_dimensions() -> None:
    X = mixed_points(12, np.random.default_rng(1))
    fm = FeatureMap.of(mixed_space(), np.isnan(X).any(axis=0))
    features = fm.transform(X)
    assert np.isfinite(features).all()
    stacked: Array = fm.transform(X.reshape(3, 4, 4))
    np.testing.assert_array_equal(stacked.reshape(12, -1), features)


def test_empty_space() -> None:
    fm = FeatureMap.of(UnitSpace(()), np.zeros(0, dtype=bool))
    assert fm.transform(np.empty((3, 0))).shape == (3, 0)
