"""Nothing depends on where in memory an array lies.

NumPy 1.26 computes ``exp`` and its kin of a strided view by another method, which may round
another way, if the result happens to lie close behind the array viewed: two processes disagreed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.study import StudyDirection

from optuna_scaleup import ScaleUpSampler


_FUNCTIONS = ("exp", "log", "log1p", "expm1", "exp2", "log2", "log10")


def _is_strided(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.ndim > 0 and min(map(abs, x.strides)) > x.itemsize


def _watched(function: np.ufunc, found: set[str]) -> Callable[..., Any]:
    """The same function; notes the lines of the package that give it a strided view."""

    def watched(x: Any, *args: Any, **kwargs: Any) -> Any:
        caller = sys._getframe(1)
        module = caller.f_globals["__name__"]
        if module.startswith("optuna_scaleup.") and _is_strided(x):
            found.add(f"{module}:{caller.f_lineno}: np.{function.__name__}")
        return function(x, *args, **kwargs)

    return watched


@pytest.fixture
def strided_calls(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    found: set[str] = set()
    for name in _FUNCTIONS:
        monkeypatch.setattr(np, name, _watched(getattr(np, name), found))
    return found


def _objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 1e-3, 1.0, log=True)
    is_deep = trial.suggest_categorical("kind", ["plain", "deep"]) == "deep"
    n = trial.suggest_int("n", 1, 8) if is_deep else 1
    return (x - 0.1) ** 2 + n


@pytest.mark.parametrize("n_objectives", [1, 2])
@pytest.mark.parametrize("acquisition", ["log_ei", "lcb"])
def test_no_strided_views_in_exponentials(
    n_objectives: int, acquisition: str, strided_calls: set[str]
) -> None:
    """In all that a suggestion involves: a source, the cost, a running trial."""

    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        return (_objective(trial),) * n_objectives

    directions = [StudyDirection.MINIMIZE] * n_objectives
    random = optuna.samplers.RandomSampler(seed=0)
    source = optuna.create_study(directions=directions, sampler=random)
    source.optimize(objective, n_trials=12)
    sampler = ScaleUpSampler(source, seed=0, acquisition=acquisition, cost=lambda trial: 1.0)
    target = optuna.create_study(directions=directions, sampler=sampler)
    target.ask().suggest_float("x", 1e-3, 1.0, log=True)
    target.optimize(objective, n_trials=4)
    assert strided_calls == set()
