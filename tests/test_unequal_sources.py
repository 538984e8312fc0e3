"""Sources in other names, units, ranges and numbers than the large study, end to end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source


SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(2.0**-10, 1.0, log=True),
    "mom": FloatDistribution(0.0, 1.0),
}
LOG2_SPACE: dict[str, BaseDistribution] = {
    "log2_lr": FloatDistribution(-10.0, 0.0),
    "momentum": FloatDistribution(0.0, 1.0),
}


def loss(lr: float, mom: float) -> float:
    """Best at ``lr`` 1/32 and ``mom`` 0.7."""
    return (math.log2(lr) / 5 + 1) ** 2 + (mom - 0.7) ** 2


def rows(n: int, seed: int = 0) -> list[tuple[float, float]]:
    """Exponent of the learning rate and momentum of each run."""
    rng = np.random.default_rng(seed)
    return [
        (float(e), float(m)) for e, m in zip(rng.uniform(-10, 0, n), rng.random(n), strict=True)
    ]


def trial_of(params: dict[str, Any], space: dict[str, BaseDistribution], y: float) -> FrozenTrial:
    return optuna.create_trial(params=params, distributions=space, value=y)


def plain_study(n: int = 20, seed: int = 0, name: str = "plain") -> optuna.Study:
    study = optuna.create_study(study_name=name)
    for e, m in rows(n, seed):
        study.add_trial(trial_of({"lr": 2.0**e, "mom": m}, SPACE, loss(2.0**e, m)))
    return study


def first_params(source: Any, **arguments: Any) -> dict[str, Any]:
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0, **arguments))
    return study.ask(SPACE).params


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    params = first_params(plain_study())
    assert abs(math.log2(params["lr"]) + 5) < 2
    assert abs(params["mom"] - 0.7) < 0.2
    return params


def test_other_names_and_units_are_the_same_source(expected: dict[str, Any]) -> None:
    study = optuna.create_study()
    for e, m in rows(20):
        study.add_trial(trial_of({"log2_lr": e, "momentum": m}, LOG2_SPACE, loss(2.0**e, m)))
    source = Source(
        study,
        rename={"log2_lr": "lr", "momentum": "mom"},
        transform={"log2_lr": lambda e: 2.0**e},
    )
    assert first_params(source) == pytest.approx(expected)


def test_a_table_of_accuracies_is_a_source_of_losses(expected: dict[str, Any]) -> None:
    """The unit differs by a factor, its sign and an offset; only the order of runs matters."""
    runs = rows(20)
    table = {
        "lr": [2.0**e for e, _ in runs] + [0.5, float("nan")],
        "mom": [m for _, m in runs] + [0.5, 0.5],
        "accuracy": [90.0 - 40.0 * loss(2.0**e, m) for e, m in runs] + [float("nan"), 99.0],
    }
    source = Source.from_dataframe(table, SPACE, "accuracy", direction="maximize")
    params = first_params(source)
    assert math.log2(params["lr"]) == pytest.approx(math.log2(expected["lr"]), abs=0.5)
    assert params["mom"] == pytest.approx(expected["mom"], abs=0.05)


def test_a_maximised_study_learns_from_a_minimised_one(expected: dict[str, Any]) -> None:
    study = optuna.create_study(
        direction=StudyDirection.MAXIMIZE, sampler=ScaleUpSampler(plain_study(), seed=0)
    )
    trial = study.ask(SPACE)
    assert trial.params == pytest.approx(expected)
    study.tell(trial, 1000.0)
    study.tell(study.ask(SPACE), 900.0)
    assert len(study.trials) == 2


def sizes(n: int, how: str) -> list[Any]:
    given: dict[str, list[Any]] = {
        "none": [None] * n,
        "equal": [2.0] * n,
        "collinear": [{"a": float(i + 1), "b": float(i + 1) ** 2} for i in range(n)],
        "some": [None if i % 2 else 2.0 for i in range(n)],
        "growing": [4.0**i for i in range(n)],
    }
    return given[how]


@pytest.mark.parametrize(
    ("n", "how", "target"),
    [
        (1, "growing", 8.0),
        (2, "equal", 2.0),
        (2, "equal", 8.0),
        (3, "collinear", {"a": 9.0, "b": 9.0}),
        (3, "some", 64.0),
        (3, "growing", 64.0),
    ],
)
def test_odd_ladders_are_sound(n: int, how: str, target: Any) -> None:
    """All sources have the same optimum here; whatever the sizes say, it is found nearby."""
    sources = [
        Source(plain_study(12, i, f"source {i}"), scale=s) for i, s in enumerate(sizes(n, how))
    ]
    params = first_params(sources, scale=target)
    assert abs(math.log2(params["lr"]) + 5) < 3
    assert abs(params["mom"] - 0.7) < 0.35


def test_twenty_sources_some_with_one_trial() -> None:
    sources = [
        Source(plain_study(1 + 4 * (i % 3), i, f"source {i}"), scale=2.0**i) for i in range(20)
    ]
    params = first_params(sources, scale=2.0**21)
    assert 2.0**-10 <= params["lr"] <= 1.0
    assert 0.0 <= params["mom"] <= 1.0


def test_a_source_with_one_trial_is_no_certainty() -> None:
    study = optuna.create_study()
    study.add_trial(trial_of({"lr": 2.0**-8, "mom": 0.2}, SPACE, 1.0))
    params = first_params(Source(study, scale=1), scale=2)
    assert 2.0**-10 <= params["lr"] <= 1.0
