"""One distribution and the coordinates of its values."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from optuna_scaleup.data.encoding import MAX_GRID
from optuna_scaleup.data.encoding import MISSING
from optuna_scaleup.data.encoding import NumericEncoding
from optuna_scaleup.data.encoding import encoding_of
from optuna_scaleup.data.encoding import random_coordinate
from tests.strategies import distributions
from tests.strategies import values_of


def is_legal(value: object, distribution: BaseDistribution) -> bool:
    return bool(distribution._contains(distribution.to_internal_repr(value)))


@given(st.data())
def test_decoding_gives_legal_builtin_values(data: st.DataObject) -> None:
    distribution = data.draw(distributions())
    encoding = encoding_of(distribution)
    u = data.draw(st.floats(0.0, 1.0))
    if isinstance(distribution, CategoricalDistribution):
        u = math.floor(u * (len(distribution.choices) - 1))
    value = encoding.decode(u)
    assert is_legal(value, distribution)
    if isinstance(distribution, IntDistribution):
        assert type(value) is int
    if isinstance(distribution, FloatDistribution):
        assert type(value) is float


def n_legal_values(distribution: FloatDistribution | IntDistribution) -> float:
    if distribution.step is None:
        return math.inf
    return (distribution.high - distribution.low) // distribution.step + 1


@given(st.data())
def test_round_trip(data: st.DataObject) -> None:
    distribution = data.draw(distributions())
    value = data.draw(values_of(distribution))
    encoding = encoding_of(distribution)
    decoded = encoding.decode(float(encoding.encode([value])[0]))
    if isinstance(distribution, CategoricalDistribution):
        assert decoded == value
        return
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    assert isinstance(encoding, NumericEncoding)
    if encoding.values is None or len(encoding.values) < n_legal_values(distribution):
        ends = np.log([encoding.low, encoding.high]) if distribution.log else encoding.bounds
        # A thinned grid: half a gap, and as much again for its values being whole numbers.
        resolution = 1e-12 if encoding.values is None else 2.0 / MAX_GRID
        move = np.log([decoded, value]) if distribution.log else (decoded, value)
        assert abs(move[0] - move[1]) <= resolution * (ends[1] - ends[0]) + 1e-12 * abs(move[1])
    else:
        assert decoded == pytest.approx(value, rel=1e-12, abs=1e-12)


@given(st.data())
def test_legal_values_lie_within_the_unit_interval_in_order(data: st.DataObject) -> None:
    distribution = data.draw(distributions())
    encoding = encoding_of(distribution)
    if not isinstance(encoding, NumericEncoding):
        return
    values = sorted(data.draw(st.lists(values_of(distribution), min_size=2, max_size=5)))
    coordinates = encoding.encode(values)
    assert np.all((coordinates >= 0.0) & (coordinates <= 1.0))
    assert np.all(np.diff(coordinates) >= 0.0)


@given(st.data())
def test_grids_hold_legal_values_only(data: st.DataObject) -> None:
    distribution = data.draw(distributions())
    grid = encoding_of(distribution).axis.grid
    if grid is None:
        return
    assert 2 <= len(grid) <= MAX_GRID
    assert np.all(np.diff(grid) > 0.0)
    encoding = encoding_of(distribution)
    for u in (grid[0], grid[len(grid) // 2], grid[-1]):
        assert is_legal(encoding.decode(float(u)), distribution)


@pytest.mark.parametrize(
    ("distribution", "value", "expected"),
    [
        (FloatDistribution(0, 10), 2.5, 0.25),
        (FloatDistribution(1e-4, 1.0, log=True), 1e-2, 0.5),
        (FloatDistribution(0, 1, step=0.25), 0.5, 0.5),
        (FloatDistribution(0, 1, step=0.25), 0.0, 0.1),  # half a step of padding
        (IntDistribution(1, 4), 1, 0.125),
        (IntDistribution(0, 8, step=4), 8, 5 / 6),
        (IntDistribution(1, 4, log=True), 1, math.log(2) / math.log(9)),
        (CategoricalDistribution(["a", None, True]), None, 1.0),
    ],
)
def test_known_coordinates(distribution: BaseDistribution, value: object, expected: float) -> None:
    assert encoding_of(distribution).encode([value])[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("distribution", "value", "expected"),
    [
        (FloatDistribution(0, 10), 15.0, 1.5),
        (FloatDistribution(0, 10), -5, -0.5),
        (FloatDistribution(0, 10), 1e300, 2.0),
        (FloatDistribution(0, 10), -math.inf, -1.0),
        (FloatDistribution(1e-4, 1.0, log=True), 0.0, -1.0),
        (FloatDistribution(1e-4, 1.0, log=True), -3.0, -1.0),
        (FloatDistribution(1e-4, 1.0, log=True), 1e-6, -0.5),
        (FloatDistribution(-1e308, 1e308), 0.0, 0.5),
        (IntDistribution(1, 4), 6.0, 1.375),
    ],
)
def test_values_out_of_range(
    distribution: BaseDistribution, value: object, expected: float
) -> None:
    assert encoding_of(distribution).encode([value])[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("distribution", "value"),
    [
        (FloatDistribution(0, 1), "0.5"),
        (FloatDistribution(0, 1), True),
        (FloatDistribution(0, 1), None),
        (FloatDistribution(0, 1), math.nan),
        (FloatDistribution(0, 1), MISSING),
        (IntDistribution(0, 1), False),
        (CategoricalDistribution([1, 2]), 3),
        (CategoricalDistribution([1, 2]), "1"),
        (CategoricalDistribution([1.5, 2]), 10**400),
        (CategoricalDistribution([1, None]), MISSING),
    ],
)
def test_values_that_mean_nothing_have_no_coordinate(
    distribution: BaseDistribution, value: object
) -> None:
    assert np.isnan(encoding_of(distribution).encode([value])[0])


def test_integers_beyond_the_floats_lie_far_out() -> None:
    for distribution in (FloatDistribution(0, 1), IntDistribution(1, 9, log=True)):
        ends = encoding_of(distribution).encode([-(10**400), 10**400])
        np.testing.assert_array_equal(ends, [-1.0, 2.0])


def test_a_number_is_found_among_choices() -> None:
    assert encoding_of(CategoricalDistribution([16, 32, 64])).encode([32.0])[0] == 1.0


def test_values_of_a_step_are_those_of_optuna() -> None:
    encoding = encoding_of(FloatDistribution(0, 1, step=0.1))
    assert isinstance(encoding, NumericEncoding)
    assert encoding.values == tuple(np.minimum(np.arange(11) * 0.1, 1.0))


@pytest.mark.parametrize("distribution", [IntDistribution(0, 10**9), IntDistribution(3, 10**7)])
def test_long_grids_are_thinned_with_both_ends(distribution: IntDistribution) -> None:
    encoding = encoding_of(distribution)
    assert isinstance(encoding, NumericEncoding)
    assert encoding.values is not None
    assert len(encoding.values) == MAX_GRID
    assert (encoding.values[0], encoding.values[-1]) == encoding.bounds


def test_long_log_grids_keep_every_small_value() -> None:
    encoding = encoding_of(IntDistribution(1, 10**6, log=True))
    assert isinstance(encoding, NumericEncoding)
    assert encoding.values is not None
    assert encoding.values[:50] == tuple(range(1, 51))
    assert encoding.values[-1] == 10**6


@given(st.data())
def test_random_coordinates_are_legal(data: st.DataObject) -> None:
    distribution = data.draw(distributions())
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    encoding = encoding_of(distribution)
    coordinate = random_coordinate(encoding.axis, rng)
    assert encoding.axis.snap(np.array(coordinate)) == coordinate
    assert is_legal(encoding.decode(coordinate), distribution)


@pytest.mark.parametrize("low", [2**60, -(2**60) - 100, 2**80, 0])
def test_integers_that_floats_do_not_tell_apart(low: int) -> None:
    encoding = encoding_of(IntDistribution(low, low + 100))
    values = [low, low + 1, low + 50, low + 100]
    coordinates = encoding.encode(values)
    assert [encoding.decode(float(u)) for u in coordinates] == values
    np.testing.assert_allclose(coordinates, np.array([0.5, 1.5, 50.5, 100.5]) / 101)


@pytest.mark.parametrize("high", [2**53, 2**64, 10**30])
def test_ranges_of_more_integers_than_floats_count(high: int) -> None:
    encoding = encoding_of(IntDistribution(0, high))
    assert [encoding.decode(u) for u in (0.0, 1.0)] == [0, high]
    assert abs(encoding.decode(0.5) / high - 0.5) < 1e-3


@pytest.mark.parametrize("low", [2**53, 10**16, 2**60])
@pytest.mark.parametrize("width", [1, 10, 10**5])
def test_integers_whose_logarithms_coincide(low: int, width: int) -> None:
    encoding = encoding_of(IntDistribution(low, low + width, log=True))
    values = [low, low + width // 2, low + width]
    coordinates = encoding.encode(values)
    middle = (width // 2 + 0.5) / (width + 1)
    np.testing.assert_allclose(coordinates, [0.5 / (width + 1), middle, 1 - 0.5 / (width + 1)])
    assert [encoding.decode(float(u)) for u in coordinates[[0, 2]]] == [low, low + width]
    assert encoding.axis.grid is not None
    assert np.all(np.diff(encoding.axis.grid) > 0.0)


@pytest.mark.parametrize("low", [1e10, 1e12, 1e16])
def test_a_narrow_logarithmic_range_is_as_good_as_a_straight_one(low: float) -> None:
    for ratio in (1.0 + 0.9e-9, 1.0 + 1.1e-9):
        distribution = IntDistribution(int(low), int(low * ratio) + 1, log=True)
        encoding = encoding_of(distribution)
        shares = np.linspace(0.0, 1.0, 5)
        values = [distribution.low + round(u * (distribution.high - low)) for u in shares]
        straight = encoding_of(IntDistribution(distribution.low, distribution.high))
        np.testing.assert_allclose(encoding.encode(values), straight.encode(values), atol=1e-5)


@pytest.mark.parametrize(
    "distribution",
    [
        FloatDistribution(0, 5e-324),
        FloatDistribution(-5e-324, 5e-324),
        FloatDistribution(1e10, math.nextafter(1e10, math.inf), log=True),
    ],
)
def test_ranges_of_neighbouring_floats(distribution: FloatDistribution) -> None:
    encoding = encoding_of(distribution)
    ends = [distribution.low, distribution.high]
    np.testing.assert_array_equal(encoding.encode(ends), [0.0, 1.0])
    assert [encoding.decode(u) for u in (0.0, 1.0)] == ends
    np.testing.assert_array_equal(encoding.encode([-math.inf, math.inf]), [-1.0, 2.0])


def test_the_ends_of_a_logarithmic_range_are_not_left() -> None:
    """To a computer the exponential of the logarithm of 0.1 is more, that of 0.003 is less."""
    for k in range(1, 100):
        low, high = k / 1000.0, k / 10.0
        encoding = encoding_of(FloatDistribution(low, high, log=True))
        assert (encoding.decode(0.0), encoding.decode(1.0)) == pytest.approx((low, high))
        assert low <= encoding.decode(0.0) < encoding.decode(1.0) <= high


def test_logarithmic_ranges_may_end_at_the_largest_float() -> None:
    for low in np.exp(np.linspace(-700.0, 700.0, 100)):
        encoding = encoding_of(FloatDistribution(float(low), sys.float_info.max, log=True))
        for coordinate in (0.0, 0.5, 1.0, 2.0):
            assert low <= encoding.decode(coordinate) <= sys.float_info.max
