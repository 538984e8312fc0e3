"""The search for the best legal point against brute force on functions with known optima."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pytest

from optuna_scaleup.suggest.optimize import OptimizeResult
from optuna_scaleup.suggest.optimize import is_tried
from optuna_scaleup.suggest.optimize import maximize
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import UnitSpace
from tests.fakes import FunctionAcquisition
from tests.fakes import categorical
from tests.fakes import continuous
from tests.fakes import ordered


MIXED = UnitSpace((Axis(), ordered(200), categorical(4), Axis()))
CHOICE_VALUE = np.array([0.0, -0.3, 0.2, 0.1])


def bump(optimum: Array) -> FunctionAcquisition:
    """A smooth bump with its top at ``optimum``."""

    def f(X: Array) -> Array:
        return np.asarray(np.exp(-3.0 * ((X - optimum) ** 2).sum(axis=-1)))

    return FunctionAcquisition(f, lambda x: -6.0 * (x - optimum) * f(x[None])[0])


def mixed_values(X: Array) -> Array:
    """On :data:`MIXED`: the best choice is 2, the best ordered value depends on the choice."""
    k = X[:, 2].astype(int)
    numeric = (X[:, 0] - 0.81) ** 2 + (X[:, 1] - 0.2 - 0.2 * k) ** 2 + (X[:, 3] - 0.33) ** 2
    return np.asarray(CHOICE_VALUE[k] - numeric)


def mixed_gradient(x: Array) -> Array:
    return np.array(
        [-2.0 * (x[0] - 0.81), -2.0 * (x[1] - 0.2 - 0.2 * x[2]), 0.0, -2.0 * (x[3] - 0.33)]
    )


def search(
    acquisition: FunctionAcquisition,
    space: UnitSpace,
    tried: Array | None = None,
    fixed: Mapping[int, float] | None = None,
    seed: int = 0,
    n_polished: int = 1,
) -> OptimizeResult:
    nothing = np.empty((0, space.n_dims))
    tried = nothing if tried is None else tried
    rng = np.random.default_rng(seed)
    return maximize(acquisition, space, nothing, tried, fixed or {}, rng, n_polished=n_polished)


def all_points(space: UnitSpace) -> Array:
    grids = [axis.grid for axis in space.axes if axis.grid is not None]
    return np.array(list(itertools.product(*grids)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_dims", [1, 2, 5])
def test_continuous(n_dims: int, seed: int) -> None:
    optimum = np.random.default_rng(10 + seed).random(n_dims)
    found = search(bump(optimum), continuous(n_dims), seed=seed)
    np.testing.assert_allclose(found.x, optimum, atol=1e-3)
    assert found.is_new
    assert found.value == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("n_dims", [1, 3])
def test_optimum_on_the_border(n_dims: int) -> None:
    found = search(bump(np.full(n_dims, 1.3)), continuous(n_dims))
    np.testing.assert_allclose(found.x, 1.0, atol=1e-9)


@pytest.mark.parametrize(
    "space",
    [
        UnitSpace((ordered(17), ordered(11))),
        UnitSpace((categorical(5), categorical(3), categorical(4))),
        UnitSpace((ordered(9), categorical(6), ordered(2))),
        UnitSpace((ordered(60), ordered(60), ordered(2))),
    ],
    ids=["ordered", "categorical", "both", "large"],
)
@pytest.mark.parametrize("seed", range(3))
def test_discrete_against_enumeration(space: UnitSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, optimum = rng.uniform(0.5, 2.0, space.n_dims), rng.random(space.n_dims)
    favourite = rng.random((space.n_dims, 10))

    def f(X: Array) -> Array:
        value = -(weight * (X - optimum) ** 2)
        for j in np.flatnonzero(space.is_categorical):
            value[:, j] = favourite[j, X[:, j].astype(int)]
        return np.asarray(value.sum(axis=1))

    found = search(FunctionAcquisition(f, np.zeros_like), space, seed=seed)
    assert found.value == pytest.approx(f(all_points(space)).max(), abs=1e-12)
    assert found.value == pytest.approx(f(found.x[None])[0])


@pytest.mark.parametrize("seed", range(3))
def test_mixed(seed: int) -> None:
    found = search(FunctionAcquisition(mixed_values, mixed_gradient), MIXED, seed=seed)
    X = np.zeros((800, 4))
    X[:, 1:3] = all_points(UnitSpace(MIXED.axes[1:3]))
    X[:, [0, 3]] = [0.81, 0.33]
    assert found.value == pytest.approx(mixed_values(X).max(), abs=1e-3)
    assert found.x[2] == 2.0
    np.testing.assert_allclose(found.x[[0, 3]], [0.81, 0.33], atol=0.01)
    np.testing.assert_array_equal(MIXED.snap(found.x[None])[0], found.x)


def test_discrete_optimum_is_not_the_rounded_continuous_one() -> None:
    """On a ridge: at the continuous optimum's nearest grid point the other axis has moved."""
    space = UnitSpace((ordered(3), Axis()))
    assert space.axes[0].grid is not None
    top = 0.6

    def f(X: Array) -> Array:
        ridge = 50.0 * (X[:, 0] - X[:, 1]) ** 2
        return np.asarray(-ridge - 0.5 * (X[:, 0] - top) ** 2)

    def gradient(x: Array) -> Array:
        pull = 100.0 * (x[0] - x[1])
        return np.array([-pull - (x[0] - top), pull])

    found = search(FunctionAcquisition(f, gradient), space)
    np.testing.assert_allclose(found.x, [0.5, 0.5], atol=1e-3)
    rounded = space.snap(np.array([[top, top]]))
    assert found.value > f(rounded)[0] + 0.1


def test_tried_points_are_known_but_for_rounding() -> None:
    tried = np.array([[0.5, 0.1], [0.2, np.nan]])
    X = np.array([[0.5 - 1e-16, 0.1], [0.2, np.nan], [0.2, 0.1], [np.nan, np.nan], [0.5, 0.11]])
    np.testing.assert_array_equal(is_tried(X, tried), [True, True, False, False, False])
    np.testing.assert_array_equal(is_tried(X, np.empty((0, 2))), np.zeros(5, dtype=bool))


def test_narrow_peak_is_found_from_a_seed() -> None:
    optimum = np.full(4, 0.123)

    def f(X: Array) -> Array:
        return np.asarray(-np.sqrt(1e-6 + ((X - optimum) ** 2).sum(axis=-1)))

    acquisition = FunctionAcquisition(f, lambda x: (x - optimum) / f(x[None])[0])
    seeds = optimum[None] + 0.03
    nothing = np.empty((0, 4))
    found = maximize(acquisition, continuous(4), seeds, nothing, {}, np.random.default_rng(0))
    np.testing.assert_allclose(found.x, optimum, atol=2e-3)


def hills(seed: int) -> FunctionAcquisition:
    """Forty hills in six dimensions."""
    rng = np.random.default_rng(seed)
    tops, heights = rng.random((40, 6)), rng.random(40)

    def each(X: Array) -> Array:
        return np.asarray(heights * np.exp(-20.0 * ((X[..., None, :] - tops) ** 2).sum(axis=-1)))

    return FunctionAcquisition(
        lambda X: each(X).sum(axis=-1), lambda x: np.asarray(-40.0 * each(x) @ (x - tops))
    )


def test_more_starts_climb_a_higher_hill() -> None:
    def value(seed: int, n_polished: int) -> float:
        return search(hills(seed), continuous(6), seed=seed, n_polished=n_polished).value

    gains = [value(seed, 5) - value(seed, 1) for seed in range(12)]
    assert min(gains) >= 0.0  # the single start is among the five
    assert max(gains) > 0.05


@pytest.mark.parametrize("fixed", [{0: 0.25}, {1: 0.4025}, {2: 1.0}, {0: 0.9, 2: 3.0, 3: 0.1}])
def test_fixed_axes_are_honoured(fixed: dict[int, float]) -> None:
    acquisition = FunctionAcquisition(mixed_values, mixed_gradient)
    found = search(acquisition, MIXED, fixed=fixed)
    for j, u in fixed.items():
        assert found.x[j] == u
    free = search(acquisition, MIXED)
    assert found.value < free.value


def test_everything_fixed() -> None:
    fixed = {0: 0.25, 1: 0.4025, 2: 1.0, 3: 0.6}
    found = search(FunctionAcquisition(mixed_values, mixed_gradient), MIXED, fixed=fixed)
    np.testing.assert_array_equal(found.x, [0.25, 0.4025, 1.0, 0.6])


def test_fixed_value_outside_the_cube_or_grid_stays() -> None:
    """An enqueued value may lie outside the range that is asked for now."""
    found = search(bump(np.array([0.3, 0.3])), continuous(2), fixed={0: 1.7})
    assert found.x[0] == 1.7
    assert found.x[1] == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("sizes", [(7,), (5, 4), (40, 40)])
def test_tried_points_are_avoided_while_others_remain(sizes: tuple[int, ...]) -> None:
    """Up to the last point, below and above the size of space that is enumerated."""
    space = UnitSpace(tuple(ordered(n) for n in sizes))
    X = np.random.default_rng(0).permutation(all_points(space))
    acquisition = bump(np.full(len(sizes), 0.4))
    for n_left in (1, 3):
        found = search(acquisition, space, tried=X[n_left:])
        assert found.is_new
        left = X[:n_left]
        assert (found.x == left).all(axis=1).any()
        assert found.value == pytest.approx(acquisition.value(found.x[None])[0])


def test_best_untried_point_of_a_small_grid() -> None:
    space = UnitSpace((ordered(5), ordered(4)))
    X = np.random.default_rng(0).permutation(all_points(space))
    acquisition = bump(np.array([0.4, 0.4]))
    found = search(acquisition, space, tried=X[6:])
    assert found.value == acquisition.value(X[:6]).max()


def test_best_point_is_tried_in_a_mixed_space() -> None:
    acquisition = FunctionAcquisition(mixed_values, mixed_gradient)
    best = search(acquisition, MIXED)
    tried = np.array([best.x, [np.nan, 0.5, 1.0, 0.5]])
    again = search(acquisition, MIXED, tried=tried)
    assert again.is_new
    assert (again.x != best.x).any()
    assert again.value > best.value - 0.05


def test_all_points_are_tried() -> None:
    space = UnitSpace((ordered(4), categorical(3)))
    acquisition = bump(np.array([0.6, 1.0]))
    X = all_points(space)
    found = search(acquisition, space, tried=np.concatenate([X, X]))
    assert not found.is_new
    assert found.value == acquisition.value(X).max()


def test_large_grid_with_all_points_tried() -> None:
    space = UnitSpace((ordered(40), ordered(40)))
    found = search(bump(np.array([0.6, 0.2])), space, tried=all_points(space))
    assert not found.is_new
    np.testing.assert_array_equal(space.snap(found.x[None])[0], found.x)


@pytest.mark.parametrize("space", [continuous(1), UnitSpace((ordered(11),))])
def test_values_that_are_not_numbers_never_win(space: UnitSpace) -> None:
    def f(X: Array) -> Array:
        return np.where(X[:, 0] > 0.5, np.nan, X[:, 0])

    found = search(FunctionAcquisition(f, np.ones_like), space)
    assert found.x[0] <= 0.5
    assert np.isfinite(found.value)


def test_single_valued_axes() -> None:
    space = UnitSpace((ordered(1), categorical(1), Axis()))
    found = search(bump(np.array([0.5, 0.0, 0.7])), space)
    np.testing.assert_allclose(found.x, [0.5, 0.0, 0.7], atol=1e-3)


def test_same_generator_same_point() -> None:
    acquisition = FunctionAcquisition(mixed_values, mixed_gradient)
    a, b = (search(acquisition, MIXED, seed=7) for _ in range(2))
    np.testing.assert_array_equal(a.x, b.x)
    assert a.value == b.value


def test_fifty_dimensions() -> None:
    optimum = np.random.default_rng(1).random(50)
    acquisition = FunctionAcquisition(
        lambda X: -((X - optimum) ** 2).sum(axis=-1), lambda x: -2.0 * (x - optimum)
    )
    found = search(acquisition, continuous(50))
    np.testing.assert_allclose(found.x, optimum, atol=1e-3)
