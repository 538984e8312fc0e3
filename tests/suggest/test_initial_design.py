"""What a cold start tries first: legal, distinct, and where the names say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from optuna_scaleup.suggest.initial_design import DESIGNS
from optuna_scaleup.suggest.initial_design import centre
from optuna_scaleup.suggest.initial_design import contrast_point
from optuna_scaleup.suggest.initial_design import design_point
from optuna_scaleup.suggest.initial_design import from_unit_cube
from optuna_scaleup.suggest.initial_design import n_design_points
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import UnitSpace
from tests.fakes import categorical
from tests.fakes import continuous
from tests.fakes import mixed_space
from tests.fakes import ordered


def points(design: str, n: int, space: UnitSpace) -> Array:
    """The first ``n`` points as one study sees them: random numbers differ, the seed does not."""
    drawn = [
        design_point(design, i, space, np.random.default_rng([3, i]), seed=4) for i in range(n)
    ]
    return space.snap(np.array(drawn))


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("space", [continuous(3), mixed_space(), UnitSpace((categorical(2),))])
def test_points_are_legal(design: str, space: UnitSpace) -> None:
    X = points(design, 9, space)
    assert X.shape == (9, space.n_dims)
    for j, axis in enumerate(space.axes):
        if axis.grid is None:
            assert ((X[:, j] >= 0.0) & (X[:, j] <= 1.0)).all()
        else:
            assert np.isin(X[:, j], axis.grid).all()


@pytest.mark.parametrize("design", ["auto", "sobol", "random"])
def test_points_are_distinct(design: str) -> None:
    assert len(np.unique(points(design, 40, continuous(2)), axis=0)) == 40


@pytest.mark.parametrize("n_dims", [1, 2, 5])
def test_corners_are_all_corners_and_neighbours_differ_in_one_axis(n_dims: int) -> None:
    X = points("corners", 2**n_dims, continuous(n_dims))
    assert {tuple(x) for x in X} == set(itertools.product([0.0, 1.0], repeat=n_dims))
    np.testing.assert_array_equal(np.abs(np.diff(X, axis=0)).sum(axis=1), 1.0)


def test_corners_of_discrete_axes_are_their_extremes() -> None:
    space = UnitSpace((ordered(5), categorical(4), Axis()))
    X = points("corners", 8, space)
    assert len(np.unique(X, axis=0)) == 8
    for j, ends in enumerate([(0.1, 0.9), (0.0, 3.0), (0.0, 1.0)]):
        np.testing.assert_allclose(np.unique(X[:, j]), ends)


def test_corners_of_many_axes() -> None:
    X = points("corners", 5, continuous(50))
    assert set(np.unique(X)) == {0.0, 1.0}
    assert len(np.unique(X, axis=0)) == 5


@pytest.mark.parametrize(("design", "first"), [("sobol", 0), ("auto", 1)])
def test_space_filling_points_are_one_sequence(design: str, first: int) -> None:
    """However many are asked for, each 1/16th of an axis gets one of 16 points."""
    X = points(design, 16, continuous(3))[first:]
    shares = (X * 16).astype(int)
    assert all(len(set(column)) == 16 - first for column in shares.T)


def test_auto_starts_in_the_centre() -> None:
    np.testing.assert_array_equal(points("auto", 1, continuous(4))[0], np.full(4, 0.5))


def test_centre_draws_a_choice() -> None:
    space = UnitSpace((Axis(), categorical(3)))
    drawn = np.array([centre(space, np.random.default_rng(seed)) for seed in range(30)])
    np.testing.assert_array_equal(drawn[:, 0], 0.5)
    assert set(drawn[:, 1]) == {0.0, 1.0, 2.0}


def test_contrast_is_the_centre_with_the_favourites_choices() -> None:
    space = UnitSpace((Axis(), categorical(5), categorical(5), Axis()))
    favourite = np.array([0.9, 3.0, np.nan, np.nan])
    drawn = [contrast_point(space, favourite, np.random.default_rng(i)) for i in range(30)]
    assert {tuple(x[[0, 1, 3]]) for x in drawn} == {(0.5, 3.0, 0.5)}
    assert {x[2] for x in drawn} == {0.0, 1.0, 2.0, 3.0, 4.0}


def test_every_value_of_a_grid_has_its_share_of_the_cube() -> None:
    unit = (np.arange(12)[:, None] + 0.5) / 12
    for axis in (ordered(4), categorical(4)):
        values, counts = np.unique(
            from_unit_cube(unit, UnitSpace((axis,)))[:, 0], return_counts=True
        )
        np.testing.assert_array_equal(values, axis.grid)
        np.testing.assert_array_equal(counts, 3)
    edges = from_unit_cube(np.array([[0.0], [1.0]]), UnitSpace((ordered(4),)))[:, 0]
    np.testing.assert_array_equal(edges, [0.125, 0.875])


def test_integers_on_a_logarithmic_scale_have_its_shares() -> None:
    """Half of the points lie in the lower half, where a few of the many values are."""
    grid = np.log(np.arange(1, 1025)) / np.log(1024)
    unit = (np.arange(1000)[:, None] + 0.5) / 1000
    X = from_unit_cube(unit, UnitSpace((Axis(grid),)))
    assert np.isin(X, grid).all()
    np.testing.assert_allclose(np.quantile(X, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.03)


def test_from_unit_cube_leaves_its_argument() -> None:
    unit = np.full((2, 4), 0.3)
    from_unit_cube(unit, mixed_space())
    np.testing.assert_array_equal(unit, 0.3)


@pytest.mark.parametrize("design", DESIGNS)
def test_number_of_points(design: str) -> None:
    assert n_design_points(design, continuous(3), 7) == 7
    assert n_design_points(design, continuous(3), 0) >= 1


def test_all_corners_are_asked_for_where_they_can_be_counted() -> None:
    assert n_design_points("corners", continuous(3), 0) == 8
    assert n_design_points("corners", continuous(50), 0) < 10**7


@pytest.mark.parametrize(("n_dims", "n_points"), [(2, 4), (5, 6), (30, 10)])
def test_three_objectives_need_a_look_between_the_corners(n_dims: int, n_points: int) -> None:
    assert [n_design_points("auto", continuous(n_dims), 0, m) for m in (1, 2)] == [1, 1]
    assert n_design_points("auto", continuous(n_dims), 0, 3) == n_points
    assert n_design_points("auto", continuous(n_dims), 2, 3) == 2
