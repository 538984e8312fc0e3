"""``python -m benchmarks outputs``: constraints and several objectives, beside GPSampler."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna._hypervolume import compute_hypervolume
from optuna.samplers import BaseSampler
from optuna.samplers import GPSampler
from optuna.samplers import TPESampler
from optuna.study import Study
from tqdm import tqdm

from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.summary import mean_by_trial
from benchmarks.tasks.outputs import OUTPUTS_TASKS
from benchmarks.tasks.outputs import OutputsTask
from optuna_scaleup import ScaleUpSampler


_N_SOURCE_TRIALS = 40
_CHECKPOINTS = (5, 10, 20, 40)

MAKERS: dict[str, Callable[[Study, int], BaseSampler]] = {
    "gp_cold": lambda source, seed: GPSampler(seed=seed),
    "scaleup_cold": lambda source, seed: ScaleUpSampler(seed=seed),
    "scaleup": lambda source, seed: ScaleUpSampler(source, seed=seed),
}


def run_outputs(arguments: argparse.Namespace) -> None:
    """Prints the hypervolume, or the best feasible value, by trials; writes a CSV."""
    quieten()
    warnings.filterwarnings("ignore", category=UserWarning)
    tasks = [OUTPUTS_TASKS[name] for name in arguments.tasks or OUTPUTS_TASKS]
    rows: list[dict[str, Any]] = []
    for task, seed in tqdm([*product(tasks, arguments.seeds)], unit="run"):
        source = _optimized(task.source, TPESampler(seed=1000 + seed), _N_SOURCE_TRIALS)
        for method in arguments.methods:
            study = _optimized(task, MAKERS[method](source, seed), arguments.n_trials)
            key = {"task": task.id, "method": method, "seed": seed}
            scores = score(task, study)
            rows += [key | {"trial": i, "score": s} for i, s in enumerate(scores, start=1)]
            arguments.out.mkdir(parents=True, exist_ok=True)
            pd.DataFrame(rows).to_csv(arguments.out / "outputs.csv", index=False)
    print(markdown_table(outputs_table(pd.DataFrame(rows)), digits=4))


def outputs_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean score by task and method at some numbers of trials."""
    return mean_by_trial(frame, ["task", "method"], "score", _CHECKPOINTS)


def score(task: OutputsTask, study: Study) -> list[float]:
    """What the feasible trials reached after each trial.

    The hypervolume above the task's reference point; with one objective, the best value.
    """
    scores = []
    feasible: list[list[float]] = []
    for trial in study.trials:
        values = np.array(trial.values)
        if max(trial.constraints.values(), default=0.0) <= 0.0 and (values < task.reference).all():
            feasible.append(trial.values)
        points = np.array(feasible).reshape(-1, len(task.reference))
        if len(task.reference) == 1:
            scores.append(float(points.min(initial=task.reference[0])))
        else:
            scores.append(compute_hypervolume(points, task.reference) if feasible else 0.0)
    return scores


def _optimized(task: OutputsTask, sampler: BaseSampler, n_trials: int) -> Study:
    study = optuna.create_study(directions=["minimize"] * len(task.reference), sampler=sampler)

    def objective(trial: optuna.Trial) -> list[float]:
        ends = zip(task.low, task.high, strict=True)
        x = [trial.suggest_float(f"x{i}", low, high) for i, (low, high) in enumerate(ends)]
        values, constraints = task.evaluate(np.array(x))
        for i, value in enumerate(constraints):
            trial.set_constraint(f"c{i}", float(value))
        return values

    study.optimize(objective, n_trials=n_trials)
    return study
