"""``python -m benchmarks parallel``: several workers against one, at equal numbers of trials.

Workers are simulated exactly: a training takes a random time, whoever finishes first tells its
value and asks anew while the other trials are running in the same study. Or trials start in
batches, each after the one before has told all its values: ``32x1+16`` is one worker for 32
trials, then 16 at once.
"""

from __future__ import annotations

import argparse
import heapq
import multiprocessing
import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from optuna.study import Study
from optuna.trial import Trial
from tqdm import tqdm

from benchmarks.methods import METHODS
from benchmarks.methods import Method
from benchmarks.methods.method import StudySession
from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.runner import target_seed
from benchmarks.sources import source_studies
from benchmarks.suites import find_task
from benchmarks.suites import select_tasks
from benchmarks.summary import mean_by_trial
from benchmarks.tasks import Task


Key = tuple[str, str, str, int]  # Task, method, number of workers or batches, seed.
_Rows = list[dict[str, Any]]
_Started = tuple[Trial, dict[str, Any]]  # With its parameters.


def run_parallel(arguments: argparse.Namespace) -> None:
    """Prints mean regret by workers and method; writes a CSV."""
    quieten()
    for workers in arguments.workers:
        batch_sizes(workers)  # what is no such number is said before anything runs
    tasks = select_tasks(arguments.data, arguments.tasks, arguments.families)
    ids = [task.id for task in tasks]
    runs = list(product(ids, arguments.methods, arguments.workers, arguments.seeds))
    run = partial(_run, n_trials=arguments.n_trials, data=arguments.data, out=arguments.out)
    frame = pd.DataFrame([row for rows in _all(run, runs, arguments.jobs) for row in rows])
    arguments.out.mkdir(parents=True, exist_ok=True)
    frame.to_csv(arguments.out / "parallel.csv", index=False)
    print(markdown_table(parallel_table(frame), digits=3))


def _all(run: Callable[[Key], _Rows], runs: Sequence[Key], n_jobs: int) -> Iterator[_Rows]:
    if n_jobs == 1:
        yield from map(run, tqdm(runs, unit="run"))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_jobs, context, initializer=quieten) as pool:
        yield from tqdm(pool.map(run, runs), total=len(runs), unit="run")


def _run(key: Key, n_trials: int, data: Path, out: Path) -> _Rows:
    task_id, name, workers, seed = key
    task, method = find_task(task_id, data), METHODS[name]
    sources = source_studies(task, seed, cache_dir=out)
    sizes = batch_sizes(workers)
    if len(sizes) == 1:
        regrets = run_workers(method, task, sources, seed, sizes[0], n_trials)
    else:
        regrets = run_batches(method, task, sources, seed, sizes)
    columns = {"task": task_id, "method": name, "workers": workers, "seed": seed}
    return [columns | {"trial": i, "regret": r} for i, r in enumerate(regrets, start=1)]


def batch_sizes(text: str) -> list[int]:
    """Sizes of batches, written as ``32x1+16``: 32 batches of one, then one of 16.

    Raises:
        ValueError: If it is written otherwise.
    """
    sizes: list[int] = []
    for part in text.split("+"):
        match = re.fullmatch(r"(?:([1-9]\d*)x)?([1-9]\d*)", part)
        if match is None:
            raise ValueError(
                f"`--workers` takes numbers of workers like 16, or batches like 32x1+16, but got "
                f"{text!r}."
            )
        sizes += [int(match[2])] * int(match[1] or 1)
    return sizes


def parallel_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean regret by method and number of workers at some numbers of finished trials."""
    return mean_by_trial(frame, ["method", "workers"], "regret", (4, 8, 16, 24, 32, 40, 48))


def run_workers(
    method: Method, task: Task, sources: Sequence[Study], seed: int, n_workers: int, n_trials: int
) -> list[float]:
    """Regret of the best finished trial after each finished one.

    Raises:
        ValueError: If the method is no Optuna sampler and so has no study to share.
    """
    run = _Run(method, task, sources, seed)
    durations = np.random.default_rng(seed).uniform(0.5, 1.5, n_trials)
    running: list[tuple[float, int, _Started]] = []
    now = 0.0
    for i in range(n_trials + n_workers):
        if i >= n_workers and running:
            now, _, started = heapq.heappop(running)
            run.tell(started)
        if i < n_trials:
            heapq.heappush(running, (now + durations[i], i, run.ask()))
    return run.regrets


def run_batches(
    method: Method, task: Task, sources: Sequence[Study], seed: int, sizes: Sequence[int]
) -> list[float]:
    """The same where trials start in batches of these sizes, each after the one before.

    Raises:
        ValueError: If the method is no Optuna sampler and so has no study to share.
    """
    run = _Run(method, task, sources, seed)
    for size in sizes:
        for started in [run.ask() for _ in range(size)]:
            run.tell(started)
    return run.regrets


class _Run:
    """One study that workers share.

    Attributes:
        regrets: Of the best finished trial after each finished one.
    """

    def __init__(self, method: Method, task: Task, sources: Sequence[Study], seed: int) -> None:
        session = method.start(task, sources, target_seed(task, seed))
        if not isinstance(session, StudySession):
            raise ValueError(f"{method.name} does not work on an Optuna study.")
        self._study = session.study
        self._task = task
        self.regrets: list[float] = []

    def ask(self) -> _Started:
        trial = self._study.ask()
        return trial, self._task.suggest(trial)

    def tell(self, started: _Started) -> None:
        trial, params = started
        self._study.tell(trial, self._task.evaluate(params))
        regret = self._task.regret(self._task.noise_free(params))
        self.regrets.append(min([regret, *self.regrets[-1:]]))
