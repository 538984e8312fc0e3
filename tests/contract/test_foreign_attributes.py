"""Whatever lies in the storage under our prefix, suggestions are legal and nothing is raised."""

from __future__ import annotations

import functools
import json
import math
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import study_attrs
from tests.contract.test_any_study import suggest


SPACE = {
    "x": FloatDistribution(0, 1),
    "n": IntDistribution(1, 100, log=True),
    "c": CategoricalDistribution(["a", "b", None]),
}

numbers = st.floats() | st.integers() | st.sampled_from([10**400, -(10**400), 1e308, 0.5, 3])
leaves = st.none() | st.booleans() | numbers | st.text(max_size=8) | st.sampled_from(["a", "b"])
names = st.sampled_from([*SPACE, "params", "relative", "foreign"]) | st.text(max_size=3)
json_values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)
plans = st.fixed_dictionaries(
    {"params": st.dictionaries(st.sampled_from([*SPACE, "foreign"]), leaves)},
    optional={"relative": st.booleans() | json_values},
)
# What stands there as such, what is text of JSON (ours are), and text that is cut off.
texts = (plans | json_values).map(json.dumps)
attributes = json_values | texts | texts.map(lambda text: text[:-1]) | st.just("[" * 2045)
keys = st.sampled_from(["plan:0", "plan:1", "prediction:0", "timing:0", "seconds:0", "new:0"])
trial_attributes = st.dictionaries(keys.map("scaleup:{}".format), attributes, max_size=3)


@functools.cache
def make_source() -> list[optuna.trial.FrozenTrial]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=6)
    return study.trials


def objective(trial: optuna.Trial) -> float:
    suggest(trial, SPACE)
    return float(abs(trial.params["x"] - 0.3) + trial.params["n"] / 100)


def put(study: optuna.Study, trial: optuna.Trial, attrs: dict[str, Any]) -> None:
    for key, value in attrs.items():
        study._storage.set_trial_system_attr(trial._trial_id, key, value)


@settings(max_examples=25)  # each takes half a second
@given(st.data())
def test_attributes_of_trials(data: st.DataObject) -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(make_source(), seed=0))
    finished, running, asking = study.ask(), study.ask(), study.ask()
    put(study, finished, data.draw(trial_attributes))
    objective(finished)
    study.tell(finished, 1.0)
    put(study, running, data.draw(trial_attributes))
    put(study, asking, data.draw(trial_attributes))
    objective(asking)
    objective(study.ask())


@pytest.mark.parametrize("value", [10**400, math.nan, math.inf, -1e308, True, None, "a", 0])
@pytest.mark.parametrize("is_own", [False, True])
@pytest.mark.parametrize("is_relative", [False, True])
def test_plans_of_the_right_form_and_wrong_values(
    value: Any, is_own: bool, is_relative: bool
) -> None:
    plan = {"params": dict.fromkeys([*SPACE, "foreign"], value), "relative": is_relative}
    study = optuna.create_study(sampler=ScaleUpSampler(make_source(), seed=0))
    running, asking = study.ask(), study.ask()
    put(study, asking if is_own else running, {"scaleup:plan:0": json.dumps(plan)})
    objective(asking)


@settings(max_examples=25)  # each takes half a second
@given(st.data())
def test_attributes_of_the_study(data: st.DataObject) -> None:
    """All that the package keeps with the study is overwritten by something else."""
    source = make_source()
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    objective(study.ask())
    for key in study_attrs(study):
        if key.startswith("scaleup:"):
            study._storage.set_study_system_attr(study._study_id, key, data.draw(attributes))
    study.sampler = ScaleUpSampler(source, seed=0)
    objective(study.ask())


@pytest.mark.parametrize(
    "value", ["__import__('os').abort()", "!!python/object/apply:os.abort []"]
)
def test_nothing_is_evaluated(value: str) -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(make_source(), seed=0))
    trial = study.ask()
    put(study, trial, {"scaleup:plan:0": value, "scaleup:plan:1": value})
    objective(trial)
    assert study.trials[0].state == TrialState.RUNNING
