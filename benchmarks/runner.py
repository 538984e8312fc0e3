"""One run: a method on a task's target for some trials, every suggestion timed."""

from __future__ import annotations

import time
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.study import Study

from benchmarks.methods import METHODS
from benchmarks.methods import Impossible
from benchmarks.methods import Method
from benchmarks.sources import source_studies
from benchmarks.suites import find_task
from benchmarks.tasks import Task


@dataclass(frozen=True)
class RunKey:
    """What is run: one repetition of a method on a task."""

    task: str
    method: str
    seed: int


@dataclass(frozen=True)
class Row:
    """One target trial; the columns of the results file.

    Attributes:
        trial: Counts from 1.
        value: Raw metric as the method saw it.
        regret: Normalised regret of the best trial so far.
        seconds: Time that the method took to suggest and to take in the value.
        cost: Cost of the training in the task's own unit, where known.
    """

    family: str
    task: str
    method: str
    seed: int
    trial: int
    value: float
    regret: float
    seconds: float
    cost: float | None = None


@dataclass(frozen=True)
class RunResult:
    """Rows of a run, or the reason why there are none.

    Attributes:
        is_crash: Whether the reason is an error and no known limit of the method, so that another
            attempt may end otherwise.
    """

    key: RunKey
    family: str
    rows: tuple[Row, ...] = ()
    missing_because: str | None = None
    is_crash: bool = False


def run(key: RunKey, n_trials: int, data_dir: Path, cache_dir: Path | None) -> RunResult:
    """Runs one repetition; a rival's failure is a result, not an exception.

    Raises:
        Exception: What our own sampler raised: a fault to mend, not a row to leave out.
    """
    task = find_task(key.task, data_dir)
    sources = source_studies(task, key.seed, cache_dir=cache_dir)
    method = METHODS[key.method]
    try:
        rows = run_method(method, task, sources, key.seed, n_trials)
    except Impossible as reason:
        return RunResult(key, task.family, missing_because=str(reason))
    except Exception as error:  # Any other tool's failure is reported, never hidden.
        if method.is_ours:
            raise
        summary = f"{type(error).__name__}: {error}".splitlines()[0]
        return RunResult(key, task.family, missing_because=summary, is_crash=True)
    return RunResult(key, task.family, rows=tuple(rows))


def run_method(
    method: Method, task: Task, sources: Sequence[Study], seed: int, n_trials: int
) -> list[Row]:
    """Alternates ``suggest`` and ``observe``; starting the method counts to the first trial."""
    rows: list[Row] = []
    best_regret = float("inf")
    started = time.perf_counter()
    session = method.start(task, sources, target_seed(task, seed))
    for trial in range(1, n_trials + 1):
        params = session.suggest()
        suggested = time.perf_counter()
        value = task.evaluate(params)
        evaluated = time.perf_counter()
        session.observe(value)
        seconds = time.perf_counter() - evaluated + suggested - started
        best_regret = min(best_regret, task.regret(task.noise_free(params)))
        rows.append(
            Row(
                family=task.family,
                task=task.id,
                method=method.name,
                seed=seed,
                trial=trial,
                value=value,
                regret=best_regret,
                seconds=seconds,
                cost=task.cost(params),
            )
        )
        started = time.perf_counter()
    return rows


def target_seed(task: Task, seed: int) -> int:
    """The seed of a target run: equal for all methods, unlike those of other tasks and sources.

    Five repetitions would otherwise try the same five random designs on every task.
    """
    return zlib.crc32(f"{task.id} {seed}".encode())


def quieten() -> None:
    """Keeps Optuna's log and its notices about experimental classes out of the progress bar."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
