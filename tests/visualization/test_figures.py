"""What the figures show: traces, ranges, titles, and what they say when there is nothing."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Literal

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.trial import TrialState
from optuna.trial import create_trial

from optuna_scaleup import ScaleUpSampler


pytest.importorskip("plotly", reason="the figures need plotly")

from optuna_scaleup import visualization as figures
from optuna_scaleup.visualization import _plotly as look


OPTIMA = {"small": -3.0, "large": -3.5}


def objective(trial: optuna.Trial, name: str, sign: float) -> float:
    log_lr = math.log10(trial.suggest_float("lr", 1e-5, 1e-1, log=True))
    kind = trial.suggest_categorical("kind", ["adam", "sgd"])
    value = 0.3 * (log_lr - OPTIMA[name]) ** 2 + (0.2 if kind == "sgd" else 0.0)
    if kind == "sgd":
        value += 0.1 * trial.suggest_float("momentum", 0.0, 0.9)
    return sign * value


def make_studies(
    storage: str | None, direction: Literal["minimize", "maximize"] = "minimize"
) -> optuna.Study:
    sign = 1.0 if direction == "minimize" else -1.0
    small = optuna.create_study(
        study_name="small",
        storage=storage,
        direction=direction,
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    small.optimize(lambda t: objective(t, "small", sign), n_trials=12)
    large = optuna.create_study(
        study_name="large",
        storage=storage,
        direction=direction,
        sampler=ScaleUpSampler(small, seed=0),
    )
    for momentum in (0.3, 0.6):  # so that every parameter varies
        large.enqueue_trial({"kind": "sgd", "momentum": momentum})
    large.optimize(lambda t: objective(t, "large", sign), n_trials=4)
    return large


@pytest.fixture(scope="module", params=["minimize", "maximize"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A large study as a new process finds it in the storage."""
    url = f"sqlite:///{tmp_path_factory.mktemp('studies') / 'studies.db'}"
    make_studies(url, request.param)
    return optuna.load_study(study_name="large", storage=url)


def traces(figure: Any, name: str, group: str | None = None) -> list[Any]:
    return [t for t in figure.data if t.name == name and group in (None, t.legendgroup)]


def texts(figure: Any) -> str:
    return " ".join([figure.layout.title.text or "", *(a.text for a in figure.layout.annotations)])


def test_surrogate_shows_both_studies_and_the_next_trial(large: optuna.Study) -> None:
    figure = figures.plot_surrogate(large, "lr")
    assert figure.layout.title.text.startswith("Surrogate Plot: lr")
    assert figure.layout.xaxis.type == "log"
    low, high = figure.layout.xaxis.range
    assert low < -5 < -1 < high < -0.5
    (target,) = traces(figure, "trials", "target")
    assert sorted(target.x) == pytest.approx(
        sorted(t.params["lr"] for t in large.trials), rel=1e-4
    )
    assert sorted(target.y) == pytest.approx(sorted(t.values[0] for t in large.trials), rel=1e-4)
    (source,) = traces(figure, "trials", "source")
    assert len(source.x) == 12
    (median,) = traces(figure, "median", "target")
    bands = {name: traces(figure, name, "target")[0] for name in ("50 % band", "90 % band")}
    n = len(median.x)
    for name, band in bands.items():
        upper, lower = np.array(band.y[:n]), np.array(band.y[n:][::-1])
        assert (lower <= np.array(median.y)).all(), name
        assert (upper >= np.array(median.y)).all(), name
    assert np.ptp(np.array(bands["90 % band"].y)) >= np.ptp(np.array(bands["50 % band"].y))
    (star,) = traces(figure, "next suggestion")
    (gain,) = traces(figure, "acquisition")
    step = 4.0 / (n - 1)
    best = gain.x[int(np.argmax(gain.y))]
    assert abs(math.log10(star.x[0]) - math.log10(best)) <= 2 * step
    y_low, y_high = figure.layout.yaxis.range
    best_value = large.best_value
    assert y_low < best_value < y_high


def test_surrogate_of_a_choice_and_of_a_pair(large: optuna.Study) -> None:
    figure = figures.plot_surrogate(large, "kind")
    assert list(figure.layout.xaxis.ticktext) == ["adam", "sgd"]
    assert len(traces(figure, "90 % interval", "target")[0].x) == 2
    figure = figures.plot_surrogate(large, ["lr", "kind"])
    maps = [t for t in figure.data if t.type == "heatmap"]
    assert [len(m.z) for m in maps] == [2, 2, 2, 2]
    assert all(np.isfinite(m.z).all() for m in maps)
    best_is_dark = (large.direction.name == "MINIMIZE") == bool(maps[1].reversescale)
    assert best_is_dark
    figure = figures.plot_surrogate(large, "momentum", fixed={"kind": "sgd", "lr": 1e-3})
    assert "kind = sgd" in texts(figure)


def test_surrogate_finds_its_parameter_and_checks_names(large: optuna.Study) -> None:
    assert figures.plot_surrogate(large).layout.title.text.startswith("Surrogate Plot: lr")
    for params in ("batch", ["lr", "lr"], ["lr", "kind", "momentum"]):
        with pytest.raises(ValueError, match=r"params|no parameter 'batch'"):
            figures.plot_surrogate(large, params)
    with pytest.raises(ValueError, match="`fixed` has 'kind': 'rmsprop'"):
        figures.plot_surrogate(large, "lr", fixed={"kind": "rmsprop"})
    with pytest.raises(ValueError, match="objective"):
        figures.plot_surrogate(large, "lr", objective=1)


def test_transfer_shows_predictions_outcomes_and_weights(large: optuna.Study) -> None:
    figure = figures.plot_transfer(large)
    (predicted,) = traces(figure, "predicted: median, 90 %")
    assert list(predicted.x) == [0, 1, 2, 3]
    outcomes = [t for t in figure.data if t.name and t.name.startswith("outcome")]
    values = {x: y for t in outcomes for x, y in zip(t.x, t.y, strict=True)}
    assert values == pytest.approx({t.number: t.value for t in large.trials}, rel=1e-4)
    (inside,) = traces(figure, "outcome, as predicted") or [None]
    n_inside = 0 if inside is None else len(inside.x)
    assert f"{n_inside} of 4 outcomes" in texts(figure)
    low = np.array(predicted.y) - np.array(predicted.error_y.arrayminus)
    high = np.array(predicted.y) + np.array(predicted.error_y.array)
    for i, number in enumerate(predicted.x):
        is_inside = inside is not None and number in inside.x
        assert is_inside == (low[i] - 1e-6 <= values[number] <= high[i] + 1e-6)
    weights = [traces(figure, f"share: {name}")[0].y for name in ("small", "no source")]
    np.testing.assert_allclose(np.sum(weights, axis=0), 1.0, atol=1e-5)


def test_a_bare_list_of_trials_has_no_name_to_show() -> None:
    small = make_studies(None).trials
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    study.optimize(lambda t: objective(t, "large", 1.0), n_trials=2)
    assert traces(figures.plot_surrogate(study, "lr"), "median", "source")
    study.sampler = RandomSampler()  # as in another process, which knows what the storage holds
    figure = figures.plot_surrogate(study, "lr")
    assert not traces(figure, "median", "source")
    told = texts(figure).replace("</sup><br><sup>", " ")
    assert "Not shown: source 'list of trials' (not a study of this storage)" in told
    figure = figures.plot_surrogate(study, "lr", source=small)
    assert traces(figure, "median", "source")
    assert traces(figures.plot_transfer(study), "share: list of trials")


@pytest.mark.parametrize(
    "plot", [figures.plot_surrogate, figures.plot_transfer, figures.plot_anytime]
)
def test_an_empty_study_is_an_informative_figure(plot: Any) -> None:
    figure = plot(optuna.create_study())
    assert not figure.data
    assert len(figure.layout.annotations[0].text) > 20


def test_one_trial_and_no_source() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.optimize(lambda t: t.suggest_int("n", 1, 9) ** 2, n_trials=1)
    figure = figures.plot_surrogate(study)
    (median,) = traces(figure, "median", "target")
    assert list(median.x) == list(range(1, 10))
    assert "another sampler" in texts(figures.plot_transfer(study))
    assert len(figures.plot_anytime(study).data) == 1


def test_a_source_of_another_metric_has_its_own_axis() -> None:
    large = make_studies(None, "maximize")
    small = optuna.create_study(study_name="loss", sampler=optuna.samplers.RandomSampler(seed=0))
    small.optimize(lambda t: objective(t, "small", 1.0), n_trials=6)
    figure = figures.plot_surrogate(large, "lr", source=small)
    (source,) = traces(figure, "median", "source")
    (target,) = traces(figure, "median", "target")
    assert source.yaxis != target.yaxis
    assert figure.layout.yaxis2.title.text == "loss (source)"


def finished(value: float, start: float, seconds: float, **attrs: Any) -> optuna.trial.FrozenTrial:
    from datetime import datetime
    from datetime import timedelta

    trial = create_trial(state=TrialState.COMPLETE, value=value, user_attrs=attrs)
    trial.datetime_start = datetime(2026, 1, 1) + timedelta(seconds=start)
    trial.datetime_complete = trial.datetime_start + timedelta(seconds=seconds)
    return trial


def test_anytime_by_trials_time_and_cost() -> None:
    study = optuna.create_study(study_name="one")
    # Two at once, then a night's pause.
    study.add_trial(finished(3.0, 0.0, 10.0, usd=1.0))
    study.add_trial(finished(4.0, 5.0, 15.0, usd=2.0))
    study.add_trial(finished(1.0, 36_000.0, 5.0))
    figure = figures.plot_anytime(study)
    (line,) = figure.data
    assert (list(line.x), list(line.y)) == ([1, 2, 3], [3.0, 3.0, 1.0])
    assert figure.layout.xaxis.dtick == 1
    (line,) = figures.plot_anytime(study, x="time").data
    assert list(line.x) == [10.0, 20.0, 25.0]
    (line,) = figures.plot_anytime(study, x="cost", cost="usd").data
    assert list(line.x) == [1.0, 3.0, 3.0]
    for two in (2.0, np.int64(2), np.float32(2.0)):
        (line,) = figures.plot_anytime(study, x="cost", cost=lambda trial, two=two: two).data
        assert list(line.x) == [2.0, 4.0, 6.0]


def test_anytime_averages_groups() -> None:
    group = []
    for values in ([4.0, 2.0, 1.0], [2.0, 3.0]):
        study = optuna.create_study()
        for i, value in enumerate(values):
            study.add_trial(finished(value, float(i), 1.0))
        group.append(study)
    figure = figures.plot_anytime({"both": group, "first": group[0]})
    (mean,) = traces(figure, "both (2 seeds)")
    assert (list(mean.x), list(mean.y)) == ([1, 2], [3.0, 2.0])
    assert len(traces(figure, "first")[0].x) == 3


def test_anytime_shows_the_samplers_time(large: optuna.Study) -> None:
    figure = figures.plot_anytime(large, x="time")
    (spent,) = traces(figure, "large: sampler")
    assert spent.y[0] == 0.0
    assert (np.diff(np.array(spent.y)) >= 0.0).all()
    assert spent.y[-1] > 0.0


def test_anytime_bad_arguments() -> None:
    up = optuna.create_study(direction="maximize")
    for given, options, message in (
        ([up, optuna.create_study()], {}, "different directions"),
        (up, {"x": "epochs"}, "'trials', 'time', 'cost'"),
        (up, {"x": "cost"}, "needs `cost`"),
    ):
        with pytest.raises(ValueError, match=message):
            figures.plot_anytime(given, **options)


def test_anytime_of_two_objectives_says_why_it_is_empty() -> None:
    two = optuna.create_study(directions=["minimize", "minimize"])
    assert "one objective" in texts(figures.plot_anytime(two))
    assert "one objective" in texts(figures.plot_anytime([two, two]))


@pytest.mark.parametrize("given", [None, 3, {"a": None}])
def test_anytime_says_what_it_takes(given: Any) -> None:
    with pytest.raises(TypeError, match=r"several, or a mapping .*; got a '(NoneType|int)'"):
        figures.plot_anytime(given)


def test_anytime_tells_studies_of_one_name_apart() -> None:
    given = ("large (2)", "large", "large")
    studies = [optuna.create_study(study_name=name) for name in given]
    for study in studies:
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    names = {trace.name for trace in figures.plot_anytime(studies).data if trace.name}
    assert {"large (1)", "large (2)", "large (3)"} <= names


def test_anytime_says_which_costs_there_are() -> None:
    study = optuna.create_study()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    study.add_trial(create_trial(value=1.0, user_attrs={"gpu": 2.0}))
    with pytest.raises(ValueError, match=r"'gpu_sec', its cost\. There is: 'gpu'"):
        figures.plot_anytime(study, x="cost", cost="gpu_sec")


def test_anytime_names_a_group_without_common_stretch() -> None:
    def costing(*costs: float) -> optuna.Study:
        study = optuna.create_study()
        for cost in costs:
            study.add_trial(create_trial(value=1.0, user_attrs={"gpu": cost}))
        return study

    apart = [costing(1.0, 1.0), costing(5.0, 1.0)]
    alone = figures.plot_anytime({"apart": apart}, x="cost", cost="gpu")
    assert "no stretch has all of its studies: apart" in alone.layout.annotations[0].text
    beside = figures.plot_anytime({"apart": apart, "one": apart[0]}, x="cost", cost="gpu")
    assert "no stretch has all of its studies: apart" in beside.layout.title.text
    assert [trace.name for trace in beside.data] == ["one"]


def test_small_differences_on_a_high_level_are_drawn() -> None:
    study = optuna.create_study()
    for value in (1e7 + 0.5, 1e7 + 0.25, 1e7):
        study.add_trial(create_trial(value=value))
    assert list(figures.plot_anytime(study).data[0].y) == [1e7 + 0.5, 1e7 + 0.25, 1e7]


@pytest.mark.parametrize(
    "plot",
    [
        figures.plot_anytime,
        figures.plot_drift,
        figures.plot_recommendation,
        figures.plot_surrogate,
        figures.plot_transfer,
    ],
)
def test_what_is_no_study_is_named(plot: Callable[[Any], Any]) -> None:
    for given in (["large"], "large", {"a": ["large"]}):
        with pytest.raises(TypeError, match="`study` is an Optuna study, one; got a '"):
            plot(given)


def test_without_plotly_the_error_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['plotly'] = None\n"
        "import optuna\nfrom optuna_scaleup import visualization as v\n"
        "assert not v.is_available()\n"
        "try:\n    v.plot_transfer(optuna.create_study())\n"
        "except ImportError as error:\n    print(error)"
    )
    root = Path(__file__).parents[2]
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    assert "optuna-scaleup[visualization]" in said


def test_transfer_marks_what_is_beyond_the_axis() -> None:
    def diverging(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        return 1e6 if x > 0.9 else x

    small = optuna.create_study(study_name="small", sampler=RandomSampler(seed=0))
    small.optimize(diverging, n_trials=6)
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    study.optimize(diverging, n_trials=4)
    study.enqueue_trial({"x": 1.0})
    study.optimize(diverging, n_trials=1)
    figure = figures.plot_transfer(study)
    (beyond,) = traces(figure, "outcome, beyond the axis")
    assert set(beyond.marker.symbol) == {"triangle-up"}
    assert dict(zip(beyond.x, beyond.text, strict=True))[4] == "1e+06"
    low, high = figure.layout.yaxis.range
    assert low < beyond.y[0] < high < 1e5
    assert dict(zip(beyond.x, beyond.marker.color, strict=True))[4] == look.GREY  # not predicted


def test_transfer_keeps_the_colour_of_what_is_beyond_the_axis() -> None:
    study = optuna.create_study()
    for value, high in ((1.0, 2), (1.1, 2), (1.2, 2), (90.0, 2), (80.0, 99)):
        prediction = {"value_interval": [0, 1, high], "source_weights": [0.5, 0.5]}
        attrs = {"scaleup:prediction:0": json.dumps(prediction)}
        study.add_trial(create_trial(value=value, system_attrs=attrs))
    figure = figures.plot_transfer(study)
    (beyond,) = traces(figure, "outcome, beyond the axis")
    assert list(beyond.x) == [3, 4]
    assert list(beyond.marker.color) == [look.VERMILLION, look.TARGET_COLOR]
    assert "4 of 5 outcomes lie" in texts(figure)
    one = optuna.create_study()
    one.add_trial(study.trials[0])
    told = texts(figures.plot_transfer(one))
    assert "1 of 1 outcome lies in the 90 % interval predicted for it" in told


def test_surrogate_marks_what_is_beyond_the_axis() -> None:
    """In the colour of its study, at the edge of the axis that the study has."""
    studies = [optuna.create_study(study_name=name) for name in ("small", "large")]
    for study in studies:
        for x in np.linspace(0.0, 1.0, 7):
            value = 1e6 if x > 0.9 else (x - 0.4) ** 2
            study.add_trial(
                optuna.create_trial(
                    params={"x": x},
                    distributions={"x": optuna.distributions.FloatDistribution(0.0, 1.0)},
                    value=value,
                )
            )
    small, large = studies  # of one unit
    figure = figures.plot_surrogate(large, "x", source=small)
    found = traces(figure, "trials beyond the axis")
    assert [list(t.x) for t in found] == [[1.0], [1.0]]
    assert [t.marker.color[0] for t in found] == [look.SOURCE_COLOR, look.TARGET_COLOR]
    assert all(t.text == ("1e+06",) and t.marker.symbol == ("triangle-up",) for t in found)
    low, high = figure.layout.yaxis.range
    assert all(low < t.y[0] < high < 1e5 for t in found)


def test_choices_that_look_alike_are_told_apart() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.optimize(lambda t: len(str(t.suggest_categorical("k", ["1", 1, "x"]))), n_trials=3)
    figure = figures.plot_surrogate(study, "k")
    assert list(figure.layout.xaxis.ticktext) == ["'1'", "1", "x"]
    told = {note.text for note in figures.plot_recommendation(study, n=1).layout.annotations}
    assert {"'1'", "1", "x"} <= told


def test_axes_are_named_as_the_study_names_its_objective() -> None:
    small = make_studies(None)
    study = optuna.create_study(sampler=ScaleUpSampler(small.trials, seed=0))
    study.set_metric_names(["val_loss"])
    study.enqueue_trial({"kind": "sgd"})
    study.optimize(lambda t: objective(t, "large", 1.0), n_trials=2)
    assert figures.plot_transfer(study).layout.yaxis.title.text == "val_loss"
    assert figures.plot_surrogate(study, "lr").layout.yaxis.title.text == "val_loss"
    assert "val_loss, slice" in texts(figures.plot_surrogate(study, ["lr", "momentum"]))
    assert "val_loss" in figures.plot_recommendation(study, n=1).layout.xaxis.ticktext
    assert figures.plot_anytime(study).layout.yaxis.title.text == "Best val_loss"
    both = figures.plot_anytime({"a": study, "b": small})  # of which one has no name for it
    assert both.layout.yaxis.title.text == "Best Objective Value"
    own = figures.plot_transfer(study, target_name="loss")
    assert own.layout.yaxis.title.text == "loss"


def test_transfer_of_one_trial_has_bars() -> None:
    small = make_studies(None).trials
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    study.optimize(lambda t: objective(t, "large", 1.0), n_trials=1)
    bars = [t for t in figures.plot_transfer(study).data if t.type == "bar"]
    assert sum(t.y[0] for t in bars) == pytest.approx(1.0)
    assert len(bars) == 2


def test_transfer_without_source_shows_predictions_alone() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0, n_startup_trials=2))
    study.optimize(lambda t: t.suggest_float("x", 0.0, 1.0), n_trials=4)
    figure = figures.plot_transfer(study)
    assert len(traces(figure, "predicted: median, 90 %")[0].x) > 0
    assert figure.layout.xaxis.title.text == "Trial"
    assert not [t for t in figure.data if t.name.startswith("share")]


def test_figures_do_not_repeat_what_the_sampler_has_said(log_lines: list[str]) -> None:
    small = optuna.create_study(study_name="other", sampler=optuna.samplers.RandomSampler(seed=0))
    small.optimize(lambda trial: trial.suggest_float("z", 0, 1), n_trials=3)
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    for _ in range(2):
        figures.plot_surrogate(study)
        figures.plot_transfer(study)
    assert sum("no value that a parameter of the study may" in line for line in log_lines) == 1


def test_transfer_of_several_objectives_shows_weights_alone() -> None:
    def two(trial: optuna.Trial) -> tuple[float, float]:
        x = trial.suggest_float("x", 0.0, 1.0)
        return x, (1.0 - x) ** 2

    small = optuna.create_study(directions=["minimize"] * 2, sampler=RandomSampler(seed=0))
    small.optimize(two, n_trials=8)
    study = optuna.create_study(directions=["minimize"] * 2, sampler=ScaleUpSampler(small, seed=0))
    study.optimize(two, n_trials=3)
    figure = figures.plot_transfer(study)
    assert {axis.title.text for axis in figure.select_yaxes()} == {"Share"}
    assert "of several objectives no value is predicted" in figure.layout.title.text


def test_what_trials_that_only_failed_leave_to_say() -> None:
    def failing(trial: optuna.Trial) -> float:
        trial.suggest_float("x", 0.0, 1.0)
        return math.nan

    small = optuna.create_study(sampler=RandomSampler(seed=0))
    small.optimize(failing, n_trials=3)
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    told = texts(figures.plot_surrogate(study)).replace("<br>", " ")
    assert "no source with a usable trial" in told
    assert "No source with a usable trial" in texts(figures.plot_drift(study))
    other = optuna.create_study(sampler=RandomSampler(seed=0))
    other.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=5)
    study = optuna.create_study(sampler=ScaleUpSampler(other, seed=0))
    study.optimize(failing, n_trials=2)
    assert "no predicted trial is complete yet" in texts(figures.plot_transfer(study))


def test_an_infinite_outcome_is_no_miss() -> None:
    study = optuna.create_study(direction="maximize", sampler=ScaleUpSampler(seed=0))
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=4)
    before = figures.plot_transfer(study).layout.title.text
    trial = study.ask()
    trial.suggest_float("x", 0.0, 1.0)
    study.tell(trial, -math.inf)
    assert figures.plot_transfer(study).layout.title.text == before
