"""What the worker processes of the storage tests do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from threading import Barrier
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial

from optuna_scaleup import ScaleUpSampler
from tests.storages.places import PROCESSES
from tests.storages.places import Place


STUDY = "large"
_TIMEOUT = 300.0

_barrier: Barrier


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 0, 1)
    y = trial.suggest_float("y", 0, 1)
    return (x - 0.3) ** 2 + (y - 0.6) ** 2


def small_space_objective(trial: optuna.Trial) -> float:
    """Of 15 points; a training takes a while."""
    n = trial.suggest_int("n", 1, 5)
    c = trial.suggest_categorical("c", ["a", "b", "c"])
    trial.set_user_attr("suggested", time.time())
    time.sleep(0.02 + 0.2 * np.random.default_rng([n, trial.number]).random())
    return abs(n - 3) + float(c == "a")


@cache
def source_trials() -> list[FrozenTrial]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=8)
    return study.trials


def create(place: Place) -> optuna.Study:
    return optuna.create_study(study_name=STUDY, storage=place.open())


def load(place: Place, *, seed: int | None, is_warm: bool) -> optuna.Study:
    sampler = ScaleUpSampler(source_trials() if is_warm else None, seed=seed)
    return optuna.load_study(study_name=STUDY, storage=place.open(), sampler=sampler)


def first_batch(place: Place, is_warm: bool) -> dict[str, Any]:
    """Asks when all workers ask, and trains until all have asked; the parameters."""
    study = load(place, seed=None, is_warm=is_warm)
    _barrier.wait(_TIMEOUT)
    trial = study.ask()
    value = objective(trial)
    _barrier.wait(_TIMEOUT)
    study.tell(trial, value)
    return trial.params


def some_trials(place: Place, n_trials: int, seed: int | None) -> list[dict[str, Any]]:
    """A session of its own; parameters of all trials at its end."""
    study = load(place, seed=seed, is_warm=True)
    study.optimize(objective, n_trials=n_trials)
    return [trial.params for trial in study.trials]


def small_space(place: Place, n_trials: int) -> None:
    study = load(place, seed=None, is_warm=False)
    _barrier.wait(_TIMEOUT)
    study.optimize(small_space_objective, n_trials=n_trials)


def in_processes(n: int, work: Any, *arguments: Any) -> Sequence[Any]:
    """Runs the same work in new processes at the same time; what each returned."""
    barrier = PROCESSES.Barrier(n)
    with ProcessPoolExecutor(n, PROCESSES, _keep, (barrier,)) as pool:
        futures = [pool.submit(work, *arguments) for _ in range(n)]
        return [future.result(_TIMEOUT) for future in futures]


def _keep(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier
    optuna.logging.set_verbosity(optuna.logging.WARNING)
