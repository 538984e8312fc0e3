"""Hypothesis strategies: distributions, values in them, and studies as users have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState


NAMES = ("a", "b", "c", "d")

_magnitudes = st.sampled_from([1e-300, 1e-9, 1e-3, 1.0, 7.0, 1e4, 1e12, 1e300])
_positive = st.builds(lambda m, f: m * f, _magnitudes, st.floats(0.1, 10.0))
_signed = st.builds(lambda v, s: v * s, _positive, st.sampled_from([-1.0, 0.0, 1.0]))


def _float(low: float, width: float) -> FloatDistribution:
    return FloatDistribution(low, low + width)


def _log_float(low: float, ratio: float) -> FloatDistribution:
    return FloatDistribution(low, min(low * ratio, 1e307), log=True)


def _step_float(low: int, step: float, n_steps: int) -> FloatDistribution:
    low_value = round(low * step, 12)
    return FloatDistribution(low_value, round(low_value + n_steps * step, 9), step=step)


def _int(low: int, step: int, n_steps: int) -> IntDistribution:
    return IntDistribution(low, low + step * n_steps, step=step)


def _log_int(low: int, width: int) -> IntDistribution:
    return IntDistribution(low, low + width, log=True)


_choice = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.text("xyz", max_size=2), st.just(0.5)
)


@st.composite
def distributions(draw: st.DrawFn) -> BaseDistribution:
    """Any kind of distribution with more than one value, from tiny to huge."""
    made: BaseDistribution = draw(
        st.one_of(
            st.builds(_float, _signed, _positive),
            st.builds(_log_float, _positive, st.floats(1.01, 1e6)),
            st.builds(
                _step_float,
                st.integers(-20, 20),
                st.sampled_from([1e-3, 0.1, 0.25, 0.3, 1.0, 5.0]),
                st.integers(1, 6000),
            ),
            st.builds(
                _int,
                st.integers(-(10**6), 10**6),
                st.sampled_from([1, 1, 2, 7]),
                st.integers(1, 10**7),
            ),
            st.builds(_log_int, st.integers(1, 1000), st.integers(1, 10**7)),
            st.builds(CategoricalDistribution, st.lists(_choice, min_size=2, max_size=5)),
        ).filter(lambda distribution: not distribution.single())
    )
    return made


@st.composite
def values_of(draw: st.DrawFn, distribution: BaseDistribution) -> Any:
    """A legal value, often one of the ends."""
    share = draw(st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0)))
    if isinstance(distribution, CategoricalDistribution):
        n_choices = len(distribution.choices)
        return distribution.choices[min(int(share * n_choices), n_choices - 1)]
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    low, high, step = distribution.low, distribution.high, distribution.step
    if distribution.log:
        value = float(np.exp(np.log(low) * (1 - share) + np.log(high) * share))
        value = round(value) if isinstance(distribution, IntDistribution) else value
    elif step is None:
        value = low * (1 - share) + high * share
    else:
        value = low + step * int(share * round((high - low) / step))
    return type(low)(min(max(value, low), high))


spaces = st.dictionaries(st.sampled_from(NAMES), distributions(), min_size=1, max_size=4)

_ordinary = st.floats(-10.0, 10.0)
_odd = st.sampled_from([0.0, 1.0, -1e300, 1e300, 1e-300, float("inf"), -float("inf"), 1e17])
objective_values = st.one_of(_ordinary, _ordinary, st.just(3.0), _odd)


@st.composite
def trials_in(
    draw: st.DrawFn,
    space: Mapping[str, BaseDistribution],
    *,
    max_size: int,
    n_objectives: int = 1,
) -> list[FrozenTrial]:
    """Finished trials: complete, failed and pruned ones, some without a parameter."""
    n_trials = draw(st.integers(0, max_size))
    made = []
    for _ in range(n_trials):
        state = draw(
            st.sampled_from([TrialState.COMPLETE] * 4 + [TrialState.FAIL, TrialState.PRUNED])
        )
        names = [name for name in space if draw(st.integers(0, 9)) > 0]
        values = [draw(objective_values) for _ in range(n_objectives)]
        made.append(
            optuna.create_trial(
                state=state,
                values=values if state == TrialState.COMPLETE else None,
                params={name: draw(values_of(space[name])) for name in names},
                distributions={name: space[name] for name in names},
                intermediate_values={0: 1.0} if state == TrialState.PRUNED else None,
            )
        )
    return made


@st.composite
def studies(
    draw: st.DrawFn,
    space: Mapping[str, BaseDistribution],
    *,
    max_size: int,
    n_objectives: int = 1,
) -> optuna.Study:
    """A study with finished trials in either direction."""
    directions = draw(
        st.lists(
            st.sampled_from([StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE]),
            min_size=n_objectives,
            max_size=n_objectives,
        )
    )
    study = optuna.create_study(directions=directions)
    study.add_trials(draw(trials_in(space, max_size=max_size, n_objectives=n_objectives)))
    return study


@st.composite
def changed_spaces(
    draw: st.DrawFn, space: Mapping[str, BaseDistribution]
) -> dict[str, BaseDistribution]:
    """A large study's space: mostly its source's, with parameters changed, dropped or new."""
    kept = {
        name: distribution if draw(st.booleans()) else draw(distributions())
        for name, distribution in space.items()
        if draw(st.integers(0, 4)) > 0
    }
    new: dict[str, BaseDistribution] = draw(
        st.dictionaries(st.sampled_from(NAMES), distributions(), max_size=2)
    )
    return {**new, **kept} or dict(space)
