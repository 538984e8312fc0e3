"""``python -m benchmarks cost``: regret at equal training seconds, with and without ``cost``.

A trial costs what the task's table says that its training took, and so does a trial of a source.
A budget is counted in trainings of random configurations, as seconds mean little across tasks.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.samplers import BaseSampler
from optuna.samplers import GPSampler
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import create_trial
from tqdm import tqdm

from benchmarks.budgets import regret_at_budgets
from benchmarks.methods.scaleup import scaleup_sampler
from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.runner import target_seed
from benchmarks.sources import source_studies
from benchmarks.suites import select_tasks
from benchmarks.tasks import Surface
from benchmarks.tasks import Task
from optuna_scaleup import ScaleUpSampler


BUDGETS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0)
COST = "cost"  # user attribute
_MAX_TRIALS_A_TRAINING = 6
_N_CONFIGURATIONS = 4000


def _stored_cost(trial: FrozenTrial) -> float:
    return float(trial.user_attrs[COST])


SAMPLERS: dict[str, Callable[[Task, Sequence[Study], int], BaseSampler]] = {
    "scaleup": scaleup_sampler,
    "scaleup, cost": partial(scaleup_sampler, cost=_stored_cost),
    "scaleup_cold": lambda task, sources, seed: ScaleUpSampler(seed=seed),
    "scaleup_cold, cost": lambda task, sources, seed: ScaleUpSampler(seed=seed, cost=_stored_cost),
    "gp_cold": lambda task, sources, seed: GPSampler(seed=seed),
    "tpe": lambda task, sources, seed: TPESampler(seed=seed),
}


def run_cost(arguments: argparse.Namespace) -> None:
    """Prints mean regret by sampler and budget; writes a CSV."""
    quieten()
    tasks = select_tasks(arguments.data, arguments.tasks, arguments.families or ["nn", "fcnet"])
    rows: list[dict[str, Any]] = []
    arguments.out.mkdir(parents=True, exist_ok=True)
    for task, seed in tqdm([*product(tasks, arguments.seeds)], unit="run"):
        sources = [
            with_costs(study, surface)
            for study, surface in zip(
                source_studies(task, seed, cache_dir=arguments.out), task.sources, strict=True
            )
        ]
        for name in arguments.samplers:
            sampler = SAMPLERS[name](task, sources, target_seed(task, seed))
            run = run_with_costs(sampler, task, arguments.n_trainings)
            rows += [{"task": task.id, "sampler": name, "seed": seed} | row for row in run]
            pd.DataFrame(rows).to_csv(arguments.out / "cost.csv", index=False)
    print(markdown_table(cost_table(pd.DataFrame(rows)), digits=3))


def cost_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean regret by sampler, one column a budget in mean trainings.

    A run without a finished trial by then counts as :mod:`benchmarks.budgets` says.
    """
    budgets = [budget for budget in BUDGETS if budget <= frame["trainings"].max()]
    by_run = regret_at_budgets(frame, ["sampler", "task", "seed"], "trainings", budgets)
    return by_run.groupby("sampler").mean()


def with_costs(study: Study, surface: Surface) -> Study:
    """The same finished study with what each trial cost.

    Raises:
        ValueError: If the surface does not know what a training costs.
    """
    copy = optuna.create_study(directions=study.directions)
    for trial in study.trials:
        copy.add_trial(
            create_trial(
                params=trial.params,
                distributions=trial.distributions,
                value=trial.value,
                user_attrs={COST: _cost(surface, trial.params)},
            )
        )
    return copy


def run_with_costs(sampler: BaseSampler, task: Task, n_trainings: int) -> list[dict[str, Any]]:
    """Trials, the mean trainings spent so far and the regret of the best one.

    Args:
        sampler: Told the cost of each trial as a user attribute.
        task: Its costs have to be known.
        n_trainings: Budget in mean trainings.

    Raises:
        ValueError: If the task does not know what a training costs.
    """
    unit = float(np.mean([_cost(task, p) for p in task.random_params(_N_CONFIGURATIONS, 0)]))
    study = optuna.create_study(direction=task.direction, sampler=sampler)
    rows: list[dict[str, Any]] = []
    spent, best = 0.0, float("inf")
    while spent < n_trainings and len(rows) < _MAX_TRIALS_A_TRAINING * n_trainings:
        trial = study.ask()
        params = task.suggest(trial)
        cost = _cost(task, params)
        trial.set_user_attr(COST, cost)
        study.tell(trial, task.evaluate(params))
        spent += cost / unit
        best = min(best, task.regret(task.noise_free(params)))
        rows.append({"trial": len(rows) + 1, "trainings": spent, "regret": best})
    return rows


def _cost(surface: Surface, params: Mapping[str, Any]) -> float:
    cost = surface.cost(params)
    if cost is None:
        raise ValueError(f"What a training of {surface.name} costs is not known.")
    return cost
