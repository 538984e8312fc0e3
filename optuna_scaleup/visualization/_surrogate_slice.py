"""One parameter: bands of source and target, the trials, and the acquisition function below."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np

from optuna_scaleup.report.interval import LEVELS
from optuna_scaleup.types import Array
from optuna_scaleup.visualization import _plotly as look
from optuna_scaleup.visualization._model import Surrogate
from optuna_scaleup.visualization._model import View
from optuna_scaleup.visualization._plotly import go
from optuna_scaleup.visualization._plotly import make_subplots
from optuna_scaleup.visualization._ranges import good_end
from optuna_scaleup.visualization._ranges import is_same_unit
from optuna_scaleup.visualization._ranges import robust_range
from optuna_scaleup.visualization._slice_text import slice_text
from optuna_scaleup.visualization._slices import ParamAxis
from optuna_scaleup.visualization._suggestion import Next


TITLE = "Surrogate Plot"
_N_POINTS = 61
_TITLE_WIDTH = 18  # characters along the lower panel
_OFFSET = 0.14  # of source and target around a choice
_N_TRIALS = 300  # of one study that are drawn; the latest


@dataclass(frozen=True)
class Panels:
    """What one figure shows."""

    view: View
    target: Surrogate
    source: Surrogate | None
    next: Next
    target_name: str

    def notes(self) -> list[str]:
        """What the reader of a figure has to know of the suggestion and the sources."""
        by = [] if self.view.knows_settings else ["by default settings"]
        told = ", ".join([*[self.next.how] * bool(self.next.how), *by])
        return [*[f"next: {told}"] * bool(told), *self.view.notes()]


def most_telling(panels: Panels) -> list[str]:
    """The parameters, those first along which the predicted median varies most on the slice."""
    spans = {}
    for name in panels.target.space.open_names:
        axis = ParamAxis.of(panels.target.space, name, 9)
        spans[name] = np.ptp(panels.target.quantiles(panels.next.along(axis), (0.5,)))
    return sorted(spans, key=lambda name: -spans[name])


def slice_figure(panels: Panels, name: str) -> go.Figure:
    """The figure of one parameter."""
    target, source = panels.target, panels.source
    axis = ParamAxis.of(target.space, name, _N_POINTS)
    points = panels.next.along(axis)
    if source is not None and np.isnan(source.data.X[:, axis.index]).all():
        source = None
    is_twin = source is not None and not is_same_unit(source, target)
    figure = make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        row_heights=[0.74, 0.26],
        vertical_spacing=0.05,
        specs=[[{"secondary_y": True}], [{}]],
    )
    curves, twin_ends = [], []
    studies = [
        (source, "source", look.SOURCE_COLOR, -_OFFSET),
        (target, "target", look.TARGET_COLOR, _OFFSET),
    ]
    for surrogate, role, color, offset in studies:
        if surrogate is None:
            continue
        q = surrogate.quantiles(points, LEVELS)
        on_twin = is_twin and surrogate is source
        title = f"{look.shortened(surrogate.label, look.NARROW)} ({role})"
        group = {
            "legendgroup": role,
            "legendgrouptitle": {"text": f"{title}, right axis" if on_twin else title},
        }
        for trace in _study_traces(surrogate, axis, q, color, offset, group):
            figure.add_trace(trace, row=1, col=1, secondary_y=on_twin)
        if not on_twin:
            curves.append((surrogate, q))
        else:
            twin_ends = robust_range([(surrogate, q)])
            figure.update_yaxes(
                title_text=title,
                range=twin_ends,
                showgrid=False,
                tickmode="auto",
                secondary_y=True,
            )
    starred = _add_next(figure, panels, axis, points)
    shown = robust_range(curves, starred)
    for surrogate, role, color, offset in studies:
        on_twin = is_twin and surrogate is source
        ends = twin_ends if on_twin else shown
        for trace in [] if surrogate is None else _beyond(surrogate, axis, color, offset, ends):
            trace.update(legendgroup=role, showlegend=False)
            figure.add_trace(trace, row=1, col=1, secondary_y=on_twin)
    title = f"{TITLE}: {look.cut(name, look.WIDE)}"
    subtitle = ". ".join([*slice_text(panels.next, target.space, axis), *panels.notes()])
    figure.update_layout(look.layout(title, subtitle, height=560))
    if is_twin:  # beside the second axis and its title
        figure.update_layout(legend_x=1.16)
    figure.update_yaxes(
        title_text=look.shortened(panels.target_name, look.WIDE),
        range=shown,
        row=1,
        col=1,
        secondary_y=False,
    )
    acquisition_title = "<br>".join(wrap(panels.next.label, _TITLE_WIDTH))
    figure.update_yaxes(title_text=acquisition_title, row=2, col=1)
    options = axis.options()
    x_title = options.pop("title")
    figure.update_xaxes(**options)
    figure.update_xaxes(title=x_title, row=2, col=1)
    return figure


def _study_traces(
    surrogate: Surrogate,
    axis: ParamAxis,
    q: Array,
    color: str,
    offset: float,
    group: Mapping[str, Any],
) -> list[Any]:
    """Bands, median and trials of one study; ``q`` holds its quantiles at ``LEVELS``."""
    x = look.rounded(np.array(axis.positions))
    if axis.is_categorical:
        x = [v + offset for v in x]
        traces = [
            _bar(x, q[:, 2], q[:, 0], q[:, 4], color, 2, name="90 % interval", **group),
            _bar(x, q[:, 2], q[:, 1], q[:, 3], color, 7, name="50 % interval", **group),
        ]
        median = {
            "mode": "markers",
            "marker": {"color": color, "symbol": "line-ew-open", "size": 16},
        }
    else:
        traces = [
            look.band(x, q[:, 0], q[:, 4], color, 0.15, name="90 % band", **group),
            look.band(x, q[:, 1], q[:, 3], color, 0.3, name="50 % band", **group),
        ]
        median = {"mode": "lines", "line": {"color": color, "width": 2}}
    whose = look.escaped(f"{surrogate.label} by {axis.name}")
    y = look.rounded(q[:, 2])
    traces.append(go.Scatter(x=x, y=y, name="median", hovertext=whose, **median, **group))
    return [*traces, *_trials(surrogate, axis, color, offset, group)]


def _bar(
    x: Sequence[float], mid: Array, low: Array, high: Array, color: str, width: int, **options: Any
) -> Any:
    error = {
        "type": "data",
        "symmetric": False,
        "array": look.rounded(high - mid),
        "arrayminus": look.rounded(mid - low),
        "color": look.with_opacity(color, 0.45),
        "thickness": width,
        "width": 0,
    }
    line = {"width": width, "color": look.with_opacity(color, 0.45)}
    marker = {"color": color, "size": 8, "symbol": "line-ns", "line": line}
    return go.Scatter(
        x=x, y=look.rounded(mid), error_y=error, mode="markers", marker=marker, **options
    )


def _trials(
    surrogate: Surrogate, axis: ParamAxis, color: str, offset: float, group: Mapping[str, Any]
) -> list[Any]:
    """The finished trials as markers, filled for the target, open for a source."""
    is_target = group["legendgroup"] == "target"
    column, is_estimated = surrogate.data.X[:, axis.index], surrogate.is_estimated
    kinds = {
        "trials": (~is_estimated & surrogate.is_feasible, color, "diamond-open"),
        "infeasible trials": (~is_estimated & ~surrogate.is_feasible, look.GREY, "diamond-open"),
        "pruned trials, estimated": (is_estimated, color, "x-thin-open"),
    }
    traces = []
    for name, (is_kind, shade, symbol) in kinds.items():
        shown = is_kind & _is_drawn(column)
        x = _positions(column[shown], axis, offset)
        marker = {
            "color": shade,
            "symbol": "circle" if is_target and "thin" not in symbol else symbol,
            "size": 7 if is_target else 6,
            "opacity": 0.9 if is_target else 0.6,
            "line": {"width": 0.5 if is_target else 1, "color": "white" if is_target else shade},
        }
        if "thin" in symbol:
            marker["line"] = {"width": 1.5, "color": shade}
        y = look.rounded(surrogate.values[shown])
        if x or name == "trials":
            traces.append(go.Scatter(x=x, y=y, mode="markers", name=name, marker=marker, **group))
    return traces


def _is_drawn(column: Array) -> Array:
    """The latest trials that have the parameter."""
    is_latest = np.arange(len(column)) >= len(column) - _N_TRIALS
    return np.asarray(is_latest & ~np.isnan(column))


def _positions(column: Array, axis: ParamAxis, offset: float) -> list[float]:
    shift = offset if axis.is_categorical else 0.0
    return look.rounded([axis.position(float(u)) + shift for u in column])


def _beyond(
    surrogate: Surrogate, axis: ParamAxis, color: str, offset: float, ends: Sequence[float]
) -> list[Any]:
    """The trials that the axis does not reach, grey where they are infeasible."""
    column, y = surrogate.data.X[:, axis.index], surrogate.values
    shown = _is_drawn(column) & ((y < ends[0]) | (y > ends[1]))
    if not shown.any():
        return []
    is_good = surrogate.is_feasible | surrogate.is_estimated
    shades = [color if good else look.GREY for good in is_good[shown]]
    x = _positions(column[shown], axis, offset)
    return [look.beyond_axis(x, y[shown].tolist(), ends, shades, name="trials beyond the axis")]


def _add_next(figure: Any, panels: Panels, axis: ParamAxis, points: Array) -> list[float]:
    """The acquisition function, and where the next trial would be; the value expected there."""
    shown = panels.next
    gain = shown.acquisition(points)
    x = look.rounded(np.array(axis.positions))
    mode = "markers+lines" if axis.is_categorical else "lines"
    figure.add_trace(
        go.Scatter(
            x=x,
            y=look.rounded(gain),
            name="acquisition",
            mode=mode,
            line_color=look.GREEN,
            legendgroup="next",
            legendgrouptitle_text="next trial",
        ),
        row=2,
        col=1,
    )
    if shown.survey.acquisition.is_log:
        figure.update_yaxes(range=good_end(gain), row=2, col=1)
    if not shown.suggests(axis):
        return []
    here = axis.position(float(shown.at[axis.index]))
    value = panels.target.quantiles(shown.at[None], (0.5,))[:, 0]
    shift = _OFFSET if axis.is_categorical else 0.0
    star = {
        "symbol": "star",
        "size": 15,
        "color": look.GREEN,
        "line": {"width": 1, "color": "black"},
    }
    figure.add_trace(
        go.Scatter(
            x=look.rounded([here + shift]),
            y=look.rounded(value),
            name="next suggestion",
            mode="markers",
            marker=star,
            legendgroup="next",
        ),
        row=1,
        col=1,
        secondary_y=False,
    )
    figure.add_vline(x=here, line={"color": look.GREEN, "dash": "dot", "width": 1})
    return look.rounded(value)
