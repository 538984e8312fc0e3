"""Figures in the size of optuna-dashboard's cards, which cut off what is larger."""

from __future__ import annotations

import re
import textwrap
from typing import Any
from typing import Final


_HEIGHT: Final = 440  # pixels
_TITLE_WIDTH: Final = 84  # characters


def as_card(figure: Any) -> Any:
    """Changes a figure of ours so that all of it is seen on a card; returns it.

    The legend goes below the plot, where it leaves the width to the axes.
    """
    title, *lines = str(figure.layout.title.text or "").split("<br>")
    text = " ".join(re.sub("</?sup>", "", line) for line in lines)
    wrapped = textwrap.wrap(text, _TITLE_WIDTH)[:3]
    laws = [trace for trace in figure.data if trace.legend == "legend2"]
    for trace in laws:
        trace.legend = None  # the dashboard's plotly draws one legend only
    figure.layout.legend2 = None
    n_laws = sum(bool(trace.showlegend) for trace in laws)
    legend = {"font_size": 9, "x": 0, "xanchor": "left", "yanchor": "top", "orientation": "h"}
    figure.update_layout(
        height=_HEIGHT,
        title={
            "text": "<br>".join([title, *(f"<sup>{line}</sup>" for line in wrapped)]),
            "font_size": 14,
            "x": 0.02,
            "y": 0.97,
            "yanchor": "top",
        },
        margin={"l": 60, "r": 20, "t": 42 + 14 * len(wrapped), "b": 110 + 16 * n_laws},
        font_size=10,
        legend={**legend, "y": -0.2, "grouptitlefont_size": 9, "tracegroupgap": 2},
    )
    figure.update_annotations(font_size=9)
    figure.update_yaxes(title_standoff=4)
    figure.update_xaxes(title_standoff=4)
    return figure
