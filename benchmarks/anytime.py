"""``python -m benchmarks anytime``: regret by wall-clock time, the sampler's own included.

A trial of the target is said to train for a fixed time; the time that the sampler took comes from
the results file. Cheap training favours quick samplers, expensive training sample-efficient ones.
"""

from __future__ import annotations

import argparse

import pandas as pd

from benchmarks.budgets import regret_at_budgets
from benchmarks.report_tables import markdown_table
from benchmarks.results import read_results
from benchmarks.suites import select_rows
from benchmarks.summary import ALL


def run_anytime(arguments: argparse.Namespace) -> None:
    """Prints mean regret at time budgets, one table an assumed training time."""
    rows = select_rows(read_results(arguments.results), arguments)
    for train_seconds in arguments.train_seconds:
        print(f"\n### {train_seconds:g} s of training a trial\n")
        print(markdown_table(anytime_table(rows, train_seconds, arguments.budgets), digits=3))


def with_elapsed(rows: pd.DataFrame, train_seconds: float) -> pd.DataFrame:
    """Adds ``elapsed``: seconds until a trial's value is known."""
    own = rows.sort_values("trial").groupby(["task", "method", "seed"])["seconds"].cumsum()
    return rows.assign(elapsed=own + train_seconds * rows["trial"])


def anytime_table(
    rows: pd.DataFrame, train_seconds: float, n_trainings: list[int]
) -> pd.DataFrame:
    """Mean regret at time budgets: index method.

    Args:
        rows: Results.
        train_seconds: How long each trial trains.
        n_trainings: Budgets, in trainings; in seconds where trainings are shorter than one.
    """
    budgets = [n * max(train_seconds, 1.0) for n in n_trainings]
    rows = with_elapsed(rows, train_seconds)
    by_run = regret_at_budgets(rows, ["method", "task", "seed"], "elapsed", budgets)
    table = by_run.groupby(["method", "task"]).mean().groupby("method").mean()
    table.columns = pd.Index([f"{budget:g} s" for budget in budgets])
    table.index.name = f"method ({ALL} tasks)"
    return table
