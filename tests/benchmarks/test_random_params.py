"""Random configurations are legal and fair."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from benchmarks.tasks.random_params import at_quantile
from benchmarks.tasks.random_params import draw_params


@pytest.mark.parametrize(
    "distribution",
    [
        FloatDistribution(-1.0, 3.0),
        FloatDistribution(1e-5, 1e-1, log=True),
        FloatDistribution(0.0, 0.5, step=0.05),
        IntDistribution(1, 6),
        IntDistribution(0, 100, step=25),
        IntDistribution(16, 2048, log=True),
        CategoricalDistribution(("a", "b", "c")),
    ],
)
def test_every_quantile_is_a_legal_value(distribution: BaseDistribution) -> None:
    for u in np.linspace(0, 1, 101):
        value = at_quantile(distribution, float(u))
        assert distribution._contains(distribution.to_internal_repr(value))


def test_integers_have_equal_shares() -> None:
    drawn = draw_params({"n": IntDistribution(0, 3)}, 4000, np.random.default_rng(0))
    counts = Counter(params["n"] for params in drawn)
    assert set(counts) == {0, 1, 2, 3}
    assert all(900 < count < 1100 for count in counts.values())
