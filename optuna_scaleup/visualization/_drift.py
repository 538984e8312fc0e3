"""How the optimum moves from source to source, and where it is expected at the large scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from optuna_scaleup.data.arguments import check_study
from optuna_scaleup.data.encoding import NumericEncoding
from optuna_scaleup.data.sizes import Scale
from optuna_scaleup.data.user_source import SourcesLike
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.interval import Odds
from optuna_scaleup.visualization import _plotly as look
from optuna_scaleup.visualization._model import View
from optuna_scaleup.visualization._optima import source_optima
from optuna_scaleup.visualization._plotly import go
from optuna_scaleup.visualization._plotly import make_subplots


if TYPE_CHECKING:
    from optuna.study import Study


TITLE = "Drift Plot"
_MAX_PARAMS = 6
_N_COLS = 2


@dataclass(frozen=True)
class Place:
    """Where the optimum of one study is.

    Attributes:
        label: Name of the study.
        x: Its size, or its position if no sizes are known.
        optimum: By parameter.
        is_target: Whether it is the large study.
    """

    label: str
    x: float
    optimum: Mapping[str, Interval]
    is_target: bool = False


def plot_drift(
    study: Study, params: str | Sequence[str] | None = None, *, source: SourcesLike | None = None
) -> go.Figure:
    """Plot the optimum of every source and the predicted one of the study along their sizes.

    Bars hold the best value of a parameter with 50 % (thick) and 90 % probability. The exponents
    of ``best value ∝ size^exponent`` stand in the legend where sizes are known. Of several sizes
    the axis shows the product, as parameters times tokens stand for compute.

    Args:
        study:
            The large study.
        params:
            Name or names of numeric parameters. By default the first six, log scales first.
        source:
            What the sampler was given as ``source``. By default the sources that the sampler
            recorded with the study, as far as they are in the same storage.

    Returns:
        A :class:`plotly.graph_objects.Figure` object.

    Raises:
        ImportError: If plotly is not installed.
        TypeError: If this is no study.
        ValueError: If a parameter is not there or not numeric, or the study is its own source.
    """
    look.check_plotly()
    check_study(study)
    if len(study.directions) != 1:
        return look.empty_figure(TITLE, "The drift is shown for studies with one objective.")
    view = View.of(study, source)
    if not view.has_data or not view.snapshot.sources:
        return look.empty_figure(
            TITLE, view.why_empty("No source with a usable trial to compare with")
        )
    names = shown_names(params, view)
    if not names:
        return look.empty_figure(TITLE, "The study has no numeric parameter that varies.")
    report = view.report()
    exponents = {} if report is None else report.exponents
    return drift_figure(view, names, view.sampler.recommend(study)[0].optimum, exponents)


def _places(view: View, optimum: Mapping[str, Interval | Odds]) -> tuple[list[Place], bool]:
    """The sources' optima and the target's, small to large, and whether they lie at sizes."""
    sources = source_optima(view)
    sizes = [scale for _, scale, _ in sources]
    target = view.snapshot.sizes.target
    is_sized = bool(target) and all(sizes)
    places = [
        Place(label, _size(scale) if is_sized else float(i), where)
        for i, (label, scale, where) in enumerate(sources)
    ]
    own = {name: w for name, w in optimum.items() if isinstance(w, Interval)}
    x = _size(target) if is_sized else float(len(sources))
    return [*places, Place(view.study.study_name, x, own, is_target=True)], is_sized


def drift_figure(
    view: View,
    names: Sequence[str],
    optimum: Mapping[str, Interval | Odds],
    exponents: Mapping[str, Mapping[str, Interval]],
) -> go.Figure:
    """One panel a parameter.

    Args:
        view: The large study and its sources.
        names: The parameters to show.
        optimum: Where the large study's best values are believed to be.
        exponents: By parameter and name of a size.
    """
    places, is_sized = _places(view, optimum)
    n_cols = min(_N_COLS, len(names))
    n_rows = math.ceil(len(names) / n_cols)
    figure = make_subplots(
        rows=n_rows, cols=n_cols, horizontal_spacing=0.14, vertical_spacing=0.25 / n_rows
    )
    laws = {name: _law(name, exponents.get(name, {})) for name in names}
    for i, name in enumerate(names):
        row, col = i // n_cols + 1, i % n_cols + 1
        for trace in _panel(name, places, laws[name], show_legend=i == 0):
            figure.add_trace(trace, row=row, col=col)
        encoding = view.space.encodings[view.space.names.index(name)]
        is_log = isinstance(encoding, NumericEncoding) and encoding.is_log
        figure.update_yaxes(**_y_options(name, places, is_log), row=row, col=col)
        if is_sized and i + n_cols >= len(names):  # nothing below
            sizes = " × ".join(look.shortened(s) for s in sorted(view.snapshot.sizes.target))
            figure.update_xaxes(title_text=sizes, row=row, col=col)
    _set_x(figure, places, is_sized)
    subtitle = ". ".join(["where the best value is, with 50 % and 90 % intervals", *view.notes()])
    inner, below = 240 * n_rows, 24 * sum(map(bool, laws.values()))
    figure.update_layout(look.layout(TITLE, subtitle, height=100 + inner + 80 + below))
    figure.update_layout(
        margin_b=80 + below,
        # The laws are too long to stand beside the panels.
        legend2={"x": 0, "xanchor": "left", "y": -60 / inner, "yanchor": "top"},
    )
    return figure


def _y_options(name: str, places: Sequence[Place], is_log: bool) -> dict[str, Any]:
    ends = [end for place in places if name in place.optimum for end in place.optimum[name].outer]
    title = look.shortened(name, look.NARROW)
    if not is_log or not ends:
        return {"title_text": title}
    low, high = min(ends), max(ends)
    pad = 0.08 * (math.log10(high) - math.log10(low)) or 0.1
    edges = [math.log10(low) - pad, math.log10(high) + pad]
    return {"title_text": title, "range": edges, **look.log_ticks(*edges)}


def _panel(name: str, places: Sequence[Place], law: str, show_legend: bool) -> list[Any]:
    shown = [place for place in places if name in place.optimum]
    line = go.Scatter(
        x=[place.x for place in shown],
        y=look.rounded([place.optimum[name].median for place in shown]),
        mode="lines",
        line={"color": look.GREY, "dash": "dot", "width": 1},
        name=law,
        legend="legend2",
        showlegend=bool(law),
        hoverinfo="skip",
    )
    traces = [line]
    for is_target in (False, True):
        group = [place for place in shown if place.is_target == is_target]
        color = look.TARGET_COLOR if is_target else look.SOURCE_COLOR
        legend = "target, predicted" if is_target else "sources"
        for width, part in ((2, "outer"), (8, "inner")):
            traces.append(_bars(group, name, part, width, color, legend, show_legend))
    return traces


def _bars(
    group: Sequence[Place], name: str, part: str, width: int, color: str, legend: str, show: bool
) -> Any:
    where = [place.optimum[name] for place in group]
    ends = [interval.outer if part == "outer" else interval.inner for interval in where]
    is_inner = part == "inner"
    return go.Scatter(
        x=[place.x for place in group],
        y=look.rounded([interval.median for interval in where]),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": look.rounded([e[1] - i.median for e, i in zip(ends, where, strict=True)]),
            "arrayminus": look.rounded(
                [i.median - e[0] for e, i in zip(ends, where, strict=True)]
            ),
            "color": look.with_opacity(color, 0.5),
            "thickness": width,
            "width": 0,
        },
        mode="markers",
        marker={"color": color, "size": 9, "symbol": "star" if legend != "sources" else "diamond"},
        text=[look.escaped(f"{place.label}: {name} = {place.optimum[name]}") for place in group],
        hoverinfo="text",
        name=legend,
        legendgroup=legend,
        showlegend=show and is_inner,
    )


def _set_x(figure: Any, places: Sequence[Place], is_sized: bool) -> None:
    if is_sized:
        logs = [math.log10(place.x) for place in places]
        pad = 0.12 * (max(logs) - min(logs)) or 0.5
        edges = [min(logs) - pad, max(logs) + pad]
        figure.update_xaxes(range=edges, **look.log_ticks(*edges))
    else:
        figure.update_xaxes(
            tickvals=[place.x for place in places],
            ticktext=look.shortened_together([place.label for place in places]),
            range=[-0.5, len(places) - 0.5],
        )


def _law(name: str, exponents: Mapping[str, Interval]) -> str:
    """``name ∝ size^exponent`` with the exponents' 90 % intervals; empty if none is known.

    Of sizes that grow together with their product's only, which is what the axis shows.
    """
    *sizes, last = exponents or [""]
    if sizes and last == " × ".join(sizes):
        exponents = {f"({last})": exponents[last]}
    law = " · ".join(
        f"{look.shortened(size, look.WIDE)}<sup>{e.median:.2g}</sup> "
        f"[{e.outer[0]:.2g}, {e.outer[1]:.2g}]"
        for size, e in exponents.items()
    )
    return f"{look.shortened(name, look.NARROW)} ∝ {law}" if law else ""


def shown_names(params: str | Sequence[str] | None, view: View) -> list[str]:
    """The parameters to show: those asked for, or the first numeric ones, log scales first."""
    columns = view.space.open_columns()
    numeric = {name: e for _, name, e in columns if isinstance(e, NumericEncoding)}
    if params is None:
        return sorted(numeric, key=lambda name: not numeric[name].is_log)[:_MAX_PARAMS]
    params = [params] if isinstance(params, str) else params
    for name in params:
        if name not in numeric:
            raise ValueError(
                f"{name!r} is no numeric parameter of the study. There is: "
                f"{', '.join(map(repr, numeric))}."
            )
    return list(params)


def _size(scale: Scale) -> float:
    """One number for a study's sizes."""
    return math.prod(scale.values())
