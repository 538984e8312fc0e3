"""Constraints that come and go or are no numbers, and costs that are none, in whole studies."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from collections.abc import Mapping

import optuna
import pytest
from optuna.study import StudyDirection
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


def quadratic(trial: optuna.Trial, at: float) -> float:
    x, lr = trial.suggest_float("x", 0, 1), trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    return (x - 0.3) ** 2 + 0.3 * (math.log10(lr) - at) ** 2


def random_study(at: float) -> optuna.Study:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: quadratic(trial, at), n_trials=25)
    return study


def diverge(trial: optuna.Trial) -> float:
    return math.inf


def give_up(trial: optuna.Trial) -> float:
    raise optuna.TrialPruned


def give_up_with_a_report(trial: optuna.Trial) -> float:
    trial.report(1e3, 0)
    raise optuna.TrialPruned


@pytest.mark.parametrize("end", [diverge, give_up, give_up_with_a_report])
@pytest.mark.parametrize("is_warm", [True, False])
def test_where_nothing_works_the_search_goes_on(
    end: Callable[[optuna.Trial], float], is_warm: bool
) -> None:
    """The large network fails at every rate that suits the small one, and at the centre."""

    def objective(trial: optuna.Trial) -> float:
        value = quadratic(trial, -4.0)
        return value if trial.params["lr"] < 3e-4 else end(trial)

    source = random_study(-2.0) if is_warm else None
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    study.optimize(objective, n_trials=15)
    points = [tuple(trial.params.values()) for trial in study.trials]
    assert len(set(points)) == 15
    assert sum(trial.params["lr"] < 3e-4 for trial in study.trials) >= 6


def test_a_choice_that_is_given_up_each_time_is_left() -> None:
    """Out of memory, say: no report is left of what would have been the best values."""

    def objective(trial: optuna.Trial) -> float:
        k = trial.suggest_int("k", 1, 50)
        if 28 < k < 40:
            raise optuna.TrialPruned
        return abs(k - 30.0)

    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.optimize(objective, n_trials=25)
    assert len({trial.params["k"] for trial in study.trials}) == 25
    assert sum(trial.state == TrialState.PRUNED for trial in study.trials) <= 11
    assert study.best_value == 2.0


@pytest.mark.parametrize("seed", range(2))
def test_pruned_after_the_first_trial_is_not_as_good_as_the_first(seed: int) -> None:
    """Of a warm start the first trial is about the best, so that a pruner stops all others."""

    def objective(trial: optuna.Trial) -> float:
        value = quadratic(trial, -2.0)
        trial.report(value, 0)
        if trial.should_prune():
            raise optuna.TrialPruned
        return value

    study = optuna.create_study(
        sampler=ScaleUpSampler(random_study(-2.0), seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=1),
    )
    study.optimize(objective, n_trials=16)
    values = [trial.intermediate_values[0] for trial in study.trials]
    assert sum(value < 0.05 for value in values) >= 3  # once only, when they counted as good


def test_values_at_the_end_of_the_floats_raise_no_warning(
    recwarn: pytest.WarningsRecorder,
) -> None:
    largest = sys.float_info.max
    minimize, maximize = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
    for directions in ([minimize], [minimize, maximize]):
        study = optuna.create_study(directions=directions, sampler=ScaleUpSampler(seed=0))
        for i in range(5):
            x = study.ask()
            sign = (-1) ** i * (1 if x.suggest_float("x", 0, 1) > 0.3 else -1)
            study.tell(x, [sign * largest] * len(directions))
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]
