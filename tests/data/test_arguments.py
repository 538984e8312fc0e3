"""What users may give."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup.data.arguments import checked_whole_number


@pytest.mark.parametrize("given", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_of_any_type(given: Any) -> None:
    checked = checked_whole_number(given, "n", "a number of points", least=3)
    assert checked == 3
    assert type(checked) is int


@pytest.mark.parametrize("given", [True, np.bool_(True), 3.0, np.float64(3), "3", None])
def test_what_is_no_whole_number(given: Any) -> None:
    with pytest.raises(TypeError, match="`n` is a number of points; got "):
        checked_whole_number(given, "n", "a number of points")


@pytest.mark.parametrize(("least", "message"), [(0, "cannot be negative"), (1, "is at least 1")])
def test_numbers_that_are_too_small(least: int, message: str) -> None:
    assert checked_whole_number(least, "n", "a number of points", least) == least
    with pytest.raises(ValueError, match=f"`n` {message}; got {least - 1}"):
        checked_whole_number(least - 1, "n", "a number of points", least)


def test_a_sampler_takes_the_whole_numbers_of_numpy() -> None:
    def suggested(seed: Any, n_startup_trials: Any) -> list[float]:
        sampler = ScaleUpSampler(seed=seed, n_startup_trials=n_startup_trials)
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
        return [trial.params["x"] for trial in study.trials]

    assert suggested(np.int64(7), np.int64(2)) == suggested(7, 2)
