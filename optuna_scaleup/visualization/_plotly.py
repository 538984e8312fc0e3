"""Plotly, if it is installed, and what all figures have in common."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import numpy as np

from optuna_scaleup.data.rounding import rounded
from optuna_scaleup.report.interval import number
from optuna_scaleup.types import Array
from optuna_scaleup.visualization._labels import cut
from optuna_scaleup.visualization._labels import escaped
from optuna_scaleup.visualization._labels import short
from optuna_scaleup.visualization._labels import shortened
from optuna_scaleup.visualization._labels import shortened_together


if TYPE_CHECKING:
    from optuna.study import Study


try:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    _missing: ImportError | None = None
except ImportError as error:  # the sampler does without
    go = make_subplots = None
    _missing = error


__all__ = [
    "BLACK",
    "BLUE",
    "DASHES",
    "GREEN",
    "GREY",
    "NARROW",
    "NO_SOURCE_COLOR",
    "ORANGE",
    "PURPLE",
    "SERIES",
    "SKY",
    "SOURCE_COLOR",
    "TARGET_COLOR",
    "VERMILLION",
    "WIDE",
    "band",
    "beyond_axis",
    "check_plotly",
    "cut",
    "empty_figure",
    "escaped",
    "go",
    "is_available",
    "layout",
    "log_ticks",
    "make_subplots",
    "objective_name",
    "rounded",
    "short",
    "shortened",
    "shortened_together",
    "with_opacity",
]

# Okabe & Ito (2008): told apart by colour-blind readers too.
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
ORANGE: Final = "#E69F00"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
GREY: Final = "#7F7F7F"
BLACK: Final = "#222222"
SERIES: Final = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

TARGET_COLOR: Final = BLUE
SOURCE_COLOR: Final = VERMILLION
NO_SOURCE_COLOR: Final = GREY

_OBJECTIVE = "Objective Value"  # the default of all figures, Optuna's as well
_ROUNDING = 1e-9  # of exponents of ten
_SUBTITLE_WIDTH = 110  # characters that fit into 900 pixels
WIDE: Final = 40  # characters of a name along an axis or in a title
NARROW: Final = 24  # in a legend, or along the axis of one of several panels


def is_available() -> bool:
    """Whether plotly is installed, so that the figures can be drawn."""
    return _missing is None


def check_plotly() -> None:
    """Raises :exc:`ImportError` with the way out unless plotly is installed."""
    if _missing is not None:
        raise ImportError(
            "The figures of optuna_scaleup need plotly, which is not installed. "
            "`pip install 'optuna-scaleup[visualization]'` installs it."
        ) from _missing


def layout(title: str, subtitle: str = "", **options: Any) -> Any:
    """Optuna's default layout, with an optional line of explanation below the title.

    Neither text is read as HTML.
    """
    lines = textwrap.wrap(subtitle, _SUBTITLE_WIDTH)
    text = "<br>".join([escaped(title), *(f"<sup>{escaped(line)}</sup>" for line in lines)])
    # Room for the title's lines above the plot; Optuna's own 100 pixels hold two.
    margin = {"t": 100 + 18 * max(len(lines) - 1, 0)}
    return go.Layout(title=text, margin=margin, **options)


def empty_figure(title: str, message: str) -> Any:
    """A figure without traces that says why."""
    figure = go.Figure(layout=layout(title))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text="<br>".join(map(escaped, textwrap.wrap(message, 80))),
        showarrow=False,
        font_size=15,
        xref="paper",
        yref="paper",
        x=0.5,
        y=0.5,
    )
    return figure


def band(
    x: Sequence[float],
    low: Array,
    high: Array,
    color: str,
    opacity: float,
    *,
    is_step: bool = False,
    **options: Any,
) -> Any:
    """The area between two curves, or two staircases, as one closed line."""
    x, bottom, top = list(x), rounded(low), rounded(high)
    if is_step:  # a staircase drawn backwards steps the other way, so its corners are made here
        x = [x[0], *(v for v in x[1:] for _ in range(2))]
        bottom, top = ([v for v in side for _ in range(2)][:-1] for side in (bottom, top))
    return go.Scatter(
        x=[*x, *reversed(x)],
        y=[*top, *reversed(bottom)],
        fill="toself",
        fillcolor=with_opacity(color, opacity),
        line={"width": 0, "color": with_opacity(color, opacity)},
        mode="lines",
        hoverinfo="skip",
        **options,
    )


def beyond_axis(
    x: Sequence[float],
    y: Sequence[float],
    shown: Sequence[float],
    color: str | Sequence[str],
    **options: Any,
) -> Any:
    """Values that an axis does not reach, as triangles at its edge that tell them.

    Args:
        x: Positions.
        y: Values, all beyond the axis.
        shown: Both ends of the axis.
        color: Of all, or of each.
        options: Of the trace.
    """
    low, high = shown
    inset = 0.03 * (high - low)
    symbols = ["triangle-up" if v > high else "triangle-down" for v in y]
    return go.Scatter(
        x=x,
        y=rounded([min(max(v, low + inset), high - inset) for v in y]),
        mode="markers",
        marker={"symbol": symbols, "size": 10, "color": color},
        text=[number(v) for v in y],
        hoverinfo="x+text",
        **options,
    )


def objective_name(target_name: str, *studies: Study, objective: int = 0) -> str:
    """What the caller says, or by default what the studies call their objective."""
    names = {tuple(study.metric_names or ()) for study in studies}
    if target_name != _OBJECTIVE or len(names) != 1 or not (known := names.pop()):
        return target_name
    return known[objective]


def log_ticks(start: float, stop: float) -> dict[str, Any]:
    """Options of a logarithmic axis: powers of ten, or 1, 2, 5 where there are too few of them.

    Args:
        start: Exponent of ten where the axis begins, which as a number may be out of range.
        stop: Exponent where it ends.
    """
    if stop - start >= 2.0:
        dtick = max(1, round((stop - start) / 6))
        return {"type": "log", "exponentformat": "power", "dtick": dtick}

    def within(exponent: float) -> bool:
        return start - _ROUNDING <= exponent <= stop + _ROUNDING

    decades = range(math.floor(start), math.ceil(stop) + 1)
    for digits in ((1, 2, 5), range(1, 10), np.arange(1.0, 10.0, 0.1).round(1).tolist()):
        ticks = [d * 10.0**k for k in decades for d in digits if within(math.log10(d) + k)]
        if len(ticks) >= 2:
            break
    else:
        ticks = [10.0**start, 10.0**stop]
    shown = ticks[:: max(1, len(ticks) // 8)]
    return {
        "type": "log",
        "tickvals": rounded(shown),
        "ticktext": [_with_prefix(v) for v in shown],
    }


def _with_prefix(value: float) -> str:
    """``20000`` as ``20k``, as plotly writes it on linear axes."""
    for prefix, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:.4g}{prefix}"
    return f"{value:.4g}"


def with_opacity(color: str, opacity: float) -> str:
    """``#RRGGBB`` as ``rgba(...)``."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
