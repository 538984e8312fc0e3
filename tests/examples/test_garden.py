"""The garden's optimum is where the calculus says, and the example finds it."""

from __future__ import annotations

import optuna
import pytest


pytest.importorskip("matplotlib", reason="the garden is drawn with matplotlib")

import garden
from optuna_scaleup import ScaleUpSampler


def test_the_optimum_of_the_issue() -> None:
    trial = optuna.trial.FixedTrial({"x": 125.0})
    assert garden.make_objective(garden.SMALL)(trial) == 31_250  # type: ignore[arg-type]
    assert garden.enough(garden.SMALL) == pytest.approx(0.999 * 31_250)


@pytest.mark.parametrize("seed", range(3))
def test_ten_trials_find_the_optimum(seed: int) -> None:
    study = optuna.create_study(
        sampler=ScaleUpSampler(seed=seed, initial_design="random"), direction="maximize"
    )
    study.optimize(garden.make_objective(garden.SMALL), n_trials=10)
    assert study.best_value > 0.999 * 31_250
