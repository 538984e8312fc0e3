"""What the sampler expected of every trial, what came out, and which source it listened to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
from optuna.trial import TrialState

from optuna_scaleup._optuna import read_trials
from optuna_scaleup.data.arguments import check_study
from optuna_scaleup.data.lineage import read_lineage
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.prediction import Prediction
from optuna_scaleup.data.prediction import read_prediction
from optuna_scaleup.visualization import _plotly as look
from optuna_scaleup.visualization._plotly import go
from optuna_scaleup.visualization._plotly import make_subplots
from optuna_scaleup.wording import counted


if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.study import Study
    from optuna.trial import FrozenTrial


TITLE = "Transfer Plot"


@dataclass(frozen=True)
class Expected:
    """A trial and what was expected of it."""

    trial: FrozenTrial
    prediction: Prediction

    @property
    def outcome(self) -> float | None:
        """Value of a complete trial with one objective."""
        values = self.trial.values
        is_complete = self.trial.state == TrialState.COMPLETE
        return values[0] if is_complete and values and len(values) == 1 else None

    @property
    def is_inside(self) -> bool | None:
        """Whether a finite outcome lies in the 90 % interval; :obj:`None` without either."""
        if self.outcome is None or not math.isfinite(self.outcome):
            return None
        side = self.prediction.side_of(self.outcome)
        return None if side is None else side == 0


def plot_transfer(study: Study, *, target_name: str = "Objective Value") -> go.Figure:
    """Plot what was predicted before each trial against what came out, and the sources' shares.

    The share of a source is what each suggestion rests on it, which is less than the evidence for
    it, as :meth:`~optuna_scaleup.ScaleUpSampler.diagnose` tells that. Outcomes beyond the axis are
    triangles at its edge.

    Args:
        study:
            A study that :class:`~optuna_scaleup.ScaleUpSampler` sampled.
        target_name:
            Name of the objective on the axis.

    Returns:
        A :class:`plotly.graph_objects.Figure` object.

    Raises:
        ImportError: If plotly is not installed.
        TypeError: If this is no study.
    """
    look.check_plotly()
    check_study(study)
    rows = [Expected(trial, read_prediction(trial)) for trial in read_trials(study)]
    predicted = [row for row in rows if row.prediction.value_interval is not None]
    weighted = [row for row in rows if row.prediction.source_weights]
    if not predicted and not weighted:
        return look.empty_figure(TITLE, _why_empty(len(rows)))
    n_rows = bool(predicted) + bool(weighted)
    figure = make_subplots(
        rows=n_rows,
        cols=1,
        shared_xaxes=True,
        row_heights=[0.68, 0.32] if n_rows == 2 else None,
        vertical_spacing=0.06,
    )
    if predicted:
        shown = _value_range(rows, float(signs_of(study.directions)[0]))
        for trace in [*_predictions(predicted), *_outcomes(rows, shown)]:
            figure.add_trace(trace, row=1, col=1)
        title = look.shortened(look.objective_name(target_name, study), look.WIDE)
        figure.update_yaxes(title_text=title, range=shown, row=1, col=1)
    if weighted:
        for trace in _weights(weighted, weight_labels(study, [row.trial for row in weighted])):
            figure.add_trace(trace, row=n_rows, col=1)
        figure.update_yaxes(title_text="Share", range=[0, 1], row=n_rows, col=1)
    told = coverage_text(predicted) if predicted else "of several objectives no value is predicted"
    figure.update_layout(look.layout(TITLE, told, height=560 if predicted else 360))
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_xaxes(tickformat="d", range=[-0.6, len(rows) - 0.4])
    if len(rows) <= 12:
        figure.update_xaxes(dtick=1)
    figure.update_xaxes(title_text="Trial", row=n_rows, col=1)
    return figure


def coverage_text(rows: Sequence[Expected]) -> str:
    """How many outcomes lay in their 90 % interval."""
    known = [row.is_inside for row in rows if row.is_inside is not None]
    if not known:
        return "no predicted trial is complete yet"
    outcomes = counted(len(known), "outcome lies", "outcomes lie")
    whom = "it" if len(known) == 1 else "them"
    return f"{sum(known)} of {outcomes} in the 90 % interval predicted for {whom}"


def weight_labels(study: Study, trials: Sequence[FrozenTrial]) -> list[str]:
    """Names of the weights: the sources in use, small to large, and "no source"."""
    counts = (len(read_prediction(trial).source_weights) - 1 for trial in trials)
    n_sources = max([0, *counts])
    labels = [record.label for record in read_lineage(study).sources]
    unnamed = [f"source {i}" for i in range(n_sources - len(labels))]
    named = [*unnamed, *labels]
    return [*named[len(named) - n_sources :], "no source"]


def _predictions(rows: Sequence[Expected]) -> list[Any]:
    intervals = np.array([row.prediction.value_interval for row in rows])
    error = {
        "type": "data",
        "symmetric": False,
        "array": look.rounded(intervals[:, 2] - intervals[:, 1]),
        "arrayminus": look.rounded(intervals[:, 1] - intervals[:, 0]),
        "color": look.with_opacity(look.TARGET_COLOR, 0.5),
        "thickness": 2,
        "width": 3,
    }
    marker = {"symbol": "line-ew-open", "size": 10, "color": look.TARGET_COLOR}
    return [
        go.Scatter(
            x=[row.trial.number for row in rows],
            y=look.rounded(intervals[:, 1]),
            error_y=error,
            mode="markers",
            marker=marker,
            name="predicted: median, 90 %",
        )
    ]


def _outcomes(rows: Sequence[Expected], shown: Sequence[float] | None) -> list[Any]:
    """What came out; beyond the axis as triangles at its edge."""
    low, high = shown or (-math.inf, math.inf)
    styles = {
        True: ("outcome, as predicted", "circle", look.TARGET_COLOR),
        False: ("outcome, outside", "diamond", look.VERMILLION),
        None: ("outcome, not predicted", "circle-open", look.GREY),
    }
    traces = []
    for is_inside, (name, symbol, color) in styles.items():
        group = [
            row
            for row in rows
            if row.is_inside is is_inside
            and row.outcome is not None
            and low <= row.outcome <= high
        ]
        if group:
            traces.append(
                go.Scatter(
                    x=[row.trial.number for row in group],
                    y=look.rounded([row.outcome for row in group if row.outcome is not None]),
                    mode="markers",
                    marker={"symbol": symbol, "size": 8, "color": color},
                    cliponaxis=False,
                    name=name,
                )
            )
    beyond = [
        (row.trial.number, row.outcome, styles[row.is_inside][2])
        for row in rows
        if row.outcome is not None and not low <= row.outcome <= high
    ]
    if beyond:
        numbers, outcomes, colors = map(list, zip(*beyond, strict=True))
        name = "outcome, beyond the axis"
        traces.append(look.beyond_axis(numbers, outcomes, (low, high), colors, name=name))
    return traces


def _weights(rows: Sequence[Expected], labels: Sequence[str]) -> list[Any]:
    """Share of every source by trial, stacked up to one."""
    n_sources = len(labels) - 1
    colors = [*_source_colors(n_sources), look.NO_SOURCE_COLOR]
    names = [f"share: {label}" for label in look.shortened_together(labels, look.NARROW)]
    traces = []
    for i, (name, color) in enumerate(zip(names, colors, strict=True)):
        weights = []
        for row in rows:
            *own, none = row.prediction.source_weights
            padded = [0.0] * (n_sources - len(own)) + own + [none]
            weights.append(padded[i])
        x = [row.trial.number for row in rows]
        fill = look.with_opacity(color, 0.55)
        shared = {"x": x, "y": look.rounded(weights), "name": name}
        shared["hovertext"] = look.escaped(labels[i])
        if len(rows) == 1:  # one point has no area
            traces.append(go.Bar(marker_color=fill, width=0.3, **shared))
            continue
        traces.append(
            go.Scatter(
                mode="lines",
                stackgroup="weights",
                line={"width": 0.5, "color": color},
                fillcolor=fill,
                **shared,
            )
        )
    return traces


def _source_colors(n_sources: int) -> list[str]:
    palette = [look.VERMILLION, look.ORANGE, look.PURPLE, look.GREEN, look.SKY]
    return [palette[i % len(palette)] for i in reversed(range(n_sources))]


def _value_range(rows: Sequence[Expected], sign: float) -> list[float] | None:
    """Shows the good end of outcomes and predictions; one diverged trial does not set it."""
    outcomes = [row.outcome for row in rows if row.outcome is not None]
    values = sign * np.array([v for v in outcomes if np.isfinite(v)])
    if len(values) < 3:
        return None
    intervals = [row.prediction.value_interval for row in rows]
    ends = sign * np.array([v for interval in intervals if interval for v in interval] or values)
    best, median = values.max(), np.median(values)
    step = best - median
    if step <= 0.0:
        return None
    low = max(min(values.min(), ends.min()), median - 4.0 * step)
    high = max(best, min(ends.max(), best + 2.0 * step))
    pad = 0.05 * (high - low)
    return sorted((float(sign * (low - pad)), float(sign * (high + pad))))


def _why_empty(n_trials: int) -> str:
    if not n_trials:
        return "The study has no trial yet."
    return (
        "No trial of this study carries a prediction: they were made by another sampler, before "
        "the model knew anything, or for several objectives at once."
    )
