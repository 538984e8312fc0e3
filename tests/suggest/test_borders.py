"""Suggestions leave the borders where that costs little, and nothing else about them changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from optuna_scaleup.suggest.activity import ALL_ACTIVE
from optuna_scaleup.suggest.activity import Activity
from optuna_scaleup.suggest.activity import Rule
from optuna_scaleup.suggest.borders import off_borders
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import UnitSpace
from tests.fakes import FunctionAcquisition
from tests.fakes import categorical
from tests.fakes import continuous
from tests.fakes import ordered
from tests.suggest.problems import assert_legal
from tests.suggest.problems import suggest


def linear(slopes: Array) -> FunctionAcquisition:
    """An acquisition function that rises along every axis by its slope."""
    return FunctionAcquisition(lambda X: np.nan_to_num(X) @ slopes, lambda x: slopes)


def moved(
    slopes: list[float],
    x: list[float],
    space: UnitSpace | None = None,
    tried: Array | None = None,
    fixed: Mapping[int, float] | None = None,
    activity: Activity = ALL_ACTIVE,
) -> Array:
    space = continuous(len(x)) if space is None else space
    tried = np.empty((0, len(x))) if tried is None else tried
    rng = np.random.default_rng(0)
    acquisition = linear(np.array(slopes))
    return off_borders(acquisition, space, np.array(x), tried, fixed or {}, activity, rng)


def test_a_flat_acquisition_is_left_far_behind() -> None:
    np.testing.assert_allclose(moved([0.0, 0.0, 0.0], [0.0, 1.0, 0.6]), [0.3, 0.7, 0.6])


@pytest.mark.parametrize(
    ("slope", "inside"), [(-0.1, 0.3), (-0.99, 0.1), (-2.1, 0.03), (-20.0, 0.0), (5.0, 0.3)]
)
def test_as_far_as_a_tenth_of_a_nat_goes(slope: float, inside: float) -> None:
    np.testing.assert_allclose(moved([slope], [0.0]), [inside])
    np.testing.assert_allclose(moved([-slope], [1.0]), [1.0 - inside])


@given(
    st.lists(
        st.tuples(st.floats(-30.0, 30.0), st.sampled_from([0.0, 1.0, 0.5, 0.9, np.nan])),
        min_size=1,
        max_size=6,
    )
)
@example([(1.6, 1.0)] * 4)
def test_never_loses_more_than_that(axes: list[tuple[float, float]]) -> None:
    slopes, x = [slope for slope, _ in axes], [u for _, u in axes]
    y = moved(slopes, x)
    value = linear(np.array(slopes)).value
    assert value(y[None])[0] >= value(np.array([x]))[0] - 0.1 - 1e-9
    is_inside = ~np.isin(x, [0.0, 1.0])
    np.testing.assert_array_equal(y[is_inside], np.array(x)[is_inside])
    assert np.nanmin(np.append(y, 0.0)) >= 0.0
    assert np.nanmax(np.append(y, 1.0)) <= 1.0


def test_grids_choices_and_what_is_decided() -> None:
    """Many values are like a range, few are not; a choice and a fixed axis have no border."""
    space = UnitSpace((ordered(100), ordered(5), categorical(12), Axis(), Axis()))
    x = [0.005, 0.1, 0.0, 1.0, 1.0]
    y = moved([0.0] * 5, x, space, fixed={3: 1.0})
    np.testing.assert_allclose(y, [0.295, 0.1, 0.0, 1.0, 0.7], atol=0.011)
    assert_legal(y, space)


def test_an_axis_that_decides_about_others_stays() -> None:
    rule = Rule(1, 0, np.array([0.0, 1.0]), np.array([False, True]), is_categorical=False)
    y = moved([0.0, 0.0], [0.0, np.nan], activity=Activity((rule,)))
    np.testing.assert_array_equal(y, [0.0, np.nan])


def test_what_was_tried_is_passed_over() -> None:
    np.testing.assert_allclose(moved([0.0], [0.0], tried=np.array([[0.3], [0.2]])), [0.14])


class Slope(FunctionAcquisition):
    """Hardly better at the right border."""

    label = "slope"

    def __init__(self, *, is_log: bool) -> None:
        super().__init__(lambda X: 0.01 * X[:, 0], lambda x: np.array([0.01]))
        self.is_log = is_log


@pytest.mark.parametrize(
    ("n_trials", "n_objectives", "is_log", "expected"),
    [(10, 1, True, 0.7), (9, 1, True, 1.0), (10, 2, True, 1.0), (10, 1, False, 1.0)],
)
def test_only_a_later_search_for_one_best_value_leaves_them(
    n_trials: int, n_objectives: int, is_log: bool, expected: float
) -> None:
    """A front may end there, and a tenth of what is no logarithm may be much."""
    X, rng = np.linspace(0.1, 0.9, n_trials)[:, None], np.random.default_rng(0)
    problem = Problem(continuous(1), Dataset(X, -X))
    survey = Engine().survey(problem, rng)
    models = replace(survey.models, objectives=[*survey.models.objectives] * n_objectives)
    survey = replace(survey, models=models, acquisition=Slope(is_log=is_log))
    assert Engine().best_of(problem, survey, rng).x == pytest.approx([expected])


@pytest.mark.parametrize("seed", range(3))
def test_a_search_leaves_the_borders_after_ten_trials(seed: int) -> None:
    """Only the first of three axes matters, and its optimum is not at a border."""
    X, n_at_border = np.full((1, 3), 0.5), []
    for i in range(13):
        problem = Problem(continuous(3), Dataset(X, -np.abs(X[:, :1] - 0.2)))
        x = suggest(problem, Engine(), 20 * seed + i)
        n_at_border.append(int(np.isin(x, [0.0, 1.0]).sum()))
        X = np.concatenate([X, x[None]])
    assert sum(n_at_border[:9]) > 0
    assert sum(n_at_border[9:]) <= 1
