"""Figures of a comparison: one panel a family, mean and quantiles over tasks and seeds."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from benchmarks.anytime import with_elapsed
from benchmarks.cost import regret_by_budget
from benchmarks.summary import ALL
from benchmarks.summary import is_peer


N_COLUMNS = 2
PANEL_HEIGHT = 330  # Pixels.
QUANTILES = (0.25, 0.75)
LOWEST_REGRET = 1e-4  # Lower values are drawn here: a logarithm has no zero.
OURS_COLOR = "#d62728"
# Colours that stay apart for colour-blind readers (Okabe and Ito, 2008), ours excepted.
PEER_COLORS = (
    "#0072B2", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#7F7F7F", "#000000", "#B79F00",
    "#8C564B", "#9467BD",
)  # fmt: skip


def panel_names(rows: pd.DataFrame) -> list[str]:
    """``all`` first, then the families in order."""
    families = sorted(str(family) for family in rows["family"].unique())
    return families if len(families) == 1 else [ALL, *families]


def panel_rows(rows: pd.DataFrame, panel: str) -> pd.DataFrame:
    """The rows that a panel shows."""
    return rows if panel == ALL else rows[rows["family"] == panel]


def color_of(methods: Sequence[str]) -> dict[str, str]:
    """One colour a method, red for ours."""
    peers = [method for method in methods if is_peer(method)]
    colors = {m: PEER_COLORS[i % len(PEER_COLORS)] for i, m in enumerate(peers)}
    return {method: colors.get(method, OURS_COLOR) for method in methods}


def legend_labels(rows: pd.DataFrame) -> dict[str, str]:
    """Names of the methods; those that lack tasks say how many they have."""
    n_tasks = rows["task"].nunique()
    counts = {str(m): int(n) for m, n in rows.groupby("method")["task"].nunique().items()}
    return {m: m if n == n_tasks else f"{m} ({n} tasks)" for m, n in counts.items()}


def curve(rows: pd.DataFrame, x: str) -> pd.DataFrame:
    """Mean and quantiles of regret by trial; the mean gives every task the same weight.

    ``x`` names the column whose mean at each trial becomes the abscissa.
    """
    by_trial = rows.groupby("trial")
    low, high = (by_trial["regret"].quantile(q) for q in QUANTILES)
    mean = rows.groupby(["task", "trial"])["regret"].mean().groupby("trial").mean()
    return pd.DataFrame({"x": by_trial[x].mean(), "mean": mean, "low": low, "high": high})


def regret_by_trials(rows: pd.DataFrame) -> go.Figure:
    """Regret by number of target trials."""
    shown = rows.assign(x=rows["trial"])
    return _panels(shown, "target trials", is_log_x=False)


def regret_by_time(rows: pd.DataFrame, train_seconds: float) -> go.Figure:
    """Regret by mean wall-clock time when every training takes ``train_seconds``."""
    shown = with_elapsed(rows, train_seconds)
    shown = shown.assign(x=shown["elapsed"])
    return _panels(shown, f"seconds ({train_seconds:g} s of training a trial)", is_log_x=True)


def regret_by_cost(rows: pd.DataFrame) -> go.Figure | None:
    """Regret by training cost; :obj:`None` if no task of the rows knows it."""
    shown = regret_by_budget(rows)
    if shown.empty:
        return None
    return _panels(shown, "training cost (trainings of the task's median cost)", is_log_x=True)


def _panels(rows: pd.DataFrame, x_title: str, is_log_x: bool) -> go.Figure:
    panels = panel_names(rows)
    methods = list(dict.fromkeys(str(method) for method in rows["method"]))
    colors = color_of(methods)
    n_rows = -(-len(panels) // N_COLUMNS)
    figure = make_subplots(n_rows, N_COLUMNS, subplot_titles=panels, vertical_spacing=0.3 / n_rows)
    labels = legend_labels(rows)
    for i, panel in enumerate(panels):
        shown = panel_rows(rows, panel)
        for method in methods:
            own = shown[shown["method"] == method]
            if not own.empty:
                points, color = curve(own, "x"), colors[method]
                for trace in _traces(points, method, labels[method], color, is_first=i == 0):
                    figure.add_trace(trace, row=i // N_COLUMNS + 1, col=i % N_COLUMNS + 1)
    figure.update_yaxes(type="log", title="normalised regret")
    figure.update_xaxes(title=x_title, type="log" if is_log_x else "linear")
    figure.update_layout(height=PANEL_HEIGHT * n_rows + 100, template="plotly_white")
    return figure


def _traces(
    points: pd.DataFrame, method: str, label: str, color: str, is_first: bool
) -> list[go.Scatter]:
    """The band between the quantiles and the mean."""
    points = points.clip(lower=LOWEST_REGRET)
    outline_x = [*points["x"], *points["x"][::-1]]
    outline_y = [*points["high"], *points["low"][::-1]]
    is_ours = not is_peer(method)
    band = go.Scatter(
        x=outline_x,
        y=outline_y,
        fill="toself",
        fillcolor=color,
        opacity=0.15 if is_ours else 0.05,
        line={"width": 0},
        hoverinfo="skip",
        legendgroup=method,
        showlegend=False,
    )
    mean = go.Scatter(
        x=points["x"],
        y=points["mean"],
        name=label,
        legendgroup=method,
        showlegend=is_first,
        line={"color": color, "width": 3 if is_ours else 1.5},
    )
    return [band, mean]
