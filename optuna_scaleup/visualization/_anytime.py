"""The best value so far of several studies by trials, by time or by cost."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING
from typing import Any

import numpy as np

from optuna_scaleup.visualization import _plotly as look
from optuna_scaleup.visualization._plotly import go
from optuna_scaleup.visualization._plotly import make_subplots
from optuna_scaleup.visualization._runs import X_TITLES
from optuna_scaleup.visualization._runs import Cost
from optuna_scaleup.visualization._runs import Run
from optuna_scaleup.visualization._runs import check
from optuna_scaleup.visualization._runs import groups_of
from optuna_scaleup.visualization._runs import run_of
from optuna_scaleup.visualization._runs import start_of
from optuna_scaleup.visualization._runs import stop_of


if TYPE_CHECKING:
    from optuna.study import Study


TITLE = "Anytime Plot"
_N_GRID = 120
_QUANTILES = (0.1, 0.9)


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
        ValueError: If the studies' directions differ, ``x`` is unknown, or the cost is missing.
    """
    look.check_plotly()
    groups = groups_of(study)
    check(groups, x, cost)
    if any(len(one.directions) > 1 for one in chain(*groups.values())):
        return look.empty_figure(TITLE, "The best value is shown for studies with one objective.")
    runs = {
        name: [run for s in studies if len((run := run_of(s, x, cost)).x)]
        for name, studies in groups.items()
    }
    runs = {name: group for name, group in runs.items() if group}
    if not runs:
        return look.empty_figure(TITLE, "No study has a finished trial with a value yet.")
    apart = [name for name, group in runs.items() if start_of(group) > stop_of(group)]
    runs = {name: group for name, group in runs.items() if name not in apart}
    untold = ", ".join(look.cut(name, look.NARROW) for name in apart)
    notes = [f"Not shown, as no stretch has all of its studies: {untold}"] * bool(apart)
    if not runs:
        return look.empty_figure(TITLE, *notes)
    has_times = x == "time" and any(_knows_seconds(group) for group in runs.values())
    n_rows = 2 if has_times else 1
    figure = make_subplots(
        rows=n_rows,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.06,
        row_heights=[0.65, 0.35] if has_times else None,
    )
    labels = look.shortened_together(list(runs), look.NARROW)
    for i, (label, (name, group)) in enumerate(zip(labels, runs.items(), strict=True)):
        style = {
            "color": look.SERIES[i % len(look.SERIES)],
            "dash": look.DASHES[i % len(look.DASHES)],
        }
        traces = [(1, trace) for trace in _best_traces(label, group, x, style)]
        if has_times and _knows_seconds(group):
            traces.append((2, _seconds_trace(label, group, style)))
        for row, trace in traces:
            trace.hovertext = look.escaped(name)
            figure.add_trace(trace, row=row, col=1)
    figure.update_layout(
        look.layout(TITLE, _subtitle(runs, notes), height=560 if has_times else None)
    )
    name = look.objective_name(target_name, *chain(*groups.values()))
    title = f"Best {look.shortened(name, look.WIDE)}"
    figure.update_yaxes(title_text=title, row=1, col=1)
    if has_times:
        figure.update_yaxes(title_text="Sampler's time, s", rangemode="tozero", row=2, col=1)
    title = X_TITLES[x]
    if x == "cost" and isinstance(cost, str):
        title = f"Cost ({look.shortened(cost, look.WIDE)})"
    figure.update_xaxes(title_text=title, row=n_rows, col=1)
    if x == "trials" and max(run.x[-1] for group in runs.values() for run in group) <= 12:
        figure.update_xaxes(dtick=1)  # no halves of trials
    return figure


def _best_traces(name: str, group: Sequence[Run], x: str, style: Mapping[str, str]) -> list[Any]:
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
    start, stop = start_of(group), stop_of(group)
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


def _knows_seconds(group: Sequence[Run]) -> bool:
    return all(np.isfinite(run.sampler_seconds).any() for run in group)


def _seconds_trace(name: str, group: Sequence[Run], style: Mapping[str, str]) -> Any:
    grid = np.linspace(0.0, stop_of(group), _N_GRID)
    spent = [np.interp(grid, [0.0, *run.x], [0.0, *run.sampler_seconds]) for run in group]
    return go.Scatter(
        x=look.rounded(grid),
        y=look.rounded(np.mean(spent, axis=0)),
        mode="lines",
        line={**style, "width": 2},
        name=f"{name}: sampler",
        showlegend=False,
    )


def _subtitle(runs: Mapping[str, Sequence[Run]], notes: Sequence[str]) -> str:
    is_grouped = any(len(group) > 1 for group in runs.values())
    of_groups = "groups: mean over seeds, band from the 10 % to the 90 % quantile"
    return ". ".join([*[of_groups] * is_grouped, *notes])
