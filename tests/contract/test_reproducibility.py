"""The same seed gives the same suggestions, in any process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from optuna_scaleup import ScaleUpSampler


N_TRIALS = 15

# Run in fresh interpreters; prints the hash of a text, then the last parameters.
PROGRAM = """
import json
import sys

import optuna
from tests.contract.test_reproducibility import make_sampler
from tests.contract.test_reproducibility import mixed_objective

optuna.logging.set_verbosity(optuna.logging.WARNING)
sampler = make_sampler(seed=1, is_warm=sys.argv[1] == "warm")
study = optuna.create_study(sampler=sampler)
study.optimize(mixed_objective, n_trials=int(sys.argv[2]))
print(json.dumps([hash("differs between processes"), study.trials[-1].params]))
"""


def suggest_all(trial: optuna.Trial) -> list[float]:
    return [
        trial.suggest_float("a", 1, 9),
        trial.suggest_float("b", 1, 9, log=True),
        trial.suggest_float("c", 1, 9, step=1),
        trial.suggest_int("d", 1, 9),
        trial.suggest_int("e", 1, 9, log=True),
        trial.suggest_int("f", 1, 9, step=2),
        trial.suggest_categorical("g", range(1, 10)),
    ]


def mixed_objective(trial: optuna.Trial) -> float:
    return sum(suggest_all(trial))


def flat_objective(trial: optuna.Trial) -> float:
    suggest_all(trial)
    return 0.0


def make_sampler(seed: int, is_warm: bool) -> ScaleUpSampler:
    if not is_warm:
        return ScaleUpSampler(seed=seed)
    source = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    source.optimize(mixed_objective, n_trials=10)
    return ScaleUpSampler(source, seed=seed)


def params_of(
    sampler: ScaleUpSampler, objective: Callable[[optuna.Trial], float]
) -> list[dict[str, object]]:
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=N_TRIALS)
    return [trial.params for trial in study.trials]


both_starts = pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])


@both_starts
@pytest.mark.parametrize("objective", [mixed_objective, flat_objective])
def test_reproducible(is_warm: bool, objective: Callable[[optuna.Trial], float]) -> None:
    first = params_of(make_sampler(1, is_warm), objective)
    assert first == params_of(make_sampler(1, is_warm), objective)
    assert first != params_of(make_sampler(2, is_warm), objective)


@both_starts
def test_reseed_rng_changes_the_suggestions(is_warm: bool) -> None:
    reseeded = make_sampler(1, is_warm)
    reseeded.reseed_rng()
    assert params_of(make_sampler(1, is_warm), mixed_objective) != params_of(
        reseeded, mixed_objective
    )


@pytest.mark.parametrize("start", ["cold", "warm"])
def test_reproducible_in_other_processes(start: str) -> None:
    """String hashes differ between the processes, suggestions do not."""
    environment = {name: v for name, v in os.environ.items() if name != "PYTHONHASHSEED"}
    outputs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", PROGRAM, start, str(N_TRIALS)],
                cwd=Path(__file__).parents[2],
                env=environment,
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(3)
    ]
    hashes, params = zip(*outputs, strict=True)
    assert len(set(hashes)) > 1
    assert params[0] == params[1] == params[2]


@both_starts
def test_a_resumed_study_goes_on_as_if_never_interrupted(is_warm: bool, tmp_path: Path) -> None:
    def run(n_sessions: int) -> list[dict[str, object]]:
        storage = f"sqlite:///{tmp_path / f'{n_sessions}.db'}"
        for _ in range(n_sessions):
            study = optuna.create_study(
                study_name="large",
                storage=storage,
                sampler=make_sampler(3, is_warm),
                load_if_exists=True,
            )
            study.optimize(mixed_objective, n_trials=6 // n_sessions)
        return [trial.params for trial in study.trials]

    assert run(n_sessions=1) == run(n_sessions=3)
