"""Conditional and define-by-run spaces through the sampler."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.plan import planned_params
from optuna_scaleup.data.prediction import read_prediction
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Suggestion


def branches(trial: optuna.Trial) -> float:
    """Best in branch ``b`` at ``x = 0.2``, ``width = 32``."""
    x = trial.suggest_float("x", 0, 1)
    loss = (x - 0.2) ** 2
    if trial.suggest_categorical("branch", ["a", "b"]) == "a":
        return loss + 0.5 + (trial.suggest_float("slope", -1, 1) - 0.5) ** 2
    return loss + abs(trial.suggest_int("width", 1, 64) - 32) / 32


def finished(n_trials: int) -> optuna.Study:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(branches, n_trials=n_trials)
    return study


@pytest.mark.parametrize("is_source", [False, True])
def test_a_plan_holds_its_branch_alone(is_source: bool) -> None:
    past = finished(16)
    study = optuna.create_study(sampler=ScaleUpSampler(past if is_source else None, seed=0))
    if not is_source:
        study.add_trials(past.trials)
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    plan = planned_params(study.trials[-1], Notices())
    own = {"a": "slope", "b": "width"}[plan["branch"]]
    assert set(plan) == {"x", "branch", own}
    branches(trial)
    assert study.trials[-1].params == plan


def test_a_parameter_that_the_plan_lacks_is_modelled_all_the_same() -> None:
    """The objective changes its mind: both branches have a width now."""
    study = finished(16)
    study.sampler = ScaleUpSampler(seed=0)
    study.enqueue_trial({"branch": "a"})
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    trial.suggest_categorical("branch", ["a", "b"])
    assert "width" not in planned_params(study.trials[-1], Notices())
    width = trial.suggest_int("width", 1, 64)
    assert abs(width - 32) < 24  # not random: the other branch has shown where widths are good
    assert -1 <= trial.suggest_float("slope", -1, 1) <= 1


def test_parameters_that_nobody_has_tried_need_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many a branch brings, the models are fitted once a trial."""
    suggested = []
    suggest = Engine.suggest

    def counted(engine: Engine, problem: Problem, rng: np.random.Generator) -> Suggestion:
        suggested.append(problem.space.n_dims)
        return suggest(engine, problem, rng)

    monkeypatch.setattr(Engine, "suggest", counted)
    study = optuna.create_study(sampler=ScaleUpSampler(finished(16), seed=0))
    trial = study.ask()
    value = branches(trial)
    interval = read_prediction(study.trials[0]).value_interval
    new = [trial.suggest_float(f"new{i}", 0, 1) for i in range(5)]
    assert new == [0.5] * 5
    assert len(suggested) == 1
    assert interval is not None
    assert read_prediction(study.trials[0]).value_interval == interval
    study.tell(trial, value)
    assert study.trials[0].params.keys() > {"x", "branch", "new0", "new4"}


@pytest.mark.parametrize("seed", range(3))
def test_the_better_branch_is_found_and_searched(seed: int) -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=seed))
    study.optimize(branches, n_trials=14)
    assert study.best_params["branch"] == "b"
    assert study.best_value < 0.05


def test_a_range_that_moves_keeps_what_was_learnt() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    for low, high in [(0.0, 1.0)] * 6 + [(0.25, 2.0)]:
        trial = study.ask()
        x = trial.suggest_float("x", low, high)
        study.tell(trial, (x - 0.8) ** 2)
    assert abs(study.trials[-1].params["x"] - 0.8) < 0.15


@settings(max_examples=4)
@given(st.data())
def test_any_tree(data: st.DataObject) -> None:
    """Which parameters follow depends on the values before, in any way, and may change."""
    rules: dict[tuple[str, ...], bool] = {}

    def follows(*state: str) -> bool:
        if state not in rules or data.draw(st.integers(0, 9)) == 0:
            rules[state] = data.draw(st.booleans())
        return rules[state]

    study = optuna.create_study(sampler=ScaleUpSampler(finished(5), seed=0))
    for _ in range(3):
        trial = study.ask()
        branch = trial.suggest_categorical("branch", ["a", "b"])
        depth = trial.suggest_int("depth", 1, 3) if follows(branch) else 0
        for i in range(depth):
            if follows(branch, str(i)):
                assert 1 <= trial.suggest_int(f"width_{i}", 1, 64) <= 64
        if follows(branch, str(depth), "x"):
            assert 0 <= trial.suggest_float("x", 0, 1) <= 1
        study.tell(trial, data.draw(st.floats(-1, 1)))


def test_a_parameter_of_a_branch_that_always_fails_is_not_searched() -> None:
    """Else no point is the same as one that was tried without it, and one value runs for ever."""

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_int("x", 0, 7)
        if trial.suggest_categorical("optimizer", ["adam", "sgd"]) == "sgd":
            trial.suggest_int("momentum", 0, 9)
            raise RuntimeError
        return (x - 3.3) ** 2

    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.optimize(objective, n_trials=12, catch=RuntimeError)
    values = [t.params["x"] for t in study.get_trials(states=[optuna.trial.TrialState.COMPLETE])]
    assert len(values) == len(set(values)) > 4
