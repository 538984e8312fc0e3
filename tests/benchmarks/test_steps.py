"""Stepped floats as plain lists of values."""

from __future__ import annotations

import pytest
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from benchmarks.methods.steps import step_values
from benchmarks.methods.steps import with_step_values


def test_values_have_no_binary_noise() -> None:
    assert step_values(FloatDistribution(0.1, 0.5, step=0.1)) == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_only_stepped_floats_change() -> None:
    space = {
        "stepped": FloatDistribution(0.0, 0.5, step=0.05),
        "plain": FloatDistribution(0.0, 1.0),
        "n": IntDistribution(0, 3),
    }
    noisy = 0.1 + 0.2
    params = {"stepped": noisy, "plain": noisy, "n": 3}
    assert with_step_values(params, space) == {"stepped": 0.3, "plain": noisy, "n": 3}


def test_a_step_is_needed() -> None:
    with pytest.raises(ValueError, match="no step"):
        step_values(FloatDistribution(0.0, 1.0))
