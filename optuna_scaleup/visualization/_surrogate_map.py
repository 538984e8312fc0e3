"""Two parameters at once: maps of source, target, its uncertainty and the acquisition function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optuna_scaleup.types import Array
from optuna_scaleup.visualization import _plotly as look
from optuna_scaleup.visualization._model import Surrogate
from optuna_scaleup.visualization._plotly import go
from optuna_scaleup.visualization._plotly import make_subplots
from optuna_scaleup.visualization._slice_text import slice_text
from optuna_scaleup.visualization._slices import ParamAxis
from optuna_scaleup.visualization._suggestion import Next


_N_POINTS = 21
_COLORBARS = ((0.44, 0.79), (1.0, 0.79), (0.44, 0.21), (1.0, 0.21))


def map_figure(
    target: Surrogate,
    source: Surrogate | None,
    shown: Next,
    names: Sequence[str],
    target_name: str,
    notes: Sequence[str],
) -> go.Figure:
    """The figure of a pair of parameters."""
    x, y = (ParamAxis.of(target.space, name, _N_POINTS) for name in names)
    points = shown.across(x, y)
    has_no_place = np.isnan(points[:, [x.index, y.index]]).any(axis=1)
    if has_no_place.all():
        reason = f"No branch of the space has both {x.name!r} and {y.name!r}."
        return look.empty_figure(_title(names), reason)
    q = target.quantiles(points, (0.05, 0.5, 0.95))
    label = f"{look.shortened(target.label, look.NARROW)} (target)"
    maps: list[tuple[str, Array, bool]] = [
        (f"{label}: median", q[:, 1], target.sign < 0.0),
        ("target: width of the 90 % band", q[:, 2] - q[:, 0], False),
        (f"acquisition: {shown.label}", shown.acquisition(points), False),
    ]
    if source is not None:
        median = source.quantiles(points, (0.5,))[:, 0]
        label = f"{look.shortened(source.label, look.NARROW)} (source)"
        maps.insert(0, (f"{label}: median", median, source.sign < 0.0))
    specs = [[{}, {}], [{}, {} if len(maps) == 4 else None]]
    figure = make_subplots(
        rows=2,
        cols=2,
        specs=specs,
        subplot_titles=[title for title, _, _ in maps],
        horizontal_spacing=0.2,
        vertical_spacing=0.16,
        shared_xaxes="all",
        shared_yaxes="all",
    )
    for i, (_, values, is_reversed) in enumerate(maps):
        place = {"row": i // 2 + 1, "col": i % 2 + 1}
        values = np.where(has_no_place, np.nan, values)
        figure.add_trace(_heatmap(x, y, values, is_reversed, _COLORBARS[i]), **place)
        shows = source if source is not None and i == 0 else target
        for trace in _marks(shows, x, y, shown, show_legend=i == 1):
            figure.add_trace(trace, **place)
        figure.update_xaxes(x.options(), **place)
        figure.update_yaxes(y.options(), **place)
    figure.update_xaxes(title_text="", row=1)
    figure.update_yaxes(title_text=look.shortened(y.name, look.NARROW), col=1)
    figure.update_yaxes(title_text="", col=2)
    objective = look.cut(target_name, look.WIDE)
    told = ", ".join([objective, *slice_text(shown, target.space, x, y)])
    subtitle = ". ".join([told, *notes])
    figure.update_layout(
        look.layout(_title(names), subtitle, height=760),
        legend={"orientation": "h", "x": 1.0, "xanchor": "right", "y": 1.07, "yanchor": "bottom"},
    )
    return figure


def _title(names: Sequence[str]) -> str:
    return f"Surrogate Plot: {' and '.join(look.cut(name) for name in names)}"


def _heatmap(
    x: ParamAxis, y: ParamAxis, values: Array, is_reversed: bool, place: tuple[float, float]
) -> Any:
    rows = values.reshape(len(y.coordinates), len(x.coordinates))
    finite = values[np.isfinite(values)]
    return go.Heatmap(
        x=look.rounded(x.positions),
        y=look.rounded(y.positions),
        z=[look.rounded(row) for row in rows],
        # The bad end of a surrogate may reach far: its colours are spent on the good half.
        zmin=float(np.quantile(finite, 0.0 if is_reversed else 0.2)),
        zmax=float(np.quantile(finite, 0.8 if is_reversed else 1.0)),
        colorscale="Blues",
        reversescale=is_reversed,
        colorbar={"x": place[0], "y": place[1], "len": 0.44, "thickness": 12, "xpad": 4},
    )


def _marks(
    surrogate: Surrogate, x: ParamAxis, y: ParamAxis, shown: Next, show_legend: bool
) -> list[Any]:
    X = surrogate.data.X
    has = ~np.isnan(X[:, [x.index, y.index]]).any(axis=1)
    trials = go.Scatter(
        x=look.rounded([x.position(float(u)) for u in X[has, x.index]]),
        y=look.rounded([y.position(float(u)) for u in X[has, y.index]]),
        mode="markers",
        name="trials",
        marker={"color": look.BLACK, "size": 5, "line": {"width": 1, "color": "white"}},
        showlegend=show_legend,
    )
    if not shown.suggests(x, y):
        return [trials]
    star = go.Scatter(
        x=look.rounded([x.position(float(shown.at[x.index]))]),
        y=look.rounded([y.position(float(shown.at[y.index]))]),
        mode="markers",
        name="next suggestion",
        marker={
            "symbol": "star",
            "size": 14,
            "color": look.ORANGE,
            "line": {"width": 1, "color": "black"},
        },
        showlegend=show_legend,
    )
    return [trials, star]
