"""``python -m benchmarks parallel``: several workers against one, at equal numbers of trials.

Workers are simulated exactly: a training takes a random time, whoever finishes first tells its
value and asks anew while the other trials are running in the same study. With ``--n-alone`` one
worker starts alone: what the others cost once so many results are known.
"""

from __future__ import annotations

import argparse
import heapq
import multiprocessing
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


Key = tuple[str, str, int, int]  # Task, method, number of workers, seed.
_Rows = list[dict[str, Any]]


def run_parallel(arguments: argparse.Namespace) -> None:
    """Prints mean regret by workers and method; writes a CSV."""
    quieten()
    tasks = select_tasks(arguments.data, arguments.tasks, arguments.families)
    ids = [task.id for task in tasks]
    runs = list(product(ids, arguments.methods, arguments.workers, arguments.seeds))
    run = partial(
        _run,
        n_trials=arguments.n_trials,
        n_alone=arguments.n_alone,
        data=arguments.data,
        out=arguments.out,
    )
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


def _run(key: Key, n_trials: int, n_alone: int, data: Path, out: Path) -> _Rows:
    task_id, name, n_workers, seed = key
    task = find_task(task_id, data)
    sources = source_studies(task, seed, cache_dir=out)
    regrets = run_workers(METHODS[name], task, sources, seed, n_workers, n_trials, n_alone)
    columns = {"task": task_id, "method": name, "workers": n_workers, "seed": seed}
    return [columns | {"trial": i, "regret": r} for i, r in enumerate(regrets, start=1)]


def parallel_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean regret by method and number of workers at some numbers of finished trials."""
    return mean_by_trial(frame, ["method", "workers"], "regret", (4, 8, 16, 24, 32, 40, 48))


def run_workers(
    method: Method,
    task: Task,
    sources: Sequence[Study],
    seed: int,
    n_workers: int,
    n_trials: int,
    n_alone: int = 0,
) -> list[float]:
    """Regret of the best finished trial after each finished one.

    Args:
        method: What suggests.
        task: The problem.
        sources: Its small studies.
        seed: Of the run.
        n_workers: How many trials run at once.
        n_trials: How many trials to start.
        n_alone: How many trials a single worker finishes before the others start.

    Raises:
        ValueError: If the method is no Optuna sampler and so has no study to share.
    """
    session = method.start(task, sources, target_seed(task, seed))
    if not isinstance(session, StudySession):
        raise ValueError(f"{method.name} does not work on an Optuna study.")
    durations = iter(np.random.default_rng(seed).uniform(0.5, 1.5, n_trials).tolist())
    running: list[tuple[float, int, Trial, dict[str, Any]]] = []
    regrets: list[float] = []
    now, best = 0.0, float("inf")
    while len(regrets) < n_trials:
        n_slots = 1 if len(regrets) < n_alone else n_workers
        while len(running) < min(n_slots, n_trials - len(regrets)):
            trial = session.study.ask()
            params = task.suggest(trial)
            heapq.heappush(running, (now + next(durations), trial.number, trial, params))
        now, _, trial, params = heapq.heappop(running)
        session.study.tell(trial, task.evaluate(params))
        best = min(best, task.regret(task.noise_free(params)))
        regrets.append(best)
    return regrets
