"""The axis of a parameter that the study holds and a source varied."""

from __future__ import annotations

import numpy as np
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from optuna_scaleup.data.encoding import NumericEncoding
from optuna_scaleup.data.held import held_encoding
from optuna_scaleup.data.space import SearchSpace


LOG = IntDistribution(16, 1024, log=True)


def single(value: float) -> BaseDistribution:
    return FloatDistribution(value, value)


@pytest.mark.parametrize(
    ("value", "varied", "ends", "is_log"),
    [
        (0.25, FloatDistribution(0, 1), (0, 1), False),
        (1.5, FloatDistribution(0, 1), (0, 1.5), False),
        (-0.5, FloatDistribution(0, 1), (-0.5, 1), False),
        (99.0, FloatDistribution(0, 1), (0, 2), False),  # no more than a range beyond
        (32, LOG, (16, 1024), True),
        (8, LOG, (8, 1024), True),
        (1e9, LOG, (16, 1024 * 64), True),
        (-1, LOG, (-1, 1024), False),
        (2, CategoricalDistribution([1, "many", 4]), (1, 4), False),
    ],
)
def test_the_others_range_as_far_as_it_takes(
    value: float, varied: BaseDistribution, ends: tuple[float, float], is_log: bool
) -> None:
    encoding = held_encoding(single(value), varied)
    assert isinstance(encoding, NumericEncoding)
    assert (encoding.low, encoding.high) == pytest.approx(ends)
    assert encoding.is_log is is_log


def test_a_choice_is_one_of_a_kind() -> None:
    encoding = held_encoding(CategoricalDistribution(["adam"]), CategoricalDistribution("as"))
    assert encoding is not None
    np.testing.assert_array_equal(encoding.encode(["adam", "sgd"]), [0.0, np.nan])


@pytest.mark.parametrize(
    "varied", [CategoricalDistribution(["a", "b"]), CategoricalDistribution(["a", 1])]
)
def test_a_number_has_no_place_among_words(varied: BaseDistribution) -> None:
    assert held_encoding(single(1.0), varied) is None


def test_a_held_column_is_fixed_and_never_decoded() -> None:
    space = SearchSpace.of({"bs": single(32), "lr": FloatDistribution(0, 1)}, {"bs": LOG})
    assert space.names == ("bs", "lr")
    assert space.open_names == ("lr",)
    assert space.held == {"bs": 32.0}
    assert space.fixed({"lr": 0.5}) == pytest.approx({0: 1 / 6, 1: 0.5})
    earlier = {"bs": 64, "lr": 0.5}  # what trials had before it was held
    assert space.fixed(earlier) == pytest.approx({0: 1 / 6, 1: 0.5})
    assert space.decode(np.array([1 / 6, 0.5])) == {"lr": 0.5}


def test_what_nobody_varied_has_no_column() -> None:
    assert SearchSpace.of({"bs": single(32)}, {"lr": LOG}).names == ()
