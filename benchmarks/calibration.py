"""``python -m benchmarks calibration``: do 90 % intervals hold nine of ten outcomes?

``values`` are predicted before each trial and kept with it; ``places`` are where the optimum is
expected before the first large trial, on ladders whose drift is known.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise
from itertools import product
from typing import Any

import numpy as np
import optuna
import pandas as pd
from tqdm import tqdm

from benchmarks.drift_family import SPACE
from benchmarks.drift_family import TARGET
from benchmarks.drift_family import drift_ladder
from benchmarks.drift_family import finished_sources
from benchmarks.methods.scaleup import scaleup_sampler
from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.runner import target_seed
from benchmarks.sources import source_studies
from benchmarks.suites import select_tasks
from benchmarks.summary import ALL
from benchmarks.table_file import kept_rows
from optuna_scaleup import Interval
from optuna_scaleup import recommend
from optuna_scaleup.data.prediction import read_prediction


LADDER_LENGTHS = (2, 3, 4)
DEVIATIONS = (0.0, 0.04, 0.08)  # from the power law, widths of the space; one ladder after another
TRIAL_GROUPS = (0, 1, 3, 5, 10, 20, np.inf)
QUICK_TASKS = ("shift_2d",)
QUICK_N_TRIALS = 3

Rows = Iterator[dict[str, Any]]


def run_calibration(arguments: argparse.Namespace) -> None:
    """Prints the share of outcomes inside their intervals; writes a CSV for each part."""
    quieten()
    if arguments.quick:
        arguments.tasks, arguments.families = list(QUICK_TASKS), None
        arguments.seeds, arguments.n_trials, arguments.ladders = [0], QUICK_N_TRIALS, 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    values = kept_rows(arguments.out / "calibration_values.csv", value_rows(arguments))
    print("\n### Values: share of outcomes in the 90 % interval predicted before\n")
    print(markdown_table(value_table(values), digits=3))
    print()
    print(markdown_table(trial_table(values), digits=3), flush=True)
    if not arguments.ladders:
        return
    places = kept_rows(arguments.out / "calibration_places.csv", place_rows(arguments.ladders))
    print("\n### Places: share of optima in the 90 % interval\n")
    print(markdown_table(place_table(places), digits=3))


def value_rows(arguments: argparse.Namespace) -> Rows:
    """Predictions recorded with each trial of the tasks, and the outcomes."""
    tasks = select_tasks(arguments.data, arguments.tasks, arguments.families)
    for seed, task in tqdm([*product(arguments.seeds, tasks)], unit="run"):
        sources = source_studies(task, seed, cache_dir=arguments.out)
        sampler = scaleup_sampler(task, sources, target_seed(task, seed))
        study = optuna.create_study(direction=task.direction, sampler=sampler)
        for _ in range(arguments.n_trials):
            trial = study.ask()
            study.tell(trial, task.evaluate(task.suggest(trial)))
        for finished in study.trials:
            interval = read_prediction(finished).value_interval
            if interval is None:
                continue
            low, _, high = interval
            value = finished.values[0]
            yield {
                "family": task.family,
                "task": task.id,
                "seed": seed,
                "trial": finished.number + 1,
                "value": value,
                "low": low,
                "high": high,
                "is_inside": low <= value <= high,
                "is_worse": value > high if task.direction == "minimize" else value < low,
            }


def place_rows(n_ladders: int) -> Rows:
    """Where the best value of each parameter is expected, and where it is."""
    for seed, n in tqdm([*product(range(n_ladders), LADDER_LENGTHS)], unit="ladder"):
        deviation = DEVIATIONS[seed % len(DEVIATIONS)]
        ladder = drift_ladder(n, seed, deviation=deviation)
        (found,) = recommend(
            finished_sources(ladder, seed), scale=TARGET, search_space=SPACE, seed=seed
        )
        for name, true in ladder.optimum.items():
            where = found.optimum[name]
            assert isinstance(where, Interval)
            yield {
                "sources": n,
                "deviation": deviation,
                "seed": seed,
                "parameter": name,
                "in 50 %": where.inner[0] <= true <= where.inner[1],
                "in 90 %": where.outer[0] <= true <= where.outer[1],
            }


def value_table(rows: pd.DataFrame) -> pd.DataFrame:
    """By family, and over all tasks, each task weighing the same."""
    by_task = rows.groupby(["family", "task"])[["is_inside", "is_worse"]].mean()
    table = by_task.groupby("family").mean()
    table.loc[ALL] = by_task.mean()
    return table.rename(columns={"is_inside": "inside", "is_worse": "worse than predicted"})


def trial_table(rows: pd.DataFrame) -> pd.DataFrame:
    """By number of the trial."""
    labels = ["1"] + [f"{int(a) + 1} to {b:g}" for a, b in pairwise(TRIAL_GROUPS[1:-1])]
    labels = [*labels, f"from {int(TRIAL_GROUPS[-2]) + 1} on"]
    groups = pd.cut(rows["trial"], list(TRIAL_GROUPS), labels=labels)
    table = rows.groupby(groups, observed=True)[["is_inside", "is_worse"]].mean()
    return table.rename(columns={"is_inside": "inside", "is_worse": "worse than predicted"})


def place_table(rows: pd.DataFrame) -> pd.DataFrame:
    """By number of sources and deviation from the law, and over all ladders."""
    parts = {f"{n} sources": group for n, group in rows.groupby("sources")} | {
        f"off the law by {deviation:g}": group for deviation, group in rows.groupby("deviation")
    }
    means = {name: group[["in 50 %", "in 90 %"]].mean() for name, group in parts.items()}
    means[ALL] = rows[["in 50 %", "in 90 %"]].mean()
    return pd.DataFrame(means).T.rename_axis("ladders")
