"""Constraints that come and go or are no numbers, and costs that are none, in whole studies."""

from __future__ import annotations

import math
from collections.abc import Mapping

import optuna
import pytest
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler


ODD: list[Mapping[str, float]] = [
    {"a": 0.5},
    {"b": -1.0},
    {"b": 2.0, "a": -0.1},  # in another order
    {},
    {"a": math.inf, "c": 0.0},
    {"a": -math.inf, "b": math.nan},
]


def told(number: int, constraints: Mapping[str, float]) -> optuna.trial.FrozenTrial:
    """A trial as another program may have stored it; Optuna itself refuses ``NaN``."""
    return optuna.create_trial(
        value=float(number),
        params={"x": 0.1 + 0.15 * number},
        distributions={"x": optuna.distributions.FloatDistribution(0, 1)},
        system_attrs={f"constraints:{name}": value for name, value in constraints.items()},
    )


@pytest.mark.parametrize("is_source", [False, True])
def test_constraints_that_differ_between_trials(is_source: bool, log_lines: list[str]) -> None:
    trials = [told(i, constraints) for i, constraints in enumerate(ODD)]
    study = optuna.create_study(sampler=ScaleUpSampler(trials if is_source else None, seed=0))
    if not is_source:
        study.add_trials(trials)
    for constraints in ODD:
        trial = study.ask()
        x = trial.suggest_float("x", 0, 1)
        for name, value in constraints.items():
            if not math.isnan(value):
                trial._cached_frozen_trial.system_attrs[f"constraints:{name}"] = value
                study._storage.set_trial_system_attr(trial._trial_id, f"constraints:{name}", value)
        study.tell(trial, x)
    assert all(t.state == TrialState.COMPLETE for t in study.trials)
    assert any("2 with a constraint that is not finite" in line for line in log_lines)


@pytest.mark.parametrize("seed", range(3))
def test_the_border_of_a_constraint_without_bound_is_found(seed: int) -> None:
    """Above 0.4 the latency is infinite, and nothing else is known of it.

    Bisecting the border breaks the constraint about every other time. A sampler that did not heed
    it would break it seven times, and one that drew at random came as close in one run of four.
    """
    study = optuna.create_study(direction="maximize", sampler=ScaleUpSampler(seed=seed))
    for _ in range(10):
        trial = study.ask()
        x = trial.suggest_float("x", 0, 1)
        value = math.inf if x > 0.4 else -1.0
        study._storage.set_trial_system_attr(trial._trial_id, "constraints:latency", value)
        study.tell(trial, x)
    n_broken = sum(trial.params["x"] > 0.4 for trial in study.trials[3:])
    assert n_broken <= 5
    best = max(t.params["x"] for t in study.trials if t.params["x"] <= 0.4)
    assert best > 0.37


@pytest.mark.parametrize("odd", [0.0, -1.0, math.nan, math.inf, "dear", None])
def test_costs_that_are_none_half_the_time(odd: object) -> None:
    def cost(trial: optuna.trial.FrozenTrial) -> object:
        if trial.number % 3 == 1:
            raise KeyError("cost")
        return odd if trial.number % 3 == 2 else 1.0 + trial.params["x"]

    study = optuna.create_study(sampler=ScaleUpSampler(seed=0, cost=cost))  # type: ignore[arg-type]
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=7)
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 7
