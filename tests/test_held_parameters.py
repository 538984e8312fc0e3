"""A parameter that the large study holds at one value, and that its source varied."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import recommend
from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.ladder import Ladder
from optuna_scaleup.data.problem import Snapshot


LR = FloatDistribution(1e-5, 10.0, log=True)
OPTIMIZERS: dict[str, BaseDistribution] = {
    "lr": LR,
    "opt": CategoricalDistribution(["adam", "sgd"]),
}
BATCHES: dict[str, BaseDistribution] = {"bs": IntDistribution(16, 1024, log=True), "lr": LR}
ONLY_ADAM: dict[str, BaseDistribution] = {"lr": LR, "opt": CategoricalDistribution(["adam"])}
ONLY_16: dict[str, BaseDistribution] = {"bs": IntDistribution(16, 16), "lr": LR}


def by_optimizer(params: dict[str, Any]) -> float:
    """Best at 10^-3.5 with adam, at 10^0.5 and better with sgd."""
    gap = math.log10(params["lr"]) + (3.5 if params["opt"] == "adam" else -0.5)
    return float(gap**2 + (params["opt"] == "adam"))


def by_batch(params: dict[str, Any]) -> float:
    """Best at a rate that grows with the batch, 10^-4.5 at 16; larger batches are better."""
    doublings = math.log2(params["bs"] / 16)
    return float((math.log10(params["lr"]) + 4.5 - doublings / 2) ** 2 - doublings)


def source_of(loss: Any, space: dict[str, BaseDistribution], seed: int = 0) -> optuna.Study:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    for _ in range(30):
        trial = study.ask(space)
        study.tell(trial, loss(trial.params))
    return study


def first_rate(source: optuna.Study, space: dict[str, BaseDistribution], **options: Any) -> float:
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0, **options))
    trial = study.ask()
    for name in ("opt", "bs", "lr"):
        if name in space:
            trial._suggest(name, space[name])
    return float(trial.params["lr"])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("is_told", [False, True])
def test_the_source_is_read_at_the_choice_that_is_held(seed: int, is_told: bool) -> None:
    source = source_of(by_optimizer, OPTIMIZERS, seed)
    options = {"search_space": ONLY_ADAM} if is_told else {}
    assert 1e-4 < first_rate(source, ONLY_ADAM, **options) < 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_the_source_is_read_at_the_number_that_is_held(seed: int) -> None:
    source = source_of(by_batch, BATCHES, seed)
    assert 1e-5 <= first_rate(source, ONLY_16) < 2e-4
    best = recommend(source, search_space=ONLY_16)[0]
    assert 1e-5 <= best.params["lr"] < 2e-4
    assert best.params["bs"] == 16
    assert list(best.optimum) == ["lr"]


def test_a_study_that_goes_on_with_one_value_is_read_there() -> None:
    study = source_of(by_batch, BATCHES)
    study.sampler = ScaleUpSampler(seed=0)
    only_16 = {**BATCHES, "bs": IntDistribution(16, 16, log=True)}
    for _ in range(4):
        trial = study.ask(only_16)
        study.tell(trial, by_batch(trial.params))
    assert min(by_batch(trial.params) for trial in study.trials[-4:]) < 0.2


def test_plans_of_other_workers_lie_where_it_is_held() -> None:
    source = source_of(by_batch, BATCHES)
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    for _ in range(2):
        trial = study.ask(ONLY_16)
        study.tell(trial, by_batch(trial.params))
    study.ask({"lr": LR})  # has a plan, but no batch size yet
    ladder = Ladder.of(source)
    snapshot = Snapshot.take(study, optuna.create_trial(value=0.0), ladder, Notices())
    space = snapshot.space_of(snapshot.expected_distributions())
    problem = snapshot.problem(space, {}, Notices())
    assert problem.fixed.keys() == {space.names.index("bs")}
    assert problem.X_pending is not None
    assert not np.isnan(problem.X_pending).any()


def test_one_branch_holds_what_another_leaves_open() -> None:
    def objective(trial: optuna.Trial) -> float:
        branch = trial.suggest_categorical("branch", ["wide", "narrow"])
        n = trial.suggest_int("n", 1, 8 if branch == "wide" else 1)
        return (n - 6) ** 2 + (branch == "narrow")

    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.enqueue_trial({"branch": "wide", "n": 3})
    study.enqueue_trial({"branch": "narrow"})
    study.enqueue_trial({"branch": "wide"})
    study.optimize(objective, n_trials=14)
    assert study.trials[2].params["n"] != 1  # although the latest trial had no choice
    assert study.best_params == {"branch": "wide", "n": 6}


def test_what_the_source_held_itself_was_not_varied(log_lines: list[str]) -> None:
    """Nor is anything left out before the study has shown what it has."""
    for space, n_trials in ((ONLY_16, 2), (BATCHES, 0)):
        study = optuna.create_study(sampler=ScaleUpSampler(source_of(by_batch, space), seed=0))
        for _ in range(n_trials):
            study.tell(study.ask({"lr": LR}), 1.0)
        study.ask({"lr": LR})
    assert not any("varied" in line for line in log_lines)


@pytest.mark.parametrize(("asks", "n_told"), [(False, 1), (True, 0)])
def test_a_parameter_that_is_left_out_is_told_once(
    asks: bool, n_told: int, log_lines: list[str]
) -> None:
    source = source_of(by_batch, BATCHES)
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    for _ in range(3):
        trial = study.ask(ONLY_16 if asks else {"lr": LR})
        study.tell(trial, by_batch({"bs": 16, **trial.params}))
    assert (
        sum("varied 'bs', which the study does not ask for" in line for line in log_lines)
        == n_told
    )
