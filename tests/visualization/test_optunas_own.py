"""Optuna's own plots, Plotly and matplotlib, of studies that this sampler made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna
import pytest

from optuna_scaleup import ScaleUpSampler


pytest.importorskip("plotly", reason="Optuna's plots need plotly")
matplotlib = pytest.importorskip("matplotlib", reason="Optuna's still plots need matplotlib")

SINGLE = [
    "plot_optimization_history",
    "plot_intermediate_values",
    "plot_slice",
    "plot_contour",
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_edf",
    "plot_rank",
    "plot_timeline",
]


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 1e-3, 1.0, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    value = x + (kind == "b")
    for step in range(3):
        trial.report(value + 1.0 / (step + 1), step)
    return value


@pytest.fixture(scope="module")
def large() -> optuna.Study:
    small = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    small.optimize(objective, n_trials=6)
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    study.enqueue_trial({"kind": "b"})  # so that every parameter varies
    study.optimize(objective, n_trials=4)
    return study


def plots(module: Any, name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(module, name)
    return function


@pytest.mark.parametrize("name", SINGLE)
def test_plotly(large: optuna.Study, name: str) -> None:
    figure = plots(optuna.visualization, name)(large)
    assert len(figure.data) > 0


@pytest.mark.parametrize("name", SINGLE)
def test_matplotlib(large: optuna.Study, name: str) -> None:
    matplotlib.use("Agg")
    axes = plots(optuna.visualization.matplotlib, name)(large)
    assert axes is not None
    matplotlib.pyplot.close("all")


def test_pareto_front() -> None:
    matplotlib.use("Agg")
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=ScaleUpSampler(seed=0)
    )
    study.optimize(lambda t: (x := t.suggest_float("x", 0, 1), x * x), n_trials=3)
    assert len(optuna.visualization.plot_pareto_front(study).data) > 0
    assert optuna.visualization.matplotlib.plot_pareto_front(study) is not None
    matplotlib.pyplot.close("all")
