"""The next suggestion in the figures: that of the study's own sampler, and what it is."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.samplers import RandomSampler

from optuna_scaleup import ScaleUpSampler


pytest.importorskip("plotly", reason="the figures need plotly")

from optuna_scaleup import visualization as figures


def bowl(trial: optuna.Trial) -> float:
    x, y = (trial.suggest_float(name, 0.0, 1.0) for name in "xy")
    return (x - 0.3) ** 2 + y


@pytest.fixture(scope="module")
def small() -> optuna.Study:
    study = optuna.create_study(sampler=RandomSampler(seed=1))
    study.optimize(bowl, n_trials=12)
    return study


def made(sampler: ScaleUpSampler, n_trials: int) -> optuna.Study:
    study = optuna.create_study(sampler=sampler)
    study.optimize(bowl, n_trials=n_trials)
    return study


def star_of(figure: Any) -> tuple[float, ...]:
    (star,) = [t for t in figure.data if t.name == "next suggestion" and t.showlegend is not False]
    return tuple(star.x)


def title_of(figure: Any) -> str:
    return str(figure.layout.title.text).replace("</sup><br><sup>", " ")


def asked(study: optuna.Study) -> Any:
    return study.ask(study.trials[0].distributions).params


def test_the_samplers_acquisition_function_is_shown(small: optuna.Study) -> None:
    study = made(ScaleUpSampler(small, seed=0, acquisition="max_variance"), 7)
    figure = figures.plot_surrogate(study, "x")
    assert figure.layout.yaxis3.title.text == "Variance"
    assert "settings" not in title_of(figure)
    given = figures.plot_surrogate(study, "x", source=small)
    assert given.layout.yaxis3.title.text == "Variance"
    assert star_of(figure)[0] == pytest.approx(asked(study)["x"], abs=0.05)


def test_costs_count_without_a_source_too() -> None:
    study = made(ScaleUpSampler(seed=0, cost=lambda trial: 1.0 + trial.params["x"]), 3)
    assert "per cost" in figures.plot_surrogate(study, "x").layout.yaxis3.title.text


def test_a_point_of_the_design_is_told() -> None:
    study = made(ScaleUpSampler(seed=3, initial_design="sobol", n_startup_trials=8), 4)
    figure = figures.plot_surrogate(study, "x")
    assert "next: a point of the initial design" in title_of(figure)
    assert star_of(figure)[0] == pytest.approx(asked(study)["x"], abs=1e-3)


def test_the_centre_is_told(small: optuna.Study) -> None:
    study = made(ScaleUpSampler(small, seed=0), 5)
    figure = figures.plot_surrogate(study, "x")
    assert "next: the centre of the space" in title_of(figure)
    assert star_of(figure)[0] == pytest.approx(0.5)
    pair = figures.plot_surrogate(study, ["x", "y"])
    assert "next: the centre of the space" in title_of(pair)
    study.sampler = RandomSampler()  # as in another process
    figure = figures.plot_surrogate(study, "x", source=small)
    assert "next: the centre of the space, by default settings" in title_of(figure)


def test_what_the_caller_holds_is_told(small: optuna.Study) -> None:
    study = made(ScaleUpSampler(small, seed=0), 2)
    title = title_of(figures.plot_surrogate(study, "x", fixed={"y": 0.5}))
    assert "slice through y = 0.5 (fixed)" in title
    assert "the next suggestion" not in title
    assert "next: " not in title


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"y": 7}, r"'y': 7, which the study may not try\. Give a number from 0\.0 to 1\.0"),
        ({"y": "a"}, r"'y': 'a', which the study may not try"),
        ({"z": 0.5}, r"'z': 0\.5, but the study has no parameter .* It has 'x', 'y'"),
    ],
)
def test_values_beyond_the_range_are_no_slice(fixed: dict[str, Any], message: str) -> None:
    study = made(ScaleUpSampler(seed=0), 2)
    with pytest.raises(ValueError, match=f"`fixed` has {message}"):
        figures.plot_surrogate(study, "x", fixed=fixed)
