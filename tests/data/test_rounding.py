"""Rounding of what is stored as text."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from optuna_scaleup.data.rounding import rounded


def test_six_digits_where_they_do() -> None:
    assert rounded([0.0, 1.23456789, 1234.56789]) == [0.0, 1.23457, 1234.57]
    assert rounded([1.23456789e-5, 0.1]) == [1.23457e-5, 0.1]  # a logarithmic axis


def test_a_large_level_hides_no_difference() -> None:
    assert rounded([1e7, 1e7 + 0.25, 1e7 + 1.0]) == [1e7, 1e7 + 0.25, 1e7 + 1.0]
    assert rounded([12345.0049, 12345.00000001])[0] == 12345.0049
    assert rounded([12345.678901]) == [12345.678901]
    assert rounded([]) == []
    assert math.isnan(rounded([float("nan"), 1.0])[0])
    assert rounded([-1e308, 1e308, math.inf]) == [-1e308, 1e308, math.inf]


@given(st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=5))
def test_within_a_hundred_thousandth_of_the_span(values: list[float]) -> None:
    span = max(values) - min(values)
    for before, after in zip(values, rounded(values), strict=True):
        assert abs(before - after) <= 1e-5 * span + 1e-15 * abs(before)
