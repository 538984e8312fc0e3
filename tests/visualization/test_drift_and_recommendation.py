"""Drift and recommendation: where the bars and lines are, the laws, the ends of the axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import optuna
import pytest

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source


pytest.importorskip("plotly", reason="the figures need plotly")

from optuna_scaleup import visualization as figures
from tests.versions import needs_set_constraint


WIDTHS = {16: -2.0, 64: -2.4, 256: -2.8, 1024: -3.2}


def objective(trial: optuna.Trial, optimum: float) -> float:
    log_lr = math.log10(trial.suggest_float("lr", 1e-5, 1e-1, log=True))
    rate = trial.suggest_float("dropout", 0.0, 0.5)
    kind = trial.suggest_categorical("kind", ["adam", "sgd"])
    return (log_lr - optimum) ** 2 + (rate - 0.2) ** 2 + (kind == "sgd")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A large study as a new process finds it in the storage."""
    url = f"sqlite:///{tmp_path_factory.mktemp('studies') / 'studies.db'}"
    *ladder, target = [
        optuna.create_study(
            study_name=f"width {width}",
            storage=url,
            sampler=optuna.samplers.RandomSampler(seed=width),
        )
        for width in WIDTHS
    ]
    for study, optimum in zip(ladder, WIDTHS.values(), strict=False):
        study.optimize(lambda t, o=optimum: objective(t, o), n_trials=20)  # type: ignore[misc]
    sources = [
        Source(study, scale={"width": width}) for study, width in zip(ladder, WIDTHS, strict=False)
    ]
    target.sampler = ScaleUpSampler(sources, scale={"width": 1024}, seed=0)
    target.optimize(lambda t: objective(t, WIDTHS[1024]), n_trials=2)
    return optuna.load_study(study_name="width 1024", storage=url)


def named(figure: Any, name: str) -> list[Any]:
    return [t for t in figure.data if t.name == name]


def test_drift_shows_every_size_and_the_law(large: optuna.Study) -> None:
    figure = figures.plot_drift(large)
    assert figure.layout.yaxis.title.text == "lr"
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis2.title.text == "dropout"
    assert figure.layout.xaxis.title.text == "width"
    thin, thick = [t for t in named(figure, "sources") if t.yaxis == "y"]
    assert list(thin.x) == [16, 64, 256]
    assert (np.array(thin.error_y.array) >= np.array(thick.error_y.array)).all()
    for y, optimum in zip(thin.y, WIDTHS.values(), strict=False):
        assert abs(math.log10(y) - optimum) < 0.5
    (target, _) = [t for t in named(figure, "target, predicted") if t.yaxis == "y"]
    assert list(target.x) == [1024]
    (law,) = [t for t in figure.data if t.name and t.name.startswith("lr ∝ width<sup>-")]
    assert law.legend == "legend2"
    low, high = figure.layout.yaxis.range
    ends = [*thin.y, *target.y]
    assert low < math.log10(min(ends)) < math.log10(max(ends)) < high


def test_the_law_of_sizes_that_grow_together_is_of_their_product(large: optuna.Study) -> None:
    ladder = [
        Source(
            optuna.load_study(study_name=f"width {width}", storage=large._storage),
            scale={"width": width, "tokens": 20 * width},
        )
        for width in (16, 64)
    ]
    target = optuna.create_study(
        sampler=ScaleUpSampler(ladder, scale={"width": 1024, "tokens": 20480}, seed=0)
    )
    figure = figures.plot_drift(target, "lr")
    (law,) = [t.name for t in figure.data if t.legend == "legend2"]
    assert law.startswith("lr ∝ (tokens × width)<sup>")
    assert law.count("sup>") == 2  # not times those of each


def test_drift_of_one_parameter_and_wrong_names(large: optuna.Study) -> None:
    figure = figures.plot_drift(large, ["dropout"])
    assert figure.layout.yaxis.title.text == "dropout"
    assert len(list(figure.select_yaxes())) == 1
    for name in ("kind", "batch"):
        with pytest.raises(ValueError, match=f"'{name}' is no numeric parameter"):
            figures.plot_drift(large, [name])


def test_drift_without_sizes_names_the_studies(large: optuna.Study) -> None:
    small = optuna.load_study(study_name="width 16", storage=large._storage)
    other = optuna.create_study(study_name="other")  # one without a recorded size
    other.add_trials(small.trials)
    figure = figures.plot_drift(large, source=other)
    assert list(figure.layout.xaxis.ticktext) == ["other", "width 1024"]
    assert not [t for t in figure.data if t.showlegend and t.legend == "legend2"]


def test_recommendation_lines_and_ends(large: optuna.Study) -> None:
    recommended = ScaleUpSampler(
        optuna.load_study(study_name="width 256", storage=large._storage), seed=0
    ).recommend(large, 2)
    figure = figures.plot_recommendation(large, recommended, target_name="loss")
    (line,) = named(figure, "recommended")
    assert len(named(figure, "alternative 1")) == 1
    assert list(figure.layout.xaxis.ticktext) == ["loss", "dropout", "kind", "lr"]
    params = recommended[0].params
    heights = dict(zip(line.x, line.y, strict=True))
    assert heights[1] == pytest.approx(params["dropout"] / 0.5, abs=1e-4)
    assert heights[2] == pytest.approx({"adam": 0.25, "sgd": 0.75}[params["kind"]])
    assert heights[3] == pytest.approx((math.log10(params["lr"]) + 5) / 4, abs=1e-4)
    (outer,) = [t for t in named(figure, "optimum lies here: 90 %") if t.x[0] == 3]
    low, high = recommended[0].optimum["lr"].outer  # type: ignore[union-attr]
    assert outer.y == pytest.approx([(math.log10(e) + 5) / 4 for e in (low, high)], abs=1e-4)
    ends = {a.text for a in figure.layout.annotations}
    assert {"0", "0.5", "1e-05", "0.1", "adam", "sgd"} <= ends
    assert "from 2 large trials and the sources" in figure.layout.title.text


def test_recommendation_without_source() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1)
    title = figures.plot_recommendation(study).layout.title.text
    assert "from 1 trial, without a source" in title


@pytest.mark.parametrize("plot", [figures.plot_drift, figures.plot_recommendation])
def test_nothing_to_show(plot: Any) -> None:
    figure = plot(optuna.create_study())
    assert not figure.data
    assert len(figure.layout.annotations[0].text) > 20
    both = optuna.create_study(directions=["minimize", "maximize"])
    assert "one objective" in plot(both).layout.annotations[0].text


def test_drift_takes_one_name(large: optuna.Study) -> None:
    assert figures.plot_drift(large, "dropout") == figures.plot_drift(large, ["dropout"])


@pytest.mark.parametrize(
    "plot", [figures.plot_drift, figures.plot_recommendation, figures.plot_surrogate]
)
def test_a_study_is_not_its_own_source(plot: Any) -> None:
    study = optuna.create_study(study_name="mine")
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=2)
    with pytest.raises(ValueError, match="'mine' is its own source"):
        plot(study, source=study)


@needs_set_constraint
def test_drift_finds_the_optimum_at_a_limit() -> None:
    """Few ways lead up along it: in coarse steps all draws end at the same trial."""

    def bounded(trial: optuna.Trial) -> float:
        x, y = (trial.suggest_float(name, 0.0, 1.0) for name in "xy")
        trial.set_constraint("memory", 0.6 - x)
        trial.set_constraint("latency", y - 0.9)
        return x + y

    small = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    small.optimize(bounded, n_trials=20)
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    study.optimize(bounded, n_trials=1)
    thin, _ = named(figures.plot_drift(study, "x"), "sources")
    assert thin.y[0] == pytest.approx(0.6, abs=0.003)


def test_odds_of_equal_choices_stand_at_the_first() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    choices: Any = [1, True, "x"]
    study.optimize(
        lambda t: float(t.suggest_categorical("kind", choices) == "x") + t.number, n_trials=6
    )
    figure = figures.plot_recommendation(study, n=1)
    (odds,) = named(figure, "odds of each choice")
    assert list(odds.y) == pytest.approx([0.5 / 3, 2.5 / 3], abs=1e-4)
    assert [text.split(":")[0] for text in odds.text] == ["1", "x"]
    assert len(odds.x) == len(odds.marker.size) == 2
    assert "True" not in {a.text for a in figure.layout.annotations}  # written over the 1


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_odds_of_choices_that_are_no_keys() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    choices: Any = [[64], [64, 64]]
    study.optimize(lambda t: float(len(t.suggest_categorical("layers", choices))), n_trials=5)
    (odds,) = named(figures.plot_recommendation(study, n=1), "odds of each choice")
    assert list(odds.y) == pytest.approx([0.25, 0.75])


def test_no_recommendation_is_no_lack_of_parameters(large: optuna.Study) -> None:
    figure = figures.plot_recommendation(large, [])
    assert "`recommendations` is empty" in figure.layout.annotations[0].text
