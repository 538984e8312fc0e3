"""Slices: the star is where the drawn acquisition says, branches, and axes that show the point."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import optuna
import pytest

from optuna_scaleup import ScaleUpSampler


pytest.importorskip("plotly", reason="the figures need plotly")

from optuna_scaleup import visualization as figures
from optuna_scaleup.visualization._model import View
from optuna_scaleup.visualization._plotly import log_ticks
from optuna_scaleup.visualization._slices import ParamAxis
from optuna_scaleup.visualization._surrogate import prepare
from tests.versions import needs_set_constraint


def objective(trial: optuna.Trial, optimum: float = -3.0) -> float:
    log_lr = math.log10(trial.suggest_float("lr", 1e-5, 1e-1, log=True))
    value = 20.0 + 3.0 * (log_lr - optimum) ** 2
    if trial.suggest_categorical("kind", ["adam", "sgd"]) == "sgd":
        value += 5.0 + 30.0 * (trial.suggest_float("momentum", 0.0, 1.0) - 0.9) ** 2
    return value


@pytest.fixture(scope="module")
def large() -> optuna.Study:
    small = optuna.create_study(study_name="small", sampler=optuna.samplers.RandomSampler(seed=1))
    small.optimize(objective, n_trials=16)
    study = optuna.create_study(study_name="large", sampler=ScaleUpSampler(small, seed=0))
    for kind in ("adam", "sgd"):
        study.enqueue_trial({"lr": 1e-4, "kind": kind, "momentum": 0.5})
    study.optimize(lambda t: objective(t, -3.5), n_trials=6)
    return study


def named(figure: Any, name: str) -> list[Any]:
    return [t for t in figure.data if t.name == name]


def test_the_star_is_the_best_point_of_every_slice(large: optuna.Study) -> None:
    panels = prepare(View.of(large), {})
    assert not isinstance(panels, str)
    shown, space = panels.next, panels.target.space
    at_star = shown.acquisition(shown.at[None])[0]
    for name in space.names:
        axis = ParamAxis.of(space, name, 21)
        if shown.suggests(axis):
            assert shown.acquisition(shown.along(axis)).max() <= at_star + 0.05


def test_values_are_those_of_the_study(large: optuna.Study) -> None:
    panels = prepare(View.of(large), {})
    assert not isinstance(panels, str)
    assert sorted(panels.target.values) == pytest.approx(sorted(t.values[0] for t in large.trials))
    (median,) = panels.target.quantiles(panels.target.data.X[:1], (0.5,))
    assert 15.0 < median[0] < 60.0


def test_a_parameter_that_the_suggestion_lacks(large: optuna.Study) -> None:
    figure = figures.plot_surrogate(large, "momentum", fixed={"kind": "adam"})
    assert not named(figure, "next suggestion")
    assert not figure.layout.shapes  # a line at no place was drawn across the figure
    assert "best trial that has momentum" in figure.layout.title.text
    assert "kind = sgd" in figure.layout.title.text
    (median,) = [t for t in named(figure, "median") if t.legendgroup == "target"]
    assert np.isfinite(median.y).all()
    figure = figures.plot_surrogate(large, ["kind", "momentum"], fixed={"kind": "adam"})
    assert not named(figure, "next suggestion")
    z = np.array([t for t in figure.data if t.type == "heatmap"][1].z, dtype=float)
    assert np.isnan(z[:, 0]).all()  # adam has no momentum
    assert np.isfinite(z[:, 1]).all()


def test_held_values_are_part_of_the_suggestion(large: optuna.Study) -> None:
    figure = figures.plot_surrogate(large, "momentum", fixed={"kind": "sgd"})
    (star,) = named(figure, "next suggestion")
    (gain,) = named(figure, "acquisition")
    assert abs(star.x[0] - gain.x[int(np.argmax(gain.y))]) <= 2 / 60


def test_the_axis_shows_the_star_and_a_lone_trials_interval(large: optuna.Study) -> None:
    figure = figures.plot_surrogate(large, "lr", fixed={"kind": "sgd"})
    low, high = figure.layout.yaxis.range
    assert low < named(figure, "next suggestion")[0].y[0] < high

    lone = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    lone.optimize(lambda t: 2.0 + t.suggest_float("x", 0.0, 1.0), n_trials=1)
    figure = figures.plot_surrogate(lone)
    low, high = figure.layout.yaxis.range
    assert low < lone.best_value < high
    (band,) = named(figure, "50 % band")
    assert high - low > np.ptp(np.array(band.y)) > 0.0


def test_acquisition_after_trials_that_only_failed() -> None:
    small = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    small.optimize(lambda t: (t.suggest_float("x", 0, 1) - 0.3) ** 2, n_trials=8)
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))

    def failing(trial: optuna.Trial) -> float:
        trial.suggest_float("x", 0, 1)
        return float("nan")

    study.optimize(failing, n_trials=3)
    axis = figures.plot_surrogate(study, "x").layout.yaxis3
    assert axis.title.text == "Posterior mean,<br>feasible"
    assert axis.range is not None  # a logarithm, of which the bad end is of no interest


def test_acquisition_of_several_objectives_and_constraints() -> None:
    both = optuna.create_study(directions=["minimize", "maximize"], sampler=ScaleUpSampler(seed=0))
    both.optimize(lambda t: (x := t.suggest_float("x", 0, 1), x * x), n_trials=4)
    figure = figures.plot_surrogate(both, "x", objective=1)
    assert figure.layout.yaxis3.title.text == "Log EHVI"
    if not hasattr(optuna.Trial, "set_constraint"):
        return

    def bounded(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.set_constraint("half", 0.5 - x)
        return x

    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.optimize(bounded, n_trials=8)
    figure = figures.plot_surrogate(study, "x")
    assert figure.layout.yaxis3.title.text == "Log EI, feasible"
    assert named(figure, "next suggestion")[0].x[0] > 0.4


@pytest.mark.parametrize(
    ("low", "high", "n_least"),
    [
        (1e-5, 1e-1, 4),
        (8.0, 512.0, 4),
        (20.0, 90.0, 2),
        (3.1, 3.9, 2),
        (7e3, 6e5, 4),
        (1e3, 1e24, 4),
        (1e-300, 1e300, 4),
    ],
)
def test_log_axes_have_ticks(low: float, high: float, n_least: int) -> None:
    start, stop = math.log10(low), math.log10(high)
    options = log_ticks(start, stop)
    assert options["type"] == "log"
    if "tickvals" in options:
        assert len(options["tickvals"]) >= n_least
        assert all(low <= v <= high for v in options["tickvals"])
        texts = [text.replace("k", "e3").replace("M", "e6") for text in options["ticktext"]]
        assert list(map(float, texts)) == pytest.approx(options["tickvals"])
    else:
        assert n_least <= 1e-9 + (stop - start) / options["dtick"] <= 10


def test_parameters_of_branches_that_exclude_each_other() -> None:
    def branching(trial: optuna.Trial) -> float:
        kind = trial.suggest_categorical("kind", ["a", "b"])
        return trial.suggest_float(f"{kind}.x", 0.0, 1.0)

    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    for kind in "abab":
        study.enqueue_trial({"kind": kind})
    study.optimize(branching, n_trials=6)
    figure = figures.plot_surrogate(study, ("a.x", "b.x"))
    assert "No branch of the space has both 'a.x' and 'b.x'" in figure.layout.annotations[0].text
    recommended = ScaleUpSampler(seed=0).recommend(study, 3)
    shown = figures.plot_recommendation(study, recommended)
    labels = list(shown.layout.xaxis.ticktext)
    assert {"kind", *(name for one in recommended for name in one.params)} == set(labels[1:])
    for k, one in enumerate(recommended):
        (line,) = named(shown, "recommended" if k == 0 else f"alternative {k}")
        drawn = {labels[round(x)] for x, y in zip(line.x[1:], line.y[1:], strict=True) if y == y}
        assert drawn == set(one.params)


@needs_set_constraint
def test_estimated_and_infeasible_trials_look_different() -> None:
    def trained(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_constraint("c", 0.5 - x)
        for step in range(5):
            trial.report(x + 1.0 / (step + 1), step)
            if trial.number in (4, 5) and step == 2:
                raise optuna.TrialPruned
        return x + 0.2

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(trained, n_trials=8)
    figure = figures.plot_surrogate(study, "x")
    complete = [t.params["x"] for t in study.trials if t.number not in (4, 5)]
    drawn = {
        name: {float(x) for t in named(figure, name) for x in t.x}
        for name in ("trials", "infeasible trials", "pruned trials, estimated")
    }
    near = pytest.approx
    assert sorted(drawn["trials"]) == near(sorted(x for x in complete if x >= 0.5), rel=1e-4)
    infeasible = sorted(x for x in complete if x < 0.5)
    assert sorted(drawn["infeasible trials"]) == near(infeasible, rel=1e-4)
    assert infeasible
    pruned = sorted(study.trials[i].params["x"] for i in (4, 5))
    assert sorted(drawn["pruned trials, estimated"]) == near(pruned, rel=1e-4)


def test_a_constraint_that_is_no_number_is_broken() -> None:
    """As everywhere else; one that a trial does not have is not."""
    study = optuna.create_study()
    space: dict[str, Any] = {"x": optuna.distributions.FloatDistribution(0.0, 1.0)}
    kept: list[dict[str, Any]] = [{"constraints:c": -1.0}, {}, {"constraints:c": math.nan}]
    for x, attrs in zip((0.2, 0.4, 0.6), kept, strict=True):
        study.add_trial(
            optuna.create_trial(value=x, params={"x": x}, distributions=space, system_attrs=attrs)
        )
    figure = figures.plot_surrogate(study, "x")
    assert [x for t in named(figure, "trials") for x in t.x] == pytest.approx([0.2, 0.4])
    assert [x for t in named(figure, "infeasible trials") for x in t.x] == pytest.approx([0.6])


@pytest.mark.parametrize("seed", range(6))
def test_the_same_objective_has_one_axis(seed: int) -> None:
    def bowl(trial: optuna.Trial) -> float:
        return sum(trial.suggest_float(name, 0.0, 1.0) ** 2 for name in "abc")

    small = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    small.optimize(bowl, n_trials=20)
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=seed))
    study.optimize(bowl, n_trials=8)
    figure = figures.plot_surrogate(study, "a", source=small)
    assert figure.layout.yaxis2.title.text is None
