"""The page of figures that every example writes."""

from __future__ import annotations

import html
import warnings
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState


N_SLICES = 4  # panels side by side on a page of 900 pixels
Figures = Sequence[tuple[str, Any]]  # captions and plotly figures


def study_figures(
    study: optuna.Study, *, value: str = "objective value", step: str = "epoch"
) -> Figures:
    """Optuna's own plots of one study, each with its heading.

    Args:
        study: The study to plot.
        value: Name of what it optimises.
        step: What its intermediate values are counted by.
    """
    plots = optuna.visualization
    parallel = plots.plot_parallel_coordinate(study, target_name=value)
    parallel.update_layout(plot_bgcolor="#E5ECF6")  # the worst trials are white
    figures = [
        ("Optimization history", plots.plot_optimization_history(study, target_name=value)),
        *_slices(study, value),
        ("Parallel coordinates", parallel),
        ("Empirical distribution of the values", plots.plot_edf(study, target_name=value)),
    ]
    trials = study.get_trials(deepcopy=False)
    if any(t.intermediate_values for t in trials):
        curves = plots.plot_intermediate_values(study)
        curves.update_layout(xaxis_title=step, yaxis_title=value, showlegend=len(trials) <= 10)
        figures.insert(1, ("Intermediate values", curves))
    if len(_values(study)) > 1:  # importances of a constant are not defined
        with warnings.catch_warnings():  # of parameters that are seldom there
            warnings.filterwarnings("ignore", message="Some regimes for parameter")
            importances = plots.plot_param_importances(study, target_name=value)
        figures.append(("Importances", importances))
    return figures


def _slices(study: optuna.Study, value: str) -> Figures:
    """Optuna's slices, as many side by side as have room for their labels."""
    figures = []
    for part in _side_by_side(study):
        figure = optuna.visualization.plot_slice(study, params=part, target_name=value)
        figure.update_xaxes(nticks=4, exponentformat="power")
        figures.append((f"Slices: {', '.join(part)}", figure))
    return figures


def _side_by_side(study: optuna.Study) -> list[list[str]]:
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    names = sorted({name for t in trials for name in t.params})
    return [names[i : i + N_SLICES] for i in range(0, len(names), N_SLICES)]


def _values(study: optuna.Study) -> set[float | None]:
    return {t.value for t in study.get_trials(states=(TrialState.COMPLETE,), deepcopy=False)}


def write_stills(folder: Path, prefix: str, study: optuna.Study, *, value: str) -> None:
    """Optuna's matplotlib plots of one study as PNG files, their names beginning with ``prefix``.

    Args:
        folder: Where to.
        prefix: First part of the file names.
        study: The study to plot.
        value: Name of what it optimises.
    """
    import matplotlib.pyplot as plt  # not every example needs it

    plt.switch_backend("Agg")
    plots: Any = optuna.visualization.matplotlib
    draw: dict[str, Callable[[], object]] = {
        "optimization_history": lambda: plots.plot_optimization_history(study, target_name=value),
        "intermediate_values": lambda: plots.plot_intermediate_values(study).set(
            xlabel="epoch", ylabel=value
        ),
    }
    for i, part in enumerate(_side_by_side(study), start=1):
        draw[f"slice_{i}"] = partial(plots.plot_slice, study, params=part, target_name=value)
    if len(_values(study)) > 1:
        draw["param_importances"] = lambda: plots.plot_param_importances(study, target_name=value)
    for kind, plot in draw.items():
        with warnings.catch_warnings():  # Optuna calls its matplotlib plots experimental
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            for told in (".*identical low and high xlims", "Some regimes for parameter"):
                warnings.filterwarnings("ignore", message=told)
            plot()
        if kind.startswith("slice"):  # numbers below narrow panels
            for panel in plt.gcf().axes:
                panel.tick_params(axis="x", which="both", labelsize=8, labelrotation=40)
        plt.savefig(folder / f"{prefix}_{kind}.png", dpi=90, bbox_inches="tight")
        plt.close("all")


def write_page(
    path: Path, title: str, sections: Sequence[tuple[str, Sequence[str], Figures]]
) -> None:
    """Writes one self-contained page that opens offline.

    Args:
        path: Where to.
        title: Title of the page.
        sections: Each a heading, plain-text tables, and figures with their headings.
    """
    parts: list[str] = []
    include_script = True
    for heading, tables, figures in sections:
        parts.append(f"<h2>{html.escape(heading)}</h2>")
        parts += [f"<pre>{html.escape(table)}</pre>" for table in tables]
        for caption, figure in figures:
            figure.update_layout(title=None, width=None, margin_t=30)  # as wide as the page
            body = figure.to_html(full_html=False, include_plotlyjs=include_script)
            parts.append(f"<h3>{html.escape(caption)}</h3>\n{body}")
            include_script = False
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>body {{font-family: sans-serif; "
        "max-width: 75rem; margin: 2rem auto; padding: 0 1rem} "
        "pre {font-size: 0.75rem; overflow-x: auto}</style></head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n",
        encoding="utf-8",
    )
