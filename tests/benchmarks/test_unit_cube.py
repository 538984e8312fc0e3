"""Configurations go into the unit cube and come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from benchmarks.methods.unit_cube import UnitCube
from benchmarks.methods.unit_cube import place_of
from benchmarks.methods.unit_cube import value_at
from benchmarks.tasks.random_params import draw_params


SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "dropout": FloatDistribution(0.0, 0.5, step=0.05),
    "act": CategoricalDistribution(("relu", "gelu", "tanh")),
    "batch": IntDistribution(16, 2048, log=True),
    "layers": IntDistribution(1, 9, step=2),
}


def test_rows_come_back_as_configurations() -> None:
    cube = UnitCube(SPACE)
    for params in draw_params(SPACE, 200, np.random.default_rng(0)):
        row = cube.encode(params)
        assert len(row) == cube.n_columns == 7
        assert min(row) >= 0
        assert max(row) <= 1
        back = cube.decode(row)
        assert back.pop("lr") == pytest.approx(params.pop("lr"))
        assert back.pop("dropout") == pytest.approx(params.pop("dropout"))
        assert back == params


@given(place=st.floats(0, 1))
def test_every_place_is_a_legal_value(place: float) -> None:
    for name, distribution in SPACE.items():
        if name != "act":
            value = value_at(distribution, place)
            assert distribution._contains(distribution.to_internal_repr(value))
            assert value_at(distribution, place_of(distribution, value)) == pytest.approx(value)


def test_choices_are_fixed_columns() -> None:
    assert UnitCube(SPACE).choices() == [
        {2: 1.0, 3: 0.0, 4: 0.0},
        {2: 0.0, 3: 1.0, 4: 0.0},
        {2: 0.0, 3: 0.0, 4: 1.0},
    ]
    assert UnitCube({"x": FloatDistribution(0, 1)}).choices() == [{}]


def test_grid_holds_all_configurations_or_none() -> None:
    finite = {name: SPACE[name] for name in ("dropout", "act", "layers")}
    grid = UnitCube(finite).grid(max_rows=1000)
    assert grid is not None
    assert len(np.unique(grid, axis=0)) == len(grid) == 11 * 3 * 5
    assert UnitCube(finite).grid(max_rows=100) is None
    assert UnitCube(SPACE).grid(max_rows=10**9) is None


def test_choices_have_no_place() -> None:
    with pytest.raises(TypeError, match="Not a numeric distribution"):
        place_of(SPACE["act"], 0)
