"""Studies, and groups of them, as best values by trials, time or cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import TrialState

from optuna_scaleup._optuna import as_float
from optuna_scaleup._optuna import read_trials
from optuna_scaleup.data.arguments import check_study
from optuna_scaleup.data.labels import numbered
from optuna_scaleup.data.outcomes import counted_value
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.prediction import read_prediction
from optuna_scaleup.types import Array


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


X_TITLES = {"trials": "Finished trials", "time": "Wall-clock time, s", "cost": "Cost"}
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)

Cost = str | Callable[["FrozenTrial"], float]


@dataclass(frozen=True)
class Run:
    """One study: position on the x axis and best value so far of each finished trial."""

    x: Array
    best: Array
    sampler_seconds: Array  # cumulative, NaN where the sampler did not record it

    def at(self, grid: Array) -> Array:
        """Best value so far at positions of the axis; ``NaN`` before the first value."""
        index = np.searchsorted(self.x, grid, side="right") - 1
        return np.where(index >= 0, self.best[np.maximum(index, 0)], np.nan)


def start_of(group: Sequence[Run]) -> float:
    """From where on every run has a best value."""
    return float(max(run.x[0] for run in group))


def stop_of(group: Sequence[Run]) -> float:
    """How far every run reaches."""
    return float(min(run.x[-1] for run in group))


def groups_of(study: Any) -> dict[str, list[Study]]:
    """What the user gave as named groups of studies."""
    if isinstance(study, Study):
        return {study.study_name: [study]}
    if isinstance(study, Mapping):
        return {
            str(name): [group] if isinstance(group, Study) else _listed(group)
            for name, group in study.items()
        }
    return _by_name(_listed(study))


def _listed(studies: Any) -> list[Study]:
    if not isinstance(studies, Iterable):
        raise TypeError(
            "`study` is an Optuna study, several, or a mapping of names to them; got a "
            f"{type(studies).__name__!r}."
        )
    return list(studies)


def _by_name(studies: Sequence[Study]) -> dict[str, list[Study]]:
    """Each under its name; those that share one, from several storages, are numbered."""
    for one in studies:
        check_study(one)
    labels = numbered([one.study_name for one in studies])
    return {label: [one] for label, one in zip(labels, studies, strict=True)}


def check(groups: Mapping[str, Sequence[Study]], x: str, cost: Cost | None) -> None:
    """Raises TypeError or ValueError unless all studies can be shown along one axis."""
    for study in chain.from_iterable(groups.values()):
        check_study(study)
    if x not in X_TITLES:
        raise ValueError(f"`x` is one of {', '.join(map(repr, X_TITLES))}; got {x!r}.")
    if x == "cost" and cost is None:
        raise ValueError("`x='cost'` needs `cost`: the name of a user attribute or a function.")
    if x == "cost" and isinstance(cost, str):
        _check_attribute(groups, cost)
    directions = {tuple(s.directions) for studies in groups.values() for s in studies}
    if len(directions) > 1:
        raise ValueError("The studies have different directions: no common best value.")


def _check_attribute(groups: Mapping[str, Sequence[Study]], cost: str) -> None:
    trials = [t for study in chain.from_iterable(groups.values()) for t in read_trials(study)]
    known = {name for trial in trials for name in trial.user_attrs}
    if trials and cost not in known:
        there = ", ".join(map(repr, sorted(known))) or "none"
        raise ValueError(f"No trial has the user attribute {cost!r}, its cost. There is: {there}.")


def run_of(study: Study, x: str, cost: Cost | None) -> Run:
    """A study's finished trials along the axis, those without a best value yet left out."""
    trials = [t for t in read_trials(study) if t.state in _FINISHED]
    if x != "trials":
        trials = [t for t in trials if t.datetime_start and t.datetime_complete]
        trials.sort(key=lambda t: t.datetime_complete.timestamp() if t.datetime_complete else 0.0)
    sign = float(signs_of(study.directions)[0])
    values = np.array([_signed_value(trial, sign) for trial in trials])
    best = np.maximum.accumulate(values) if len(values) else values
    if x == "trials":
        position = np.arange(1.0, len(trials) + 1.0)
    elif x == "time":
        position = _busy_seconds(trials)
    else:
        position = np.cumsum([_cost_of(trial, cost) for trial in trials])
    seconds = [read_prediction(trial).seconds for trial in trials]
    spent = np.cumsum([0.0 if s is None else s for s in seconds])
    if all(s is None for s in seconds):
        spent = np.full(len(trials), np.nan)
    has_value = np.isfinite(best)
    return Run(position[has_value], sign * best[has_value], spent[has_value])


def _signed_value(trial: FrozenTrial, sign: float) -> float:
    """The value if it is one of a feasible complete trial, with larger better."""
    value = counted_value(trial)
    return -math.inf if value is None else sign * value


def _busy_seconds(trials: Sequence[FrozenTrial]) -> Array:
    """When each trial ended, in seconds during which any trial ran: a pause overnight is none."""
    spans = [
        (t.datetime_start.timestamp(), t.datetime_complete.timestamp())
        for t in trials
        if t.datetime_start and t.datetime_complete
    ]
    ends = np.array([end for _, end in spans])
    busy = np.zeros(len(ends))
    covered = -math.inf
    for start, end in sorted(spans):
        start = max(start, covered)
        if end > start:
            busy += np.clip(ends - start, 0.0, end - start)
            covered = end
    return busy


def _cost_of(trial: FrozenTrial, cost: Cost | None) -> float:
    value = cost(trial) if callable(cost) else trial.user_attrs.get(str(cost), 0.0)
    number = as_float(value)
    return number if math.isfinite(number) else 0.0
