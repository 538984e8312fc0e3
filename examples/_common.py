"""What every example shares: flags, resumable studies, tables and the page of figures."""

from __future__ import annotations

import argparse
import html
import statistics
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState


FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
Figures = Sequence[tuple[str, Any]]  # captions and plotly figures
Objective = Callable[[optuna.Trial], float]
SamplerFactory = Callable[[int], optuna.samplers.BaseSampler]


@dataclass(frozen=True)
class Options:
    """What the flags ask for."""

    storage: str
    n_small: int
    n_large: int
    seeds: range
    out: Path


def parse_options(
    description: str | None,
    *,
    out: str,
    n_small: int,
    n_large: int,
    quick: tuple[int, int],
    argv: Sequence[str] | None = None,
) -> Options:
    """Reads the flags that all examples have in common.

    Args:
        description: The text above the list of flags.
        out: Default folder for the figures and, unless ``--storage`` says otherwise, the studies.
        n_small: Default number of small trials.
        n_large: Default number of large trials.
        quick: The same two numbers under ``--quick``.
        argv: The command line; :obj:`None` for the process's own.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--storage", help="Optuna storage URL (default: an SQLite file in the --out folder)")
    add("--n-small", type=_positive, help=f"trials of the small study (default: {n_small})")
    add("--n-large", type=_positive, help=f"trials of each large study (default: {n_large})")
    add("--seed", type=int, default=0, help="first seed (default: 0)")
    add("--seeds", type=_positive, default=1, help="number of seeds to average over (default: 1)")
    add("--quick", action="store_true", help="a few trials only, to see that it runs")
    add("--out", type=Path, default=Path(out), help=f"folder for the results (default: {out})")
    flags = parser.parse_args(argv)
    if flags.quick:
        n_small, n_large = quick
    flags.out.mkdir(parents=True, exist_ok=True)
    return Options(
        storage=flags.storage or f"sqlite:///{flags.out / 'studies.db'}",
        n_small=flags.n_small or n_small,
        n_large=flags.n_large or n_large,
        seeds=range(flags.seed, flags.seed + flags.seeds),
        out=flags.out,
    )


def run_study(
    name: str,
    storage: str,
    objective: Objective,
    make_sampler: SamplerFactory,
    *,
    n_trials: int,
    seed: int,
    pruner: optuna.pruners.BasePruner | None = None,
    first_params: dict[str, Any] | None = None,
) -> optuna.Study:
    """Brings the stored study of that name to ``n_trials`` finished trials, starting it if needed.

    Args:
        name: Name of the study in the storage.
        storage: Optuna storage URL.
        objective: What the study minimises.
        make_sampler: Called with a seed, gives the sampler.
        n_trials: Finished trials the study has in the end; those that are stored already count.
        seed: Seed of this run's repetition.
        pruner: The study's pruner; :obj:`None` for none.
        first_params: Parameters of the first trial; :obj:`None` lets the sampler choose.
    """
    study = optuna.create_study(
        study_name=name,
        storage=storage,
        pruner=pruner or optuna.pruners.NopPruner(),
        direction="minimize",
        load_if_exists=True,
    )
    n_done = len(study.get_trials(deepcopy=False, states=FINISHED))
    print(f"{name}: {n_done} of {n_trials} trials stored", flush=True)
    if n_done == 0 and first_params is not None:
        study.enqueue_trial(first_params, skip_if_exists=True)
    if n_done < n_trials:
        # Random samplers would draw the stored points once more if they restarted from one seed.
        study.sampler = make_sampler(seed + 10_000 * n_done)
        study.optimize(objective, n_trials=n_trials - n_done, show_progress_bar=True)
    return study


def best_after(study: optuna.Study, n_trials: int) -> float:
    """Smallest value among the first ``n_trials`` finished trials; NaN if all were pruned."""
    first = study.get_trials(deepcopy=False, states=FINISHED)[:n_trials]
    values = [t.value for t in first if t.state == TrialState.COMPLETE and t.value is not None]
    return min(values, default=float("nan"))


def n_pruned(study: optuna.Study) -> int:
    """Number of trials that the pruner stopped."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)))


def wall_time(study: optuna.Study) -> float:
    """Seconds spent in finished trials, the sampler's own time included."""
    trials = study.get_trials(deepcopy=False, states=FINISHED)
    return sum(t.duration.total_seconds() for t in trials if t.duration is not None)


def mean_and_sd(values: Sequence[float], digits: int) -> str:
    """``mean`` of one value, ``mean ± standard deviation`` of several."""
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain-text table that is valid Markdown as well."""
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "| " + " | ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * w for w in widths) + " |")
    return "\n".join(lines)


def study_figures(study: optuna.Study) -> Figures:
    """Optuna's own plots of one study, each with its heading."""
    plots = optuna.visualization
    figures = [
        ("Optimization history", plots.plot_optimization_history(study)),
        ("Intermediate values", plots.plot_intermediate_values(study)),
        ("Slices", plots.plot_slice(study)),
        ("Parallel coordinates", plots.plot_parallel_coordinate(study)),
        ("Empirical distribution of the values", plots.plot_edf(study)),
    ]
    values = {t.value for t in study.get_trials(states=(TrialState.COMPLETE,), deepcopy=False)}
    if len(values) > 1:  # importances of a constant are not defined
        figures.append(("Importances", plots.plot_param_importances(study)))
    return figures


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
        "max-width: 75rem; margin: 2rem auto; padding: 0 1rem}</style></head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n",
        encoding="utf-8",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number
