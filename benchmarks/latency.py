"""``python -m benchmarks latency``: seconds of one suggestion, ours beside GPSampler's.

Both samplers see the same trials in the same process on one thread. A fresh sampler is warmed up
by one suggestion, as it would be in a running study; every measured suggestion comes after one
more finished trial.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.samplers import BaseSampler
from optuna.samplers import GPSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import create_trial
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from benchmarks.methods.scaleup import scaleup_sampler
from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.sources import source_studies
from benchmarks.suites import find_task
from benchmarks.tasks import Task


TASK = "shift_6d"
SEED = 0


def run_latency(arguments: argparse.Namespace) -> None:
    """Prints medians and the ratio at each number of target trials; writes a CSV."""
    quieten()
    with one_thread():
        frame = _measure(arguments)
    arguments.out.mkdir(parents=True, exist_ok=True)
    frame.to_csv(arguments.out / "latency.csv", index=False)
    print(markdown_table(latency_table(frame), digits=3))


def _measure(arguments: argparse.Namespace) -> pd.DataFrame:
    task = find_task(TASK, arguments.data)
    sources = source_studies(task, SEED, cache_dir=arguments.out)
    rows: list[dict[str, Any]] = []
    for n_trials in tqdm(arguments.counts, unit="count"):
        trials = _finished_trials(task, n_trials + arguments.repeats + 1)
        for name, sampler in _samplers(task, sources).items():
            seconds = _time_suggestions(task, sampler, trials, n_trials)
            rows += [{"method": name, "n_trials": n_trials, "seconds": s} for s in seconds]
    return pd.DataFrame(rows)


def latency_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Median seconds by method, and ours over GPSampler's, one column a number of trials."""
    medians = frame.pivot_table(
        index="method", columns="n_trials", values="seconds", aggfunc="median"
    )
    if {"scaleup", "gp_cold"} <= set(medians.index):
        medians.loc["ratio"] = medians.loc["scaleup"] / medians.loc["gp_cold"]
    return medians


def _samplers(task: Task, sources: Sequence[Study]) -> dict[str, BaseSampler]:
    return {
        "gp_cold": GPSampler(seed=SEED),
        "scaleup": scaleup_sampler(task, sources, seed=SEED),
    }


def _finished_trials(task: Task, n_trials: int) -> list[FrozenTrial]:
    """The better configurations of many random ones, as a study's own trials would be."""
    rng = np.random.default_rng(SEED)
    params = task.random_params(50 * n_trials, seed=int(rng.integers(2**31)))
    values = task.evaluate_many(params)
    order = np.argsort(values)[: 2 * n_trials]
    chosen = rng.permutation(order)[:n_trials]
    return [
        create_trial(
            params=params[i], distributions=dict(task.search_space), value=float(values[i])
        )
        for i in chosen
    ]


def _time_suggestions(
    task: Task, sampler: BaseSampler, trials: Sequence[FrozenTrial], n_trials: int
) -> list[float]:
    seconds = []
    for n in range(n_trials, len(trials)):
        # Another study each time: a trial that is asked for and not run would count as failed.
        study = optuna.create_study(direction=task.direction, sampler=sampler)
        study.add_trials(trials[:n])
        started = time.perf_counter()
        task.suggest(study.ask())
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch and the libraries behind numpy and scipy compute on one thread inside.

    Raises:
        ValueError: If one of them does not.
    """
    import scipy.linalg  # noqa: F401 -- what is not loaded yet is not limited
    import torch

    n_before = torch.get_num_threads()
    torch.set_num_threads(1)
    controller = ThreadpoolController()
    try:
        with controller.limit(limits=1):
            several = [pool for pool in ThreadpoolController().info() if pool["num_threads"] != 1]
            if several or torch.get_num_threads() != 1:
                raise ValueError(f"These compute on several threads: {several}.")
            yield
    finally:
        torch.set_num_threads(n_before)
