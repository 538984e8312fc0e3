"""Recommended configurations side by side, and where the best values are believed to be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from optuna_scaleup.data.arguments import check_study
from optuna_scaleup.data.encoding import CategoricalEncoding
from optuna_scaleup.data.encoding import Encoding
from optuna_scaleup.data.user_source import SourcesLike
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.interval import Odds
from optuna_scaleup.report.interval import choice_text
from optuna_scaleup.report.interval import number
from optuna_scaleup.report.recommendation import Recommendation
from optuna_scaleup.report.recommendation import basis
from optuna_scaleup.report.recommendation import expected_value
from optuna_scaleup.visualization import _plotly as look
from optuna_scaleup.visualization._model import View
from optuna_scaleup.visualization._plotly import go


if TYPE_CHECKING:
    from optuna.study import Study


TITLE = "Recommendation Plot"
_MAX_TICKS = 14  # on one axis; the markers tell their choices when pointed at
_SPREAD = 0.12  # distance of two lines' intervals on the axis of values


@dataclass(frozen=True)
class _ParamScale:
    """One vertical axis: a parameter from 0 at the bottom to 1 at the top."""

    name: str
    encoding: Encoding

    def height(self, value: Any) -> float:
        u = float(self.encoding.encode([value])[0])
        if isinstance(self.encoding, CategoricalEncoding):
            return (u + 0.5) / len(self.encoding.distribution.choices)
        return min(max(u, 0.0), 1.0)

    def height_of_odds(self, choice: Any) -> float:
        """Of a choice as :class:`Odds` names it, which is its text where it cannot be a key."""
        height = self.height(choice)
        if math.isnan(height) and isinstance(self.encoding, CategoricalEncoding):
            same = [c for c in self.encoding.distribution.choices if str(c) == choice]
            return self.height(same[0]) if same else height
        return height

    def ticks(self) -> list[tuple[float, str]]:
        if isinstance(self.encoding, CategoricalEncoding):
            choices = self.encoding.distribution.choices
            texts = look.shortened_together([choice_text(c) for c in choices])
            ticks: dict[float, str] = {}
            for choice, text in zip(choices, texts, strict=True):
                ticks.setdefault(self.height(choice), text)  # equal ones, as 1 and True, are one
            return list(ticks.items())
        low, high = self.encoding.bounds
        return [(0.0, number(low)), (1.0, number(high))]


def plot_recommendation(
    study: Study,
    recommendations: Sequence[Recommendation] | None = None,
    *,
    n: int = 3,
    source: SourcesLike | None = None,
    target_name: str = "Objective Value",
) -> go.Figure:
    """Plot recommended configurations as lines across their parameters.

    On every parameter's axis stand the intervals that hold its best value with 50 % and 90 %
    probability; a choice is the larger the more likely it is the best. On the axis of the value
    stand the intervals of what each configuration is expected to return.

    Args:
        study:
            The large study.
        recommendations:
            What :meth:`~optuna_scaleup.ScaleUpSampler.recommend` returned; worked out anew from
            the study and its sources if :obj:`None`.
        n:
            How many to work out.
        source:
            What the sampler was given as ``source``. By default the sources that the sampler
            recorded with the study, as far as they are in the same storage.
        target_name:
            Name of the objective.

    Returns:
        A :class:`plotly.graph_objects.Figure` object.

    Raises:
        ImportError: If plotly is not installed.
        TypeError: If this is no study.
        ValueError: If the study is its own source.
    """
    look.check_plotly()
    check_study(study)
    if len(study.directions) != 1:
        return look.empty_figure(TITLE, "Recommendations are for studies with one objective.")
    if recommendations is not None and not recommendations:
        return look.empty_figure(TITLE, "`recommendations` is empty: nothing to show.")
    view = View.of(study, source)
    if recommendations is None:
        if not view.has_data:
            return look.empty_figure(TITLE, view.why_empty())
        recommendations = view.sampler.recommend(study, n)
    scales = [
        _ParamScale(name, encoding)
        for _, name, encoding in view.space.open_columns()
        if any(name in one.params for one in recommendations)
    ]
    if not scales:
        return look.empty_figure(TITLE, "There is no parameter that varies to recommend.")
    low, high = _value_range(recommendations)
    figure = go.Figure(
        layout=look.layout(
            TITLE, _subtitle(recommendations[0], view), height=480, hovermode="closest"
        )
    )
    for i, scale in enumerate(scales, start=1):
        _add_beliefs(figure, i, scale, recommendations[0].optimum.get(scale.name))
    for k, one in enumerate(recommendations):
        offset = (k - (len(recommendations) - 1) / 2.0) * _SPREAD
        color = look.SERIES[k % len(look.SERIES)]
        _add_line(figure, one, k, scales, (low, high), offset, color)
    title, has_value = (
        look.objective_name(target_name, study),
        recommendations[0].value is not None,
    )
    _add_axes(figure, title, scales, (low, high), has_value)
    return figure


def _add_beliefs(figure: Any, x: int, scale: _ParamScale, where: Interval | Odds | None) -> None:
    """Where the best value of a parameter is believed to be."""
    if isinstance(where, Interval):
        for (low, high), width, opacity in ((where.outer, 8, 0.18), (where.inner, 16, 0.25)):
            figure.add_scatter(
                x=[x, x],
                y=look.rounded([scale.height(low), scale.height(high)]),
                mode="lines",
                line={"width": width, "color": look.with_opacity(look.BLACK, opacity)},
                name=f"optimum lies here: {50 if width == 16 else 90} %",
                legendgroup=f"beliefs {width}",
                showlegend=all(t.legendgroup != f"beliefs {width}" for t in figure.data),
                hoverinfo="skip",
            )
    elif isinstance(where, Odds):
        heights = [scale.height_of_odds(choice) for choice in where.probabilities]
        figure.add_scatter(
            x=[x] * len(heights),
            y=look.rounded(heights),
            mode="markers",
            marker={
                "size": [6.0 + 26.0 * p for p in where.probabilities.values()],
                "color": look.with_opacity(look.BLACK, 0.25),
                "line": {"width": 0},
            },
            text=[
                look.escaped(f"{choice_text(c)}: best with {100 * p:.0f} %")
                for c, p in where.probabilities.items()
            ],
            hoverinfo="text",
            name="odds of each choice",
            showlegend=False,
        )


def _add_line(
    figure: Any,
    one: Recommendation,
    k: int,
    scales: Sequence[_ParamScale],
    value_range: tuple[float, float],
    offset: float,
    color: str,
) -> None:
    # The line breaks at what its branch lacks.
    heights = [
        scale.height(one.params[scale.name]) if scale.name in one.params else math.nan
        for scale in scales
    ]
    texts = [
        look.escaped(f"{scale.name} = {number(one.params.get(scale.name))}") for scale in scales
    ]
    x: list[float] = list(range(1, len(scales) + 1))
    name = "recommended" if k == 0 else f"alternative {k}"
    if one.value is not None:
        low, high = value_range
        ends = [one.value.median, *one.value.outer, *one.value.inner]
        median, low_90, high_90, low_50, high_50 = (
            min(max((v - low) / (high - low), 0.0), 1.0) for v in ends
        )
        for (bottom, top), width in (((low_90, high_90), 2), ((low_50, high_50), 7)):
            figure.add_scatter(
                x=[offset, offset],
                y=look.rounded([bottom, top]),
                mode="lines",
                line={"color": look.with_opacity(color, 0.5), "width": width},
                legendgroup=name,
                showlegend=False,
                hoverinfo="skip",
            )
        x, heights = [offset, *x], [median, *heights]
        texts = [f"expected: {expected_value(one)}", *texts]
    figure.add_scatter(
        x=x,
        y=look.rounded(heights),
        mode="lines+markers",
        line={"color": color, "width": 3 if k == 0 else 1.5, "dash": look.DASHES[k % 6]},
        marker={"size": 8, "color": color},
        text=texts,
        hoverinfo="text+name",
        name=name,
        legendgroup=name,
    )


def _value_range(recommendations: Sequence[Recommendation]) -> tuple[float, float]:
    intervals = [one.value for one in recommendations if one.value is not None]
    if not intervals:
        return 0.0, 1.0
    low, high = min(i.outer[0] for i in intervals), max(i.outer[1] for i in intervals)
    # One wide interval would press all others flat.
    spread = max(i.inner[1] - i.inner[0] for i in intervals)
    medians = [i.median for i in intervals]
    low = max(low, min(medians) - 4.0 * spread)
    high = min(high, max(medians) + 4.0 * spread)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _add_axes(
    figure: Any,
    target_name: str,
    scales: Sequence[_ParamScale],
    value_range: tuple[float, float],
    has_value: bool,
) -> None:
    """Vertical lines with their ends written below and above, as in Optuna's parallel plot."""
    labels = [target_name, *(scale.name for scale in scales)]
    ends = [number(end, span=value_range[1] - value_range[0]) for end in value_range]
    ticks: list[list[tuple[float, str]]] = [
        [(0.0, ends[0]), (1.0, ends[1])] if has_value else [],
        *(scale.ticks() for scale in scales),
    ]
    first = 0 if has_value else 1
    for x, marks in enumerate(ticks):
        if x < first:
            continue
        if len(marks) > _MAX_TICKS:
            marks = marks[:: math.ceil(len(marks) / _MAX_TICKS)]
        figure.add_shape(
            type="line", x0=x, x1=x, y0=0, y1=1, line={"color": "#888", "width": 1}, layer="below"
        )
        for height, text in marks:
            is_end = height in (0.0, 1.0)
            figure.add_annotation(
                x=x,
                y=height,
                text=text,
                showarrow=False,
                xshift=0 if is_end else 8,
                yshift={0.0: -10, 1.0: 10}.get(height, 0),
                xanchor="center" if is_end else "left",
                font_size=11,
                bgcolor=None if is_end else "rgba(255,255,255,0.7)",
            )
    positions = list(range(first, len(labels)))
    figure.update_xaxes(
        tickmode="array",
        tickvals=positions,
        ticktext=look.shortened_together(labels)[first:],
        range=[first - 0.4, len(labels) - 0.5],
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(range=[-0.1, 1.1], visible=False)
    figure.update_layout(plot_bgcolor="white")


def _subtitle(one: Recommendation, view: View) -> str:
    if not view.snapshot.sources:
        return ". ".join([f"from {basis(one)}", *view.notes()])
    return ". ".join([f"from {basis(one)}; extrapolation: {one.extrapolation}", *view.notes()])
