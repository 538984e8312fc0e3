"""The joint point that a trial carries in the storage."""

from __future__ import annotations

import json
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.storages import InMemoryStorage

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import read_attr
from optuna_scaleup._optuna import write_attr
from optuna_scaleup.data.plan import Plan
from optuna_scaleup.data.plan import is_same_point
from optuna_scaleup.data.plan import planned_params
from optuna_scaleup.data.plan import read_plan
from optuna_scaleup.data.plan import write_plan


def fresh_trial() -> tuple[optuna.Study, optuna.trial.FrozenTrial]:
    study = optuna.create_study()
    study.ask()
    return study, study.trials[0]


def test_round_trip_by_way_of_the_storage() -> None:
    study, trial = fresh_trial()
    params = {"x": 0.1, "n": 3, "c": None, "flag": True, "text": "é"}
    plan = Plan(params, is_relative=True, log_names=frozenset({"x", "n"}))
    write_plan(study, trial, plan)
    read = read_plan(study.trials[0], Notices())
    assert read == plan
    assert read is not None
    assert read.params["flag"] is True


def test_choices_that_json_cannot_hold_are_left_out() -> None:
    study, trial = fresh_trial()
    write_plan(study, trial, Plan({"x": 0.1, "c": object()}, is_relative=False))
    assert planned_params(study.trials[0], Notices()) == {"x": 0.1}


def test_long_values_are_cut_in_chunks_and_replaced_whole() -> None:
    study, trial = fresh_trial()
    long = {f"parameter {i}": i / 7 for i in range(300)}
    write_attr(study, trial, "plan", long)
    stored = study.trials[0].system_attrs
    assert len(stored) > 2
    assert max(len(chunk) for chunk in stored.values()) <= 2045
    assert read_attr(study.trials[0], "plan") == long
    write_attr(study, study.trials[0], "plan", {"short": 1})
    assert read_attr(study.trials[0], "plan") == {"short": 1}


LONG = [{f"parameter {i}": (i + shift) / 7 for i in range(300)} for shift in range(3)]
LONGER = {"text": "x" * 5000}


class Recording(InMemoryStorage):
    """Keeps the attributes of the trial after each write."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[dict[str, Any]] = []

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        super().set_trial_system_attr(trial_id, key, value)
        self.states.append(dict(self.get_trial(trial_id).system_attrs))


def read_or_none(attrs: dict[str, Any]) -> Any:
    trial = optuna.create_trial(value=0.0, system_attrs=attrs)
    try:
        return read_attr(trial, "plan")
    except ValueError:
        return None


@pytest.mark.parametrize("old", [LONG[0], {**LONG[0], **LONGER}, {"short": 0}])
@pytest.mark.parametrize("new", [LONG[1], {**LONG[1], **LONGER}, {"short": 1}])
def test_whoever_reads_meanwhile_finds_no_mixture(old: Any, new: Any) -> None:
    storage = Recording()
    study = optuna.create_study(storage=storage)
    study.ask()
    write_attr(study, study.trials[0], "plan", old)
    n_before = len(storage.states)
    write_attr(study, study.trials[0], "plan", new)
    before, *meanwhile, after = map(read_or_none, storage.states[n_before - 1 :])
    assert (before, after) == (old, new)
    assert all(value in (old, new, None) for value in meanwhile)


def test_long_values_of_earlier_versions_are_read_and_replaced_whole() -> None:
    """They have no tag."""
    study, _ = fresh_trial()
    text = json.dumps(LONG[2])
    chunks = [text[i : i + 2045] for i in range(0, len(text), 2045)]
    before = {f"scaleup:plan:{i}": chunk for i, chunk in enumerate(chunks)}
    for key, chunk in before.items():
        study._storage.set_trial_system_attr(study.trials[0]._trial_id, key, chunk)
    assert read_attr(study.trials[0], "plan") == LONG[2]
    write_attr(study, study.trials[0], "plan", LONG[0])
    after = study.trials[0].system_attrs
    assert read_or_none(after) == LONG[0]
    assert read_or_none({**after, "scaleup:plan:0": before["scaleup:plan:0"]}) is None


def test_no_plan() -> None:
    _, trial = fresh_trial()
    assert read_plan(trial, Notices()) is None
    assert planned_params(trial, Notices()) == {}


@pytest.mark.parametrize(
    "stored",
    ["{", "[]", "3", '{"params": 1}', '{"params": {"x": [1]}}', 7, ["a"], {"params": {}}],
)
def test_corrupt_plans_are_ignored_with_one_log_line(stored: Any, log_lines: list[str]) -> None:
    study, _ = fresh_trial()
    study._storage.set_trial_system_attr(study.trials[0]._trial_id, "scaleup:plan:0", stored)
    notices = Notices()
    assert read_plan(study.trials[0], notices) is None
    assert read_plan(study.trials[0], notices) is None
    assert log_lines == ["Trial 0 carries a plan that cannot be read; it is ignored."]


def test_a_value_is_kept_where_it_is_legal_and_on_its_scale() -> None:
    ranges: dict[str, BaseDistribution] = {
        "x": FloatDistribution(1e-3, 1.0),
        "n": IntDistribution(1, 512, log=True),
        "c": CategoricalDistribution(["a", "b"]),
    }
    plan = Plan.of({"x": 0.1, "n": 3, "c": "b"}, ranges, is_relative=False)
    assert plan.value_for("x", FloatDistribution(1e-4, 0.5)) == (0.1,)
    assert plan.value_for("x", FloatDistribution(1e-3, 1.0, log=True)) is None
    assert plan.value_for("x", FloatDistribution(0.2, 1.0)) is None
    assert plan.value_for("n", IntDistribution(2, 64, log=True)) == (3,)
    assert plan.value_for("n", IntDistribution(1, 512)) is None
    assert plan.value_for("c", CategoricalDistribution(["b", "c"])) == ("b",)
    assert plan.value_for("y", FloatDistribution(0.0, 1.0)) is None


def test_agreement_looks_at_shared_names_only() -> None:
    plan = Plan({"x": 1.0, "y": 2.0}, is_relative=False)
    assert plan.agrees_with({})
    assert plan.agrees_with({"x": 1.0, "z": 5.0})
    assert not plan.agrees_with({"x": 1.5})


def test_a_choice_that_is_not_a_number_agrees_with_itself() -> None:
    nan = float("nan")
    assert Plan({"x": float("nan")}, is_relative=False).agrees_with({"x": nan})
    assert not Plan({"x": None}, is_relative=False).agrees_with({"x": nan})
    assert is_same_point({"x": nan, "y": 1}, {"y": 1, "x": float("nan")})
    assert not is_same_point({"x": nan, "y": 1}, {"x": nan, "y": 2})
    assert not is_same_point({"x": 1}, {"x": 1, "y": 2})
