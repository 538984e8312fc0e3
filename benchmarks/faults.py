"""``python -m benchmarks faults``: real workers on a PostgreSQL server, killed at random moments.

Without kills it is the comparison of many workers with one: trainings are random sleeps. The
server is started for the purpose, and restarted in the middle if anybody is killed; ``--storage``
names another storage instead, which is left running: an empty database, ``redis://…`` for a
journal, or ``grpc://host:port`` for a proxy.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import signal
import time
import warnings
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import optuna
import pandas as pd
import sqlalchemy
from optuna.storages import BaseStorage
from optuna.storages import GrpcStorageProxy
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalRedisBackend
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from benchmarks.own_postgresql import own_postgresql
from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.runner import target_seed
from benchmarks.sources import source_studies
from benchmarks.suites import select_tasks
from benchmarks.tasks import Task
from optuna_scaleup import ScaleUpSampler


_STORAGE_ERRORS = (
    optuna.exceptions.StorageInternalError,
    optuna.exceptions.UpdateFinishedTrialError,  # a heartbeat was lost while the server was away
    sqlalchemy.exc.OperationalError,
)
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["benchmarks.faults"])


def run_faults(arguments: argparse.Namespace) -> None:
    """Prints a row for each run; writes a CSV."""
    quieten()
    rows: list[dict[str, Any]] = []
    tasks = select_tasks(arguments.data, arguments.tasks, None)
    with ExitStack() as stack:
        url, restart = arguments.storage, None
        if url is None:
            server = stack.enter_context(own_postgresql())
            url, restart = server.url, server.restart
        for task, n_workers, n_kills, seed in itertools.product(
            tasks, arguments.workers, arguments.kills, arguments.seeds
        ):
            run = Run(url, task, seed, n_workers, arguments)
            run.go(n_kills, restart if n_kills else None)
            rows.append(run.row() | {"kills": n_kills})
            print(rows[-1], flush=True)
    frame = pd.DataFrame(rows)
    arguments.out.mkdir(parents=True, exist_ok=True)
    frame.to_csv(arguments.out / "faults.csv", index=False)
    measured = ["complete", "lost", "identical", "first batch", "regret"]
    means = frame.groupby(["kills", "workers"])[measured]
    print(markdown_table(means.mean(), digits=3))


class Run:
    """One study by several processes.

    Args:
        url: Where the study is kept.
        task: What it optimizes.
        seed: Seed of source, faults and sleeps.
        n_workers: Number of processes.
        arguments: The command line: ``n_trials``, ``sleep``, ``data``, ``out``.
    """

    def __init__(
        self, url: str, task: Task, seed: int, n_workers: int, arguments: argparse.Namespace
    ) -> None:
        self._url, self._task, self._seed = url, task, seed
        self._n_workers, self._arguments = n_workers, arguments
        self._name = f"{task.id} {seed} {time.time_ns()}"
        self._study = optuna.create_study(
            study_name=self._name, storage=open_storage(url), direction=task.direction
        )
        self._sources = [s.trials for s in source_studies(task, seed, cache_dir=arguments.out)]
        self._workers: list[Any] = []

    def go(self, n_kills: int, restart: Callable[[], None] | None) -> None:
        """Runs the study; replaces who is killed.

        Args:
            n_kills: How many workers to kill, at random moments.
            restart: Restarts the server, called after half of the kills.
        """
        rng = np.random.default_rng(self._seed)
        self._workers = [self._start() for _ in range(self._n_workers)]
        killed = 0
        while any(worker.is_alive() for worker in self._workers):
            time.sleep(float(rng.exponential(self._pause(n_kills))))
            if restart is not None and killed >= n_kills // 2:
                restart()
                restart = None
            i = int(rng.integers(self._n_workers))
            if killed < n_kills and self._workers[i].is_alive():
                self._workers[i].kill()
                self._workers[i].join()
                killed += self._workers[i].exitcode == -signal.SIGKILL
                self._workers[i] = self._start()
        failed = [worker.exitcode for worker in self._workers if worker.exitcode]
        if failed:
            raise ValueError(f"Workers ended with an error of their own: {failed}.")
        if killed < n_kills:
            raise ValueError(
                f"The study ended after {killed} of {n_kills} kills: a longer `--sleep` is needed."
            )

    def _pause(self, n_kills: int) -> float:
        """Seconds between two kills, in the mean: in half of the time that trainings take."""
        trainings = self._arguments.sleep * self._arguments.n_trials / self._n_workers
        return float(0.5 * trainings / n_kills if n_kills else self._arguments.sleep)

    def row(self) -> dict[str, Any]:
        """What became of the study."""
        try:
            trials = self._study.get_trials(deepcopy=False)
        except _STORAGE_ERRORS:  # the connection is from before the restart
            trials = self._study.get_trials(deepcopy=False)
        done = [t for t in trials if t.state == TrialState.COMPLETE]
        best = min(
            (self._task.regret(self._task.noise_free(t.params)) for t in done), default=np.nan
        )
        return {
            "task": self._task.id,
            "seed": self._seed,
            "workers": self._n_workers,
            "complete": len(done),
            "lost": self._n_lost(trials),
            "identical": n_identical(trials),
            "first batch": n_distinct(trials[: self._n_workers]),
            "regret": round(best, 4),
        }

    def _n_lost(self, trials: Sequence[FrozenTrial]) -> int:
        """Killed trials that nobody tried again, and gaps in the numbers."""
        retried = {t.system_attrs.get("failed_trial") for t in trials}
        retried |= {n for t in trials for n in t.system_attrs.get("retry_history", [])}
        failed = [t for t in trials if t.state == TrialState.FAIL and t.params]
        gaps = len(set(range(len(trials))) - {t.number for t in trials})
        return gaps + sum(t.number not in retried for t in failed)

    def _start(self) -> Any:
        arguments = self._arguments
        work = (self._url, self._name, self._task.id, self._sources, self._seed, arguments)
        worker = _PROCESSES.Process(target=_work, args=work, daemon=True)
        worker.start()
        return worker


def n_identical(trials: Sequence[FrozenTrial]) -> int:
    """Pairs of which one was suggested while the other ran with the same parameters."""
    timed = [t for t in trials if "suggested" in t.user_attrs and t.datetime_complete is not None]
    timed = [t for t in timed if t.state == TrialState.COMPLETE]
    timed.sort(key=lambda t: t.user_attrs["suggested"])
    return sum(
        one.params == other.params
        and one.datetime_complete is not None
        and other.user_attrs["suggested"] < one.datetime_complete.timestamp()
        for one, other in itertools.combinations(timed, 2)
    )


def n_distinct(trials: Sequence[FrozenTrial]) -> int:
    """How many different points some trials tried."""
    return len({tuple(sorted(trial.params.items())) for trial in trials})


def open_storage(url: str) -> BaseStorage:
    """A storage; in a database, killed trials are tried again."""
    if url.startswith("redis://"):
        return JournalStorage(JournalRedisBackend(url))
    if url.startswith("grpc://"):
        host, port = url.removeprefix("grpc://").split(":")
        return GrpcStorageProxy(host=host, port=int(port))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.RDBStorage(
            url,
            heartbeat_interval=1,
            grace_period=5,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
        )


def _work(
    url: str,
    name: str,
    task_id: str,
    sources: Sequence[Sequence[FrozenTrial]],
    seed: int,
    arguments: argparse.Namespace,
) -> None:
    """Trains until the study has its trials; goes on after errors of the storage only."""
    quieten()
    warnings.simplefilter("ignore")
    (task,) = select_tasks(arguments.data, [task_id], None)
    rng = np.random.default_rng()
    sampler = ScaleUpSampler(sources, seed=target_seed(task, seed))

    def objective(trial: optuna.Trial) -> float:
        params = task.suggest(trial)
        trial.set_user_attr("suggested", time.time())
        time.sleep(float(rng.uniform(0.5, 1.5)) * arguments.sleep)
        return task.evaluate(params)

    study = None
    while True:
        try:
            if study is None:
                storage = open_storage(url)
                study = optuna.load_study(study_name=name, storage=storage, sampler=sampler)
            if len(study.get_trials(False, (TrialState.COMPLETE,))) >= arguments.n_trials:
                return
            study.optimize(objective, n_trials=1)
        except _STORAGE_ERRORS:
            time.sleep(0.2)
