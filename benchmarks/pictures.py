"""The same curves as a still picture for the README."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.figures import LOWEST_REGRET
from benchmarks.figures import N_COLUMNS
from benchmarks.figures import color_of
from benchmarks.figures import curve
from benchmarks.figures import legend_labels
from benchmarks.figures import panel_names
from benchmarks.figures import panel_rows
from benchmarks.goals import OURS_COLD
from benchmarks.summary import ALL
from benchmarks.summary import is_peer


def save_pictures(rows: pd.DataFrame, folder: Path) -> list[Path]:
    """Draws ``regret.png`` (all tasks) and ``regret_by_family.png`` (a panel a family)."""
    panels = panel_names(rows)
    drawn = [_draw(rows, panels[:1], folder / "regret.png")]
    if len(panels) > 1:
        drawn.append(_draw(rows, panels[1:], folder / "regret_by_family.png"))
    return drawn


def _draw(rows: pd.DataFrame, panels: list[str], path: Path) -> Path:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    methods = list(dict.fromkeys(str(method) for method in rows["method"]))
    colors = color_of(methods)
    n_columns = min(N_COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(6.4 * n_columns, 4.6 * n_rows),
        squeeze=False,
        layout="constrained",
    )
    for ax, panel in zip(axes.flat, panels, strict=False):
        shown = panel_rows(rows, panel)
        labels = legend_labels(shown)
        for method in methods:
            own = shown[shown["method"] == method]
            if own.empty:
                continue
            points = curve(own, "trial").clip(lower=LOWEST_REGRET)
            is_ours = not is_peer(method)
            ax.plot(
                points["x"],
                points["mean"],
                color=colors[method],
                label=labels[method],
                lw=2.5 if is_ours else 1.2,
                ls="--" if method == OURS_COLD else "-",
            )
        n_tasks = shown["task"].nunique()
        ax.set(yscale="log", xlabel="target trials", ylabel="mean normalised regret")
        ax.set_title(f"{n_tasks} tasks" if panel == ALL else f"{panel} ({n_tasks} tasks)")
        ax.grid(alpha=0.3)
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    handles, names = axes.flat[0].get_legend_handles_labels()
    n_legend_columns = 4 * n_columns if n_columns > 1 else 3
    figure.legend(handles, names, loc="outside lower center", ncols=n_legend_columns, fontsize=9)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
