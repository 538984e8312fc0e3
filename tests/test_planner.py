"""From studies as they stand to the plan of a trial."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import planner
from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.ladder import Ladder
from optuna_scaleup.data.plan import Plan
from optuna_scaleup.data.plan import planned_params
from optuna_scaleup.data.plan import write_plan
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.planner import Planner
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Suggestion


UNIT: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}


@pytest.fixture
def problems(monkeypatch: pytest.MonkeyPatch) -> list[Problem]:
    """What engines were asked to suggest for."""
    asked: list[Problem] = []
    suggest = Engine.suggest

    def noted(engine: Engine, problem: Problem, rng: np.random.Generator) -> Suggestion:
        asked.append(problem)
        return suggest(engine, problem, rng)

    monkeypatch.setattr(Engine, "suggest", noted)
    return asked


def completed(
    n_trials: int, space: dict[str, BaseDistribution], name: str = "small"
) -> optuna.Study:
    study = optuna.create_study(study_name=name, sampler=optuna.samplers.RandomSampler(seed=0))
    for i in range(n_trials):
        study.tell(study.ask(space), float(i))
    return study


@pytest.mark.parametrize("design", ["random", "sobol"])
def test_what_another_worker_thinks_of_is_what_it_will_draw(
    design: str, problems: list[Problem]
) -> None:
    """Its trial shows nothing yet, but the same numbers lead to the same point."""
    study = optuna.create_study()
    first, second = study.ask().number, study.ask().number
    one = Planner(Engine(initial_design=design), Ladder(), None, True, entropy=5)
    one.draw(one.look(study, study.trials[second]), SearchSpace.of(UNIT), {})
    foreseen = problems[-1].pending
    drawn = one.draw(one.look(study, study.trials[first]), SearchSpace.of(UNIT), {})
    np.testing.assert_allclose(foreseen, [[drawn["x"], drawn["y"]]])


def test_a_point_drawn_anew_has_what_the_trial_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although its branch seems to lack that, and another worker was faster."""
    past = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    def branches(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("branch", ["a", "b"]) == "a":
            return trial.suggest_float("x", 0, 1)
        return trial.suggest_float("y", 0, 1)

    past.optimize(branches, n_trials=8)
    past.sampler = ScaleUpSampler(seed=0)
    past.enqueue_trial({"branch": "a"})
    trial = past.ask()
    trial.suggest_categorical("branch", ["a", "b"])
    taken: list[float] = []

    def is_late(study: optuna.Study, asking: FrozenTrial, params: Any, *args: Any) -> bool:
        if not taken:
            rival = study.ask()
            write_plan(study, study.trials[rival.number], Plan(params, is_relative=True))
        taken.append(params["y"])
        return len(taken) == 1

    monkeypatch.setattr(planner, "must_give_way", is_late)
    y = trial.suggest_float("y", 0, 1)
    assert len(taken) == 2
    assert y == taken[1] != taken[0]


def test_where_no_other_point_is_left_none_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, problems: list[Problem]
) -> None:
    space: dict[str, BaseDistribution] = {"n": IntDistribution(1, 2)}
    study = completed(6, space)
    study.sampler = ScaleUpSampler(seed=0)
    monkeypatch.setattr(planner, "must_give_way", lambda *args: True)
    assert study.ask(space).params["n"] in (1, 2)
    assert len(problems) == 2


def test_a_new_plan_keeps_what_optuna_holds_already() -> None:
    """The whole point was drawn at once; then the objective asks for more than it used to."""
    z = FloatDistribution(0, 1)
    source = completed(6, {**UNIT, "z": z})
    study = completed(3, UNIT, "large")
    study.sampler = ScaleUpSampler(source, seed=0)
    trial = study.ask()
    trial.suggest_float("z", 0, 1)
    planned = planned_params(study.trials[-1], Notices())
    assert planned == {name: trial.suggest_float(name, 0, 1) for name in ("x", "y", "z")}


def test_a_range_that_moved_moves_its_parameter_alone() -> None:
    """To where a source has its best, though Optuna holds a point of the old range."""
    source = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(12):
        one = source.ask({"x": FloatDistribution(2, 3), "y": UNIT["y"]})
        source.tell(one, (one.params["x"] - 2.6) ** 2)
    study = completed(2, UNIT, "large")
    study.sampler = ScaleUpSampler(source, seed=0)
    trial = study.ask()
    held = dict(trial.relative_params)
    assert abs(trial.suggest_float("x", 2, 3) - 2.6) < 0.25
    assert planned_params(study.trials[-1], Notices()) == {**held, "x": trial.params["x"]}
    assert trial.suggest_float("y", 0, 1) == held["y"]


def test_one_line_tells_of_sources_that_do_not_predict(log_lines: list[str]) -> None:
    sources = [completed(3, UNIT, f"small {i}") for i in range(4)]
    for n_sources, n_lines in ((3, 0), (4, 1)):
        study = optuna.create_study(sampler=ScaleUpSampler(sources[:n_sources], seed=0))
        for _ in range(2):
            study.tell(study.ask(UNIT), 1.0)
        told = [line for line in log_lines if "sources predict" in line]
        assert len(told) == n_lines
    assert "The 3 largest of 4 sources predict" in told[0]
