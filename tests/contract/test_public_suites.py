"""Optuna's public sampler tests, with each kind of source."""

from __future__ import annotations

from collections.abc import Callable

import optuna
import pytest
from optuna.study import StudyDirection
from optuna.testing.pytest_samplers import BasicSamplerTestCase
from optuna.testing.pytest_samplers import MultiObjectiveSamplerTestCase
from optuna.testing.pytest_samplers import RelativeSamplerTestCase

from optuna_scaleup import ScaleUpSampler


# The suites define ranges that their steps do not divide, and fix parameters out of range.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

N_SOURCE_TRIALS = 8


def _numeric(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 0, 10)
    y = trial.suggest_float("y", 0, 10)
    return (x - 3.0) ** 2 + (y - 4.0) ** 2


def _other_kinds(trial: optuna.Trial) -> float:
    x = trial.suggest_categorical("x", ["red", "green", None])
    y = trial.suggest_categorical("y", [True, False])
    return float(x == "red") + float(y)


def _unrelated(trial: optuna.Trial) -> float:
    lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
    width = trial.suggest_int("width", 8, 512, log=True)
    return abs(lr - 1e-3) + abs(width - 100)


SOURCES: dict[str, Callable[[optuna.Trial], float] | None] = {
    "none": None,
    "matching": _numeric,
    "other kinds": _other_kinds,
    "unrelated": _unrelated,
}


def make_source(kind: str, n_objectives: int) -> optuna.Study | None:
    objective = SOURCES[kind]
    if objective is None:
        return None
    study = optuna.create_study(
        directions=[StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE][:n_objectives],
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    study.optimize(lambda t: (objective(t),) * n_objectives, n_trials=N_SOURCE_TRIALS)
    return study


@pytest.fixture(params=SOURCES)
def source_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


class TestOneObjective(BasicSamplerTestCase, RelativeSamplerTestCase):
    @pytest.fixture
    def sampler(self, source_kind: str) -> Callable[[], optuna.samplers.BaseSampler]:
        return lambda: ScaleUpSampler(make_source(source_kind, 1), seed=0)


class TestSeveralObjectives(MultiObjectiveSamplerTestCase):
    """Not with each kind of source: how its parameters are read does not depend on objectives."""

    @pytest.fixture(params=["none", "matching"])
    def sampler(self, request: pytest.FixtureRequest) -> Callable[[], optuna.samplers.BaseSampler]:
        return lambda: ScaleUpSampler(make_source(request.param, 2), seed=0)


@pytest.mark.parametrize("kind", ["other kinds", "unrelated"])
def test_several_objectives_with_a_source_of_another_space(kind: str) -> None:
    sampler = ScaleUpSampler(make_source(kind, 2), seed=0)
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    study.optimize(lambda trial: (_numeric(trial),) * 2, n_trials=4)
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 4
