"""Whatever the studies look like, every suggestion is legal and nothing is raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from optuna_scaleup import ScaleUpSampler
from tests.strategies import changed_spaces
from tests.strategies import distributions
from tests.strategies import objective_values
from tests.strategies import spaces
from tests.strategies import studies
from tests.strategies import trials_in


N_TRIALS = 2
# A case is a whole study, with a model for each objective.
N_CASES = max(25, settings().max_examples // 3)
N_CASES_SEVERAL = max(10, settings().max_examples // 8)


def suggest(trial: optuna.Trial, space: Mapping[str, BaseDistribution]) -> None:
    """Asks for every parameter and checks the value and its type."""
    for name, distribution in space.items():
        value = _ask(trial, name, distribution)
        assert distribution._contains(distribution.to_internal_repr(value)), (value, distribution)
        if isinstance(distribution, FloatDistribution):
            assert type(value) is float
        if isinstance(distribution, IntDistribution):
            assert type(value) is int


def _ask(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    if isinstance(distribution, IntDistribution):
        low, high = distribution.low, distribution.high
        return trial.suggest_int(name, low, high, step=distribution.step, log=distribution.log)
    start, end = distribution.low, distribution.high
    return trial.suggest_float(name, start, end, step=distribution.step, log=distribution.log)


@settings(max_examples=N_CASES)
@given(st.data())
def test_source_and_target_of_any_kind(data: st.DataObject) -> None:
    source_space = data.draw(spaces)
    target_space = data.draw(changed_spaces(source_space))
    source = data.draw(studies(source_space, max_size=6))
    target = optuna.create_study(
        direction=data.draw(st.sampled_from(["minimize", "maximize"])),
        sampler=ScaleUpSampler(source, seed=data.draw(st.integers(0, 99))),
    )
    for _ in range(N_TRIALS):
        trial = target.ask()
        suggest(trial, target_space)
        target.tell(trial, data.draw(objective_values))


@settings(max_examples=N_CASES)
@given(st.data())
def test_resumed_study_of_any_kind(data: st.DataObject) -> None:
    space = data.draw(spaces)
    target = data.draw(studies(space, max_size=8))
    target.sampler = ScaleUpSampler(data.draw(trials_in(space, max_size=4)), seed=0)
    for _ in range(N_TRIALS):
        trial = target.ask()
        suggest(trial, space)
        target.tell(trial, state=optuna.trial.TrialState.FAIL)


@settings(max_examples=N_CASES)
@given(st.data())
def test_space_that_changes_with_each_trial(data: st.DataObject) -> None:
    """Parameters come and go, and their ranges move."""
    kinds = {name: data.draw(distributions()) for name in ("a", "b", "c")}
    target = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    for number in range(4):
        asked = data.draw(st.sets(st.sampled_from(sorted(kinds))))
        space = {name: moved(kinds[name], number) for name in sorted(asked)}
        trial = target.ask()
        suggest(trial, space)
        target.tell(trial, data.draw(objective_values))


def moved(distribution: BaseDistribution, n_steps: int) -> BaseDistribution:
    """The same kind of distribution with another range; kinds cannot change within a study."""
    if isinstance(distribution, IntDistribution):
        return IntDistribution(
            distribution.low + n_steps,
            distribution.high + 3 * n_steps * distribution.step + n_steps,
            log=distribution.log,
            step=distribution.step,
        )
    if isinstance(distribution, FloatDistribution) and distribution.step is None:
        scale = 1.0 + n_steps
        return FloatDistribution(
            distribution.low,
            min(abs(distribution.high) * scale, 1e307) + abs(distribution.low) * 2,
            log=distribution.log,
        )
    return distribution


@pytest.mark.parametrize("n_objectives", [2, 3])
@settings(max_examples=N_CASES_SEVERAL)
@given(st.data())
def test_several_objectives_of_any_kind(n_objectives: int, data: st.DataObject) -> None:
    space = data.draw(spaces)
    source = data.draw(studies(space, max_size=5, n_objectives=n_objectives))
    target = data.draw(studies(space, max_size=5, n_objectives=n_objectives))
    target.sampler = ScaleUpSampler(source, seed=0)
    trial = target.ask()
    suggest(trial, space)
    target.tell(trial, [data.draw(objective_values) for _ in range(n_objectives)])
