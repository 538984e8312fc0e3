"""Fronts and boxes against counting and against the hypervolume of Optuna."""

from __future__ import annotations

import numpy as np
import pytest
from optuna._hypervolume import compute_hypervolume

from optuna_scaleup.suggest.boxes import improvement_boxes
from optuna_scaleup.suggest.boxes import is_nondominated
from optuna_scaleup.suggest.boxes import most_different_first
from optuna_scaleup.types import Array


each_m = pytest.mark.parametrize("m", [1, 2, 3, 4])
each_kind = pytest.mark.parametrize("kind", ["any", "ties", "front"])


def points(kind: str, n: int, m: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    if kind == "ties":
        return rng.integers(0, 4, (n, m)).astype(float)
    Y = rng.random((n, m))
    return Y if kind == "any" else Y / np.linalg.norm(Y, axis=1, keepdims=True)


def is_dominated(z: Array, Y: Array) -> bool:
    return any(bool((y >= z).all()) for y in Y)


@each_kind
@each_m
def test_nondominated_rows(kind: str, m: int) -> None:
    Y = points(kind, 25, m, seed=m)
    ours = is_nondominated(Y)
    for i, y in enumerate(Y):
        beaten = any((o >= y).all() and (o > y).any() for o in Y)
        repeated = any((o == y).all() for o in Y[:i])
        assert ours[i] == (not beaten and not repeated)


@each_kind
@each_m
def test_boxes_cover_what_improves_once(kind: str, m: int) -> None:
    Y, reference = points(kind, 12, m, seed=m), np.full(m, 0.1)
    lower, upper = improvement_boxes(Y, reference)
    for z in np.random.default_rng(0).uniform(-0.2, 4.5 if kind == "ties" else 1.3, (500, m)):
        n_inside = ((lower < z) & (z <= upper)).all(axis=1).sum()
        assert n_inside == ((z > reference).all() and not is_dominated(z, Y))


@each_kind
@pytest.mark.parametrize("m", [2, 3, 4])
def test_volume_up_to_an_ideal_point_is_what_the_front_leaves(kind: str, m: int) -> None:
    Y, reference, ideal = points(kind, 15, m, seed=9 + m), np.full(m, -0.5), 5.0
    lower, upper = improvement_boxes(Y, reference)
    ours = (np.minimum(upper, ideal) - lower).prod(axis=1).sum()
    total = float((ideal - reference).prod())
    np.testing.assert_allclose(ours, total - compute_hypervolume(-Y, -reference), rtol=1e-10)


def test_number_of_boxes_is_linear_for_three_objectives() -> None:
    Y = points("front", 40, 3, seed=0)
    assert len(improvement_boxes(Y, np.zeros(3))[0]) == 81


def test_no_front_is_one_box() -> None:
    lower, upper = improvement_boxes(np.empty((0, 3)), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(lower, [[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(upper, np.full((1, 3), np.inf))


def test_points_below_the_reference_do_not_count() -> None:
    Y = np.array([[0.5, 0.5], [5.0, -1.0]])
    boxes = improvement_boxes(Y, np.zeros(2))
    for ours, alone in zip(boxes, improvement_boxes(Y[:1], np.zeros(2)), strict=True):
        np.testing.assert_array_equal(ours, alone)


def test_a_large_front_of_many_objectives_is_thinned() -> None:
    """The boxes stay few and disjoint, and cover all that improves on the whole front."""
    Y = points("front", 60, 6, seed=0)
    lower, upper = improvement_boxes(Y, np.zeros(6))
    assert 500 < len(lower) <= 2000
    for z in np.random.default_rng(1).random((300, 6)):
        n_inside = ((lower < z) & (z <= upper)).all(axis=1).sum()
        assert n_inside <= 1
        assert n_inside == 1 or is_dominated(z, Y)


def test_most_different_first() -> None:
    Y = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [0.52, 0.48]])
    assert most_different_first(Y)[:3] == [2, 0, 1]
    assert sorted(most_different_first(np.ones((5, 2)))) == [0, 1, 2, 3, 4]
    assert most_different_first(np.empty((0, 2))) == []
