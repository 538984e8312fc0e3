"""``python -m benchmarks faults``: real workers on a PostgreSQL server, killed while they train.

Without kills it is the comparison of many workers with one: trainings are random sleeps. The
server is started for the purpose, and restarted in the middle if anybody is killed; ``--storage``
names another storage instead, which is left running: an empty database, ``redis://…`` for a
journal, or ``grpc://host:port`` for a proxy.

A kill hits a worker in the middle of a training, never one that starts up or waits, and counts
only if it left its trial running. Of the columns, ``killed`` are those trials; ``lost`` are those
of them without a successor, and gaps in the numbers; ``failed`` are trials that a living worker
gave up as the storage raised; ``unfinished`` are trials that wait or run in the end. Where the
storage keeps no heartbeat, nobody learns that a worker died: its trial runs for ever and nobody
tries it again, which is Optuna's behaviour and no loss of ours: such trials are unfinished.
Optuna marks dead workers' trials as failed and queues their successors in separate steps; those
that a kill or a restart of the server finds in between (``overlooked``) are queued by the process
that watches the workers, as the user guide advises.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import ExitStack
from contextlib import suppress
from datetime import timedelta
from typing import Any

import numpy as np
import optuna
import pandas as pd
import sqlalchemy
from optuna.storages import BaseStorage
from optuna.storages import GrpcStorageProxy
from optuna.storages import JournalStorage
from optuna.storages import RDBStorage
from optuna.storages import fail_stale_trials
from optuna.storages.journal import JournalRedisBackend
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from benchmarks.fault_counts import TRAINING
from benchmarks.fault_counts import in_training
from benchmarks.fault_counts import n_distinct
from benchmarks.fault_counts import n_failed
from benchmarks.fault_counts import n_identical
from benchmarks.fault_counts import n_lost
from benchmarks.own_postgresql import own_postgresql
from benchmarks.report_tables import markdown_table
from benchmarks.retries import retry_overlooked
from benchmarks.runner import quieten
from benchmarks.runner import target_seed
from benchmarks.sources import source_studies
from benchmarks.suites import find_task
from benchmarks.suites import select_tasks
from benchmarks.tasks import Task
from optuna_scaleup import ScaleUpSampler


_STORAGE_ERRORS = (
    optuna.exceptions.StorageInternalError,
    optuna.exceptions.UpdateFinishedTrialError,  # a heartbeat was lost while the server was away
    sqlalchemy.exc.OperationalError,
)
_FAULTS = ("killed", "overlooked", "lost", "failed", "unfinished")
_HEARTBEAT_SECONDS, _GRACE_SECONDS = 1, 5
_TICK_SECONDS = 0.05  # how often the killer looks who trains
_N_TRIES = 25
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
    measured = ["complete", *_FAULTS, "identical", "first batch", "regret"]
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
        storage = open_storage(url)
        self._has_heartbeat = isinstance(storage, RDBStorage)
        self._study = optuna.create_study(
            study_name=self._name, storage=storage, direction=task.direction
        )
        self._sources = [s.trials for s in source_studies(task, seed, cache_dir=arguments.out)]
        self._workers: list[Any] = []
        self._killed: set[int] = set()  # numbers of trials
        self._overlooked: list[int] = []
        self._looked = time.monotonic()

    def go(self, n_kills: int, restart: Callable[[], None] | None) -> None:
        """Runs the study; replaces who is killed.

        Args:
            n_kills: How many trials to end by killing their worker, at random moments of the
                first half of the time that the trainings take.
            restart: Restarts the server, called after half of the kills.

        Raises:
            ValueError: If a worker ended with an error of its own, or the study ended before the
                last kill.
        """
        rng = np.random.default_rng(self._seed)
        due = np.sort(rng.uniform(0.0, 0.5 * self._training_seconds(), n_kills))
        self._workers = [self._start() for _ in range(self._n_workers)]
        trained, seen = 0.0, time.monotonic()
        while any(worker.is_alive() for worker in self._workers):
            time.sleep(_TICK_SECONDS)
            self._look_after_trials()
            if len(self._killed) == n_kills:
                continue
            if restart is not None and len(self._killed) >= n_kills // 2:
                restart()
                restart = None
            victims = in_training(self._trials(), [w.name for w in self._workers], time.time())
            seen, before = time.monotonic(), seen
            # Starts and suggestions do not count, or kills put off by them would come all at once.
            trained += seen - before if victims else 0.0
            if victims and trained >= due[len(self._killed)]:
                self._kill(victims[int(rng.integers(len(victims)))])
        self._check(n_kills)
        self._wait_for_heartbeats()
        self._retry_overlooked(timedelta())

    def _look_after_trials(self) -> None:
        """What a supervisor of the workers does now and then."""
        if time.monotonic() - self._looked >= _GRACE_SECONDS:
            self._looked = time.monotonic()
            with suppress(*_STORAGE_ERRORS):  # once more next time
                self._retry_overlooked(timedelta(seconds=_GRACE_SECONDS))

    def _retry_overlooked(self, patience: timedelta) -> None:
        if self._has_heartbeat:
            self._overlooked += retry_overlooked(self._study, patience)

    def _training_seconds(self) -> float:
        """How long the trainings take without faults."""
        arguments = self._arguments
        return float(arguments.sleep * arguments.n_trials / self._n_workers)

    def _kill(self, victim: FrozenTrial) -> None:
        """Kills the worker of a trial; counts it if the trial had not ended just before."""
        names = [worker.name for worker in self._workers]
        i = names.index(victim.user_attrs[TRAINING]["worker"])
        self._workers[i].kill()
        self._workers[i].join()
        was_killed = self._workers[i].exitcode == -signal.SIGKILL
        if was_killed:
            self._workers[i] = self._start()
        running = {t.number for t in self._trials() if t.state == TrialState.RUNNING}
        if was_killed and victim.number in running:
            self._killed.add(victim.number)

    def _check(self, n_kills: int) -> None:
        failed = [worker.exitcode for worker in self._workers if worker.exitcode]
        if failed:
            raise ValueError(f"Workers ended with an error of their own: {failed}.")
        if len(self._killed) < n_kills:
            raise ValueError(
                f"The study ended after {len(self._killed)} of {n_kills} kills: a longer "
                f"`--sleep` is needed."
            )

    def _wait_for_heartbeats(self) -> None:
        """Lets the storage notice who was killed last, as the next worker would."""
        for _ in range(3 * _GRACE_SECONDS if self._has_heartbeat else 0):
            if all(trial.state != TrialState.RUNNING for trial in self._trials()):
                return
            time.sleep(_HEARTBEAT_SECONDS)
            fail_stale_trials(self._study)

    def _trials(self) -> list[FrozenTrial]:
        """All trials; once more if the connection is from before a restart."""
        for _ in range(_N_TRIES - 1):
            try:
                return self._study.get_trials(deepcopy=False)
            except _STORAGE_ERRORS:
                time.sleep(0.2)
        return self._study.get_trials(deepcopy=False)

    def row(self) -> dict[str, Any]:
        """What became of the study."""
        trials = self._trials()
        done = [t for t in trials if t.state == TrialState.COMPLETE]
        best = min(
            (self._task.regret(self._task.noise_free(t.params)) for t in done), default=np.nan
        )
        return {
            "task": self._task.id,
            "seed": self._seed,
            "workers": self._n_workers,
            "complete": len(done),
            "killed": len(self._killed),
            "overlooked": len(self._overlooked),
            "lost": n_lost(trials, self._killed, self._has_heartbeat),
            "failed": n_failed(trials, self._killed),
            "unfinished": sum(not t.state.is_finished() for t in trials),
            "identical": n_identical(trials),
            "first batch": n_distinct(trials[: self._n_workers]),
            "regret": round(best, 4),
        }

    def _start(self) -> Any:
        arguments = self._arguments
        work = (self._url, self._name, self._task.id, self._sources, self._seed, arguments)
        worker = _PROCESSES.Process(target=_work, args=work, daemon=True)
        worker.start()
        return worker


def open_storage(url: str) -> BaseStorage:
    """A storage; in a database, killed trials are tried again."""
    if url.startswith("redis://"):
        return JournalStorage(JournalRedisBackend(url))
    if url.startswith("grpc://"):
        host, port = url.removeprefix("grpc://").split(":")
        return GrpcStorageProxy(host=host, port=int(port))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return RDBStorage(
            url,
            heartbeat_interval=_HEARTBEAT_SECONDS,
            grace_period=_GRACE_SECONDS,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
        )


def is_of_storage(error: Exception) -> bool:
    """Whether an error that Optuna raises says no more than that the storage failed.

    A worker whose heartbeats came late is told that its trial has failed. A storage that is away
    while a value is written, and perhaps once more when Optuna asks what became of it, ends in a
    variable without a value or in an assertion of Optuna's loop (Optuna 5.0).
    """
    is_taken_for_dead = str(error) == f"Cannot tell a {TrialState.FAIL.name} trial."
    if isinstance(error, _STORAGE_ERRORS) or is_taken_for_dead:
        return True
    modules = [frame.f_globals["__name__"] for frame, _ in traceback.walk_tb(error.__traceback__)]
    is_of_the_loop = modules[-1:] == ["optuna.study._optimize"]
    cause = error.__context__
    return is_of_the_loop and isinstance(cause, Exception) and is_of_storage(cause)


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
    task = find_task(task_id, arguments.data)
    name_of_worker = multiprocessing.current_process().name
    rng = np.random.default_rng()
    sampler = ScaleUpSampler(sources, seed=target_seed(task, seed))

    def objective(trial: optuna.Trial) -> float:
        params = task.suggest(trial)
        seconds, now = float(rng.uniform(0.5, 1.5)) * arguments.sleep, time.time()
        trial.set_user_attr("suggested", now)
        trial.set_user_attr(TRAINING, {"worker": name_of_worker, "ends": now + seconds})
        time.sleep(seconds)
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
        except Exception as error:
            if not is_of_storage(error):
                raise
            time.sleep(0.2)
