"""What a trial costs: durations, the user's own function, and what is no cost."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup.data.cost import checked_cost
from optuna_scaleup.data.cost import cost_column
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.trials import finished_rows


X: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1)}


def trials(*costs: Any) -> list[optuna.trial.FrozenTrial]:
    return [optuna.create_trial(value=0.0, user_attrs={"cost": cost}) for cost in costs]


def stored(trial: optuna.trial.FrozenTrial) -> Any:
    return trial.user_attrs["cost"]


def test_duration_in_seconds() -> None:
    (trial,) = trials(1)
    assert trial.datetime_start is not None
    trial.datetime_complete = trial.datetime_start + timedelta(seconds=90)
    cost = checked_cost("duration")
    assert cost is not None
    np.testing.assert_array_equal(cost_column([trial], cost), [90.0])
    trial.datetime_complete = None
    assert np.isnan(cost_column([trial], cost)).all()


def test_what_is_no_positive_number_is_no_cost() -> None:
    column = cost_column(trials(2, 0, -1.0, math.nan, math.inf, "3", None, True), stored)
    np.testing.assert_array_equal(column, [2.0, *[np.nan] * 7])


def test_a_callable_that_raises_gives_no_cost(log_lines: list[str]) -> None:
    def typo(trial: optuna.trial.FrozenTrial) -> Any:
        return trial.user_attrs["none"]

    assert np.isnan(cost_column(trials(1.0), typo)).all()
    source = optuna.create_study(study_name="small")
    source.add_trial(optuna.create_trial(value=1.0, params={"x": 0.5}, distributions=X))
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0, cost=typo))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    told = [line for line in log_lines if "of the source 'small'" in line]
    (line,) = told
    assert "1 complete without a positive, finite cost (trial 0: KeyError: 'none')" in line


@pytest.mark.parametrize(("costs", "n_warnings"), [([-1.0, None], 1), ([2.0, None], 0)])
def test_a_cost_that_no_trial_has_is_worth_a_warning(
    costs: list[Any], n_warnings: int, log_lines: list[str]
) -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0, cost=stored))
    for trial in trials(*costs):
        trial.params, trial.distributions = {"x": 0.5}, X
        study.add_trial(trial)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study.ask(X)
    assert sum("without a positive, finite cost" in line for line in log_lines) == n_warnings


def test_a_callable_cannot_change_what_is_stored() -> None:
    def greedy(trial: optuna.trial.FrozenTrial) -> Any:
        trial.params.clear()
        trial.intermediate_values.clear()
        return trial.user_attrs.pop("cost")

    study = optuna.create_study(sampler=ScaleUpSampler(seed=0, cost=greedy))
    for trial in trials(1.0, 2.0):
        trial.params, trial.distributions = {"x": 0.5}, X
        trial.intermediate_values = {1: 2.0}
        study.add_trial(trial)
    study.ask(X)
    assert [t.user_attrs for t in study.trials[:2]] == [{"cost": 1.0}, {"cost": 2.0}]
    assert study.trials[0].params == {"x": 0.5}
    assert study.trials[0].intermediate_values == {1: 2.0}


@pytest.mark.parametrize(("cost", "error"), [("seconds", ValueError), (3, TypeError)])
def test_other_costs_are_errors(cost: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="'duration', a callable"):
        ScaleUpSampler(cost=cost)


def test_a_study_with_costs_goes_on_without_some(log_lines: list[str]) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("cost", math.exp(5.0 * x) if trial.number % 3 else -1.0)
        return (x - 0.4) ** 2

    source = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    source.optimize(objective, n_trials=8)
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0, cost=stored))
    study.optimize(objective, n_trials=5)
    assert len(study.trials) == 5
    told = [line for line in log_lines if "without a positive, finite cost" in line]
    assert len(told) == 2  # one line for each of the studies


def test_what_a_pruned_trial_cost_until_it_was_stopped_counts() -> None:
    study = optuna.create_study()
    x = FloatDistribution(0.0, 1.0)
    for i, n_steps in enumerate((4, 4, 4, 1)):
        study.add_trial(
            optuna.create_trial(
                state=TrialState.COMPLETE if n_steps == 4 else TrialState.PRUNED,
                value=1.0 if n_steps == 4 else None,
                params={"x": i / 4},
                distributions={"x": x},
                intermediate_values=dict.fromkeys(range(n_steps), 1.0),
            )
        )
    dataset, kinds, _ = finished_rows(
        study.trials,
        SearchSpace.of({"x": x}),
        signs_of(study.directions),
        cost=lambda trial: len(trial.intermediate_values),
    )
    assert dataset.cost is not None
    assert dict(zip(dataset.X[:, 0], dataset.cost, strict=True)) == {
        0.0: 4,
        0.25: 4,
        0.5: 4,
        0.75: 1,
    }
    assert not any("cost" in kind for kind in kinds)
