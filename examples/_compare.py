"""The large study under each sampler, all with the same number of trials: runs, table, figure."""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import optuna
import plotly.graph_objects as go

from _common import FINISHED
from _common import Direction
from _common import Objective
from _common import Options
from _common import SamplerFactory
from _common import best_after
from _common import format_table
from _common import mean_and_sd
from _common import n_pruned
from _common import run_study
from _common import wall_time
from optuna_scaleup import ScaleUpSampler


TRANSFER = "ScaleUpSampler(small)"
ZERO_SHOT = "best of small, unchanged"
# Okabe & Ito (2008): told apart by colour-blind readers too.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")  # for lines that coincide
Studies = Mapping[str, Sequence[optuna.Study]]  # by sampler, one study a seed


def rivals(source: Any, *, n_startup_trials: int = 3) -> dict[str, SamplerFactory]:
    """The samplers that tune the large problem, by name; each gets the same number of trials.

    TPESampler and GPSampler start with 10 random trials unless told otherwise, which would be the
    whole budget here: 3 leave them room to learn.

    Args:
        source: What ScaleUpSampler starts from.
        n_startup_trials: Random trials that TPESampler and GPSampler start with.
    """
    samplers: dict[str, SamplerFactory] = {
        TRANSFER: lambda seed: ScaleUpSampler(source, seed=seed),
        "TPESampler": lambda seed: optuna.samplers.TPESampler(
            n_startup_trials=n_startup_trials, seed=seed
        ),
    }
    if importlib.util.find_spec("torch") is not None:
        samplers["GPSampler"] = lambda seed: optuna.samplers.GPSampler(
            n_startup_trials=n_startup_trials, warn_independent_sampling=False, seed=seed
        )
    else:
        print("GPSampler is left out of the comparison: it needs torch.")
    return samplers


def run_large(
    options: Options,
    objective: Objective,
    samplers: Mapping[str, SamplerFactory],
    *,
    seed: int,
    label: str = "large",
    direction: Direction = "minimize",
    pruner: optuna.pruners.BasePruner | None = None,
    zero_shot: dict[str, Any] | None = None,
) -> dict[str, optuna.Study]:
    """Runs what is missing of the large studies of one seed; the studies by sampler.

    Args:
        options: The flags: storage and number of trials.
        objective: The large problem.
        samplers: What tunes it, by name.
        seed: Seed of this repetition.
        label: What the names of the studies start with.
        direction: ``"minimize"`` or ``"maximize"``.
        pruner: The studies' pruner; :obj:`None` for none.
        zero_shot: The small study's best parameters, to be tried once as they are; :obj:`None`
            leaves that row out.
    """
    studies = {
        name: run_study(
            f"{label}, {name}, seed {seed}",
            options.storage,
            objective,
            make_sampler,
            n_trials=options.n_large,
            seed=seed,
            direction=direction,
            pruner=pruner,
        )
        for name, make_sampler in samplers.items()
    }
    if zero_shot is not None:
        studies[ZERO_SHOT] = run_study(
            f"{label}, {ZERO_SHOT}, seed {seed}",
            options.storage,
            objective,
            lambda s: optuna.samplers.RandomSampler(seed=s),
            n_trials=1,
            seed=seed,
            direction=direction,
            first_params=[zero_shot],
        )
    return studies


def by_sampler(seeds: Sequence[Mapping[str, optuna.Study]]) -> dict[str, list[optuna.Study]]:
    """Turns the studies of every seed into lists of one study a seed."""
    return {name: [studies[name] for studies in seeds] for name in seeds[0]}


def average(
    group: Sequence[optuna.Study], number: Callable[[optuna.Study], float], digits: int
) -> str:
    """Mean of a number over the studies, with its standard deviation if there are several."""
    return mean_and_sd([number(study) for study in group], digits)


def best_table(
    studies: Mapping[str, Sequence[optuna.Study]],
    accuracy: Callable[[optuna.Study], float],
    loss_name: str,
    n_seconds_digits: int,
) -> str:
    """Best loss and its accuracy, pruned trials and wall time; one row per kind of study."""
    rows = [
        [
            name,
            str(len(group[0].get_trials(deepcopy=False, states=FINISHED))),
            average(group, n_pruned, 1 if len(group) > 1 else 0),
            average(group, lambda s: s.best_value, 4),
            average(group, lambda s: 100 * accuracy(s), 1),
            average(group, wall_time, n_seconds_digits),
        ]
        for name, group in studies.items()
    ]
    return format_table(["study", "trials", "pruned", loss_name, "accuracy, %", "seconds"], rows)


def progress_table(studies: Studies, n_trials: int, *, value: str, digits: int = 4) -> str:
    """Best value of the large problem after the first trials; one row per sampler.

    Args:
        studies: The large studies.
        n_trials: How many trials each has; one that has fewer keeps its best.
        value: Name of the value.
        digits: Decimals to print.
    """
    counts = sorted({1, 3, 5, 10, n_trials} & set(range(1, n_trials + 1)))
    rows = [
        [name, *(average(group, _best_after(k), digits) for k in counts)]
        for name, group in studies.items()
    ]
    return format_table(
        [f"best {value} after", *(f"{k} trial{'s' * (k > 1)}" for k in counts)], rows
    )


def progress_figure(
    studies: Studies, n_trials: int, *, value: str, scale: str = "linear"
) -> go.Figure:
    """Best value of the large problem against the number of trials, mean over the seeds.

    Args:
        studies: The large studies.
        n_trials: How many trials to show.
        value: Name of the value.
        scale: ``"linear"`` or ``"log"``.
    """
    counts = list(range(1, n_trials + 1))
    figure = go.Figure()
    for i, (name, group) in enumerate(studies.items()):
        means = [statistics.fmean(best_after(s, k) for s in group) for k in counts]
        line = {"color": COLORS[i % len(COLORS)], "dash": DASHES[i % len(DASHES)]}
        if name == ZERO_SHOT:
            line = {"color": "#7F7F7F", "dash": "dot"}
        figure.add_scatter(x=counts, y=means, name=name, mode="lines+markers", line=line)
    figure.update_xaxes(title="large trials", dtick=max(1, n_trials // 10))
    figure.update_yaxes(title=f"best {value}", type=scale)
    return figure


def _best_after(n_trials: int) -> Callable[[optuna.Study], float]:
    return lambda study: best_after(study, n_trials)
