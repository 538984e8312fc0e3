"""The outcome warp is smooth, monotone and invertible; its scale survives odd values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from optuna_scaleup.model import warp


GRID = np.concatenate([-np.logspace(-8, 8, 60)[::-1], [0.0], np.logspace(-8, 2, 40)])

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12).map(np.array)


def test_good_half_is_left_alone() -> None:
    good = GRID[GRID >= 0.0]
    np.testing.assert_array_equal(warp.warp(good), good)
    np.testing.assert_array_equal(warp.log_slope(good), 0.0)
    np.testing.assert_array_equal(warp.log_slope_derivative(good), 0.0)


def test_bad_tail_is_logarithmic() -> None:
    np.testing.assert_allclose(warp.warp(1.0 - np.exp([1.0, 5.0, 20.0])), [-1.0, -5.0, -20.0])


def test_monotone_and_inverted() -> None:
    z = warp.warp(GRID)
    assert (np.diff(z) > 0.0).all()
    np.testing.assert_allclose(warp.unwarp(z), GRID, rtol=1e-9, atol=1e-15)


def test_slopes_agree_with_finite_differences() -> None:
    v = np.array([-1e4, -30.0, -1.0, -0.01, 0.02, 1.0])
    step = 1e-6 * np.maximum(np.abs(v), 0.1)
    slope = (warp.warp(v + step) - warp.warp(v - step)) / (2.0 * step)
    np.testing.assert_allclose(np.exp(warp.log_slope(v)), slope, rtol=1e-7)
    curvature = (warp.log_slope(v + step) - warp.log_slope(v - step)) / (2.0 * step)
    np.testing.assert_allclose(warp.log_slope_derivative(v), curvature, rtol=1e-7, atol=1e-12)


def test_slope_is_continuous_at_the_median() -> None:
    around = np.array([-1e-12, 0.0, 1e-12])
    np.testing.assert_allclose(warp.warp(around), around, atol=1e-20)
    np.testing.assert_allclose(warp.log_slope(around), 0.0, atol=1e-11)


def test_linear_is_the_identity() -> None:
    linear, tailed = warp.OutcomeWarp(is_linear=True), warp.OutcomeWarp()
    for function in (linear.value, linear.inverse):
        np.testing.assert_array_equal(function(GRID), GRID)
    for function in (linear.log_slope, linear.log_slope_derivative):
        np.testing.assert_array_equal(function(GRID), 0.0)
    np.testing.assert_array_equal(tailed.value(GRID), warp.warp(GRID))
    np.testing.assert_array_equal(tailed.inverse(warp.warp(GRID)), warp.unwarp(warp.warp(GRID)))


def test_robust_scale_is_median_to_best() -> None:
    assert warp.robust_scale(np.array([-1e9, 0.0, 1.0, 3.0, 4.0])) == 3.0


def test_robust_scale_falls_back_to_the_range_then_to_one() -> None:
    assert warp.robust_scale(np.array([-7.0, 1.0, 1.0, 1.0])) == 8.0
    assert warp.robust_scale(np.array([2.0, 2.0, 2.0])) == 1.0
    assert warp.robust_scale(np.array([-3.0])) == 1.0
    assert warp.robust_scale(np.zeros(4)) == 1.0


def test_robust_scale_ignores_rounding() -> None:
    assert warp.robust_scale(np.array([0.1 + 0.2, 0.3, 0.3])) == 1.0


def test_robust_scale_does_not_depend_on_how_far_a_run_diverged() -> None:
    for worst in (-1e3, -1e14, -1e300):
        assert warp.robust_scale(np.array([worst, -3.0, -1.0, 1.0, -2.0])) == 3.0


@given(values, st.sampled_from([2.0**-20, 0.5, 4.0, 2.0**30]))
def test_robust_scale_is_positive_and_has_the_unit_of_the_values(
    y: np.ndarray, factor: float
) -> None:
    scale = warp.robust_scale(y)
    assert scale > 0.0
    if np.ptp(y) > 1e-9 * np.abs(y).max():
        assert warp.robust_scale(factor * y) == factor * scale


@given(values)
def test_winsorise_keeps_the_order_and_the_good_end(y: np.ndarray) -> None:
    clipped = warp.winsorise(y)
    assert clipped.shape == y.shape
    assert (clipped >= y).all()
    assert clipped.max() == y.max()
    assert (rankdata(clipped, "max") >= rankdata(y, "max")).all()
    assert (np.diff(clipped[np.argsort(y, kind="stable")]) >= 0.0).all()
    better_half = y >= np.median(y)
    np.testing.assert_array_equal(clipped[better_half], y[better_half])


@pytest.mark.parametrize("penalty", [-10.0, -1e6, -1e300])
def test_a_penalty_is_lifted_whatever_its_size(penalty: float) -> None:
    y = np.array([penalty, 0.0, 1.0, penalty, 2.0, penalty, 3.0, 4.0, penalty, penalty])
    np.testing.assert_array_equal(warp.lift_penalty(y), np.maximum(y, -2.0))


@pytest.mark.parametrize(
    "y",
    [
        [0.5, 1.0, 0.5, 2.0, 0.5, 4.0, 1.5, 1.0],  # near enough
        [-10.0, -10.0, -10.0, 1.0, 2.0, 3.0, 4.0],  # too few others
        [-10.0, -10.0, 1.0, 2.0, 3.0, 4.0, 5.0],  # two of a kind may be chance
        [3.0, 3.0, 3.0, 3.0],
        [],
    ],
)
def test_what_is_no_penalty_stays(y: list[float]) -> None:
    np.testing.assert_array_equal(warp.lift_penalty(np.array(y)), y)


def test_winsorise_tames_a_diverged_run() -> None:
    y = np.array([-1e12, 1.0, 2.0, 3.0])
    clipped = warp.winsorise(y)
    assert -1e6 < clipped[0] < 1.0
    assert y[0] == -1e12


@pytest.mark.parametrize("y", [np.array([-1e30]), np.array([-1e30, 1.0])])
def test_winsorise_leaves_one_or_two_values(y: np.ndarray) -> None:
    np.testing.assert_array_equal(warp.winsorise(y), y)
