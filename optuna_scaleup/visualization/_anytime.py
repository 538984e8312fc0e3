"""The best value so far of several studies by trials, by time or by cost."""

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
from optuna.study import StudyDirection
from optuna.trial import TrialState

from optuna_scaleup._optuna import as_float
from optuna_scaleup._optuna import constraints_of
from optuna_scaleup._optuna import read_trials
from optuna_scaleup.data.arguments import check_study
from optuna_scaleup.data.prediction import read_prediction
from optuna_scaleup.types import Array
from optuna_scaleup.visualization import _plotly as look
from optuna_scaleup.visualization._plotly import go
from optuna_scaleup.visualization._plotly import make_subplots


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


TITLE = "Anytime Plot"
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_N_GRID = 120
_QUANTILES = (0.1, 0.9)
_X_TITLES = {"trials": "Finished trials", "time": "Wall-clock time, s", "cost": "Cost"}

Cost = str | Callable[["FrozenTrial"], float]


@dataclass(frozen=True)
class _Run:
    """One study: position on the x axis and best value so far of each finished trial."""

    x: Array
    best: Array
    sampler_seconds: Array  # cumulative, NaN where the sampler did not record it

    def at(self, grid: Array) -> Array:
        """Best value so far at positions of the axis; ``NaN`` before the first value."""
        index = np.searchsorted(self.x, grid, side="right") - 1
        return np.where(index >= 0, self.best[np.maximum(index, 0)], np.nan)


def plot_anytime(
    study: Study | Sequence[Study] | Mapping[str, Study | Sequence[Study]],
    *,
    x: str = "trials",
    cost: Cost | None = None,
    target_name: str = "Objective Value",
) -> go.Figure:
    """Plot the best value so far of studies, or of groups of studies.

    Args:
        study:
            A study, several, or a mapping of names to studies or to groups of them that differ in
            their seed only. Of a group the mean is drawn, with a band from the 10 % to the 90 %
            quantile, as far as all of its studies reach.
        x:
            ``"trials"``; ``"time"``, the time during which any trial of the study ran, with the
            sampler's own time below; or ``"cost"``.
        cost:
            What a trial costs: the name of a user attribute, or a function of the trial. Trials
            without a cost count as free.
        target_name:
            Name of the objective on the axis.

    Returns:
        A :class:`plotly.graph_objects.Figure` object.

    Raises:
        ImportError: If plotly is not installed.
        TypeError: If something is no study.
        ValueError: If a study has several objectives, the studies' directions differ, ``x`` is
            unknown, or the cost is missing.
    """
    look.check_plotly()
    groups = _groups(study)
    _check(groups, x, cost)
    runs = {
        name: [run for s in studies if len((run := _run(s, x, cost)).x)]
        for name, studies in groups.items()
    }
    runs = {name: group for name, group in runs.items() if group}
    if not runs:
        return look.empty_figure(TITLE, "No study has a finished trial with a value yet.")
    has_times = x == "time" and any(_knows_seconds(group) for group in runs.values())
    n_rows = 2 if has_times else 1
    figure = make_subplots(
        rows=n_rows,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.06,
        row_heights=[0.65, 0.35] if has_times else None,
    )
    for i, (name, group) in enumerate(runs.items()):
        style = {
            "color": look.SERIES[i % len(look.SERIES)],
            "dash": look.DASHES[i % len(look.DASHES)],
        }
        for trace in _best_traces(name, group, x, style):
            figure.add_trace(trace, row=1, col=1)
        if has_times and _knows_seconds(group):
            figure.add_trace(_seconds_trace(name, group, style), row=2, col=1)
    figure.update_layout(look.layout(TITLE, _subtitle(runs), height=560 if has_times else None))
    figure.update_yaxes(title_text=f"Best {target_name}", row=1, col=1)
    if has_times:
        figure.update_yaxes(title_text="Sampler's time, s", rangemode="tozero", row=2, col=1)
    title = f"Cost ({cost})" if x == "cost" and isinstance(cost, str) else _X_TITLES[x]
    figure.update_xaxes(title_text=title, row=n_rows, col=1)
    if x == "trials" and max(run.x[-1] for group in runs.values() for run in group) <= 12:
        figure.update_xaxes(dtick=1)  # no halves of trials
    return figure


def _groups(study: Any) -> dict[str, list[Study]]:
    if isinstance(study, Study):
        return {study.study_name: [study]}
    if isinstance(study, Mapping):
        return {
            str(name): [group] if isinstance(group, Study) else list(group)
            for name, group in study.items()
        }
    return _by_name(study)


def _by_name(studies: Iterable[Study]) -> dict[str, list[Study]]:
    """Each under its name; of one name in several storages the later ones are numbered."""
    groups: dict[str, list[Study]] = {}
    for one in studies:
        check_study(one)
        n_before = sum(before.study_name == one.study_name for [before] in groups.values())
        groups[f"{one.study_name} ({n_before + 1})" if n_before else one.study_name] = [one]
    return groups


def _check(groups: Mapping[str, Sequence[Study]], x: str, cost: Cost | None) -> None:
    for study in chain.from_iterable(groups.values()):
        check_study(study)
    if x not in _X_TITLES:
        raise ValueError(f"`x` is one of {', '.join(map(repr, _X_TITLES))}; got {x!r}.")
    if x == "cost" and cost is None:
        raise ValueError("`x='cost'` needs `cost`: the name of a user attribute or a function.")
    directions = {tuple(s.directions) for studies in groups.values() for s in studies}
    if any(len(d) > 1 for d in directions):
        raise ValueError("`plot_anytime` shows studies with one objective.")
    if len(directions) > 1:
        raise ValueError("The studies have different directions: no common best value.")


def _run(study: Study, x: str, cost: Cost | None) -> _Run:
    trials = [t for t in read_trials(study) if t.state in _FINISHED]
    if x != "trials":
        trials = [t for t in trials if t.datetime_start and t.datetime_complete]
        trials.sort(key=lambda t: t.datetime_complete.timestamp() if t.datetime_complete else 0.0)
    sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
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
    return _Run(position[has_value], sign * best[has_value], spent[has_value])


def _signed_value(trial: FrozenTrial, sign: float) -> float:
    """The value if it is one of a feasible complete trial, with larger better."""
    is_feasible = all(v <= 0.0 for v in constraints_of(trial).values())
    if trial.state != TrialState.COMPLETE or trial.value is None or not is_feasible:
        return -math.inf
    return sign * trial.value if math.isfinite(trial.value) else -math.inf


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


def _best_traces(name: str, group: Sequence[_Run], x: str, style: Mapping[str, str]) -> list[Any]:
    line = {**style, "width": 2, "shape": "hv"}
    if len(group) == 1:
        (run,) = group
        mode = "lines+markers" if len(run.x) <= 60 else "lines"
        return [
            go.Scatter(
                x=look.rounded(run.x),
                y=look.rounded(run.best),
                name=name,
                mode=mode,
                line=line,
                marker_size=5,
            )
        ]
    start, stop = max(run.x[0] for run in group), min(run.x[-1] for run in group)
    if start > stop:
        return []
    grid = np.arange(start, stop + 1.0) if x == "trials" else np.linspace(start, stop, _N_GRID)
    best = np.array([run.at(grid) for run in group])
    low, high = np.quantile(best, _QUANTILES, axis=0)
    shared = {"legendgroup": name}
    return [
        look.band(
            look.rounded(grid),
            low,
            high,
            style["color"],
            0.18,
            is_step=True,
            showlegend=False,
            **shared,
        ),
        go.Scatter(
            x=look.rounded(grid),
            y=look.rounded(best.mean(axis=0)),
            mode="lines",
            line=line,
            name=f"{name} ({len(group)} seeds)",
            **shared,
        ),
    ]


def _knows_seconds(group: Sequence[_Run]) -> bool:
    return all(np.isfinite(run.sampler_seconds).any() for run in group)


def _seconds_trace(name: str, group: Sequence[_Run], style: Mapping[str, str]) -> Any:
    stop = min(run.x[-1] for run in group)
    grid = np.linspace(0.0, stop, _N_GRID)
    spent = [np.interp(grid, [0.0, *run.x], [0.0, *run.sampler_seconds]) for run in group]
    return go.Scatter(
        x=look.rounded(grid),
        y=look.rounded(np.mean(spent, axis=0)),
        mode="lines",
        line={**style, "width": 2},
        name=f"{name}: sampler",
        showlegend=False,
    )


def _subtitle(runs: Mapping[str, Sequence[_Run]]) -> str:
    if any(len(group) > 1 for group in runs.values()):
        return "groups: mean over seeds, band from the 10 % to the 90 % quantile"
    return ""
