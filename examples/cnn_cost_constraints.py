"""One convolutional network, tuned in every way in which people ask for it.

- plain: the validation error, over learning rate, momentum, dropout rate and batch size;
- cost: the same, where improvement per second counts: a small batch takes longer;
- folds: the mean error of three-fold cross-validation;
- grid: the same parameters in steps, as people write them who are used to grids;
- memory: the error, of networks that train within 4 MiB; the number of channels is tuned as well;
- front: error and number of parameters, two objectives.

Each of them is tuned at a large scale by ScaleUpSampler, which starts from a study of few images
and few epochs, and by TPESampler and GPSampler with the same number of trials. "folds" and "grid"
start from the plain small study as it is: neither objective nor ranges need to be the same.

Needs Optuna 5 (for ``trial.set_constraint``). A second run continues the stored studies: only
trials that are missing are run.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import plotly.graph_objects as go
from optuna.trial import TrialState

from _cnn import Config
from _cnn import Lab
from _cnn import Scale
from _cnn import build
from _cnn import memory_of
from _cnn import n_parameters
from _common import Direction
from _common import Options
from _common import SamplerFactory
from _common import format_table
from _common import mean_and_sd
from _common import parse_options
from _common import run_study
from _compare import COLORS
from _compare import TRANSFER
from _compare import by_sampler
from _compare import rivals
from _figures import write_page
from _torch import fashion_mnist
from _torch import pick_device
from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source
from optuna_scaleup.visualization import plot_anytime


WITH_COST = "ScaleUpSampler(small, cost)"
MEMORY_MIB = 4.0
WORST = (0.9, 4.5)  # error of guessing, and log10 of more parameters than any network here has


SMALL = Scale(n_images=300, n_epochs=2)
LARGE = Scale(n_images=800, n_epochs=3)


def suggest(trial: optuna.Trial) -> Config:
    """Ranges as they are: a sampler with a model has no use for steps."""
    return Config(
        learning_rate=trial.suggest_float("learning_rate", 1e-3, 1.0, log=True),
        momentum=trial.suggest_float("momentum", 0.0, 0.98),
        dropout=trial.suggest_float("dropout", 0.0, 0.8),
        batch_size=trial.suggest_int("batch_size", 8, 128, log=True),
    )


def suggest_with_channels(trial: optuna.Trial) -> Config:
    """The same, and the size of the network."""
    channels = trial.suggest_int("channels", 2, 16, log=True)
    return Config(**{**vars(suggest(trial)), "channels": channels})


def suggest_on_grid(trial: optuna.Trial) -> Config:
    """Finite ranges: 7 x 8 x 9 x 5 configurations.

    Optuna has no step for ``log=True``: a log grid is a step in the exponent.
    """
    return Config(
        learning_rate=10 ** trial.suggest_float("log10_learning_rate", -3.0, 0.0, step=0.5),
        momentum=trial.suggest_float("momentum", 0.0, 0.98, step=0.14),
        dropout=trial.suggest_float("dropout", 0.0, 0.8, step=0.1),
        batch_size=2 ** trial.suggest_int("log2_batch_size", 3, 7),
    )


def as_grid(small: optuna.Study) -> Source:
    """The plain small study in the terms of :func:`suggest_on_grid`."""
    return Source(
        small,
        rename={"learning_rate": "log10_learning_rate", "batch_size": "log2_batch_size"},
        transform={"learning_rate": math.log10, "batch_size": math.log2},
    )


def plain(trial: optuna.Trial, lab: Lab) -> float:
    return lab.error(suggest(trial))


def folds(trial: optuna.Trial, lab: Lab) -> float:
    return lab.error_of_folds(suggest(trial))


def grid(trial: optuna.Trial, lab: Lab) -> float:
    return lab.error(suggest_on_grid(trial))


def memory(trial: optuna.Trial, lab: Lab) -> float:
    config = suggest_with_channels(trial)
    trial.set_constraint("memory", memory_of(config) - MEMORY_MIB)  # feasible where <= 0
    return lab.error(config)


def front(trial: optuna.Trial, lab: Lab) -> tuple[float, float]:
    config = suggest_with_channels(trial)
    return lab.error(config), n_parameters(build(config))


@dataclass(frozen=True)
class Part:
    """One way to ask for a good network.

    Attributes:
        objective: What is optimised, at either scale.
        source: Part whose small study the large one starts from.
        translate: Brings that small study to this part's terms.
        directions: Of the objective.
    """

    objective: Callable[[optuna.Trial, Lab], Any]
    source: str
    translate: Callable[[optuna.Study], Any] = lambda small: small
    directions: tuple[Direction, ...] = ("minimize",)


PARTS = {
    "plain": Part(plain, source="plain"),
    "folds": Part(folds, source="plain"),
    "grid": Part(grid, source="plain", translate=as_grid),
    "memory": Part(memory, source="memory"),
    "front": Part(front, source="front", directions=("minimize", "minimize")),
}


def samplers(part: str, source: Any) -> dict[str, SamplerFactory]:
    """What tunes the large network; by cost, too, where all else is the same."""
    with_cost = {WITH_COST: lambda s: ScaleUpSampler(source, cost="duration", seed=s)}
    return rivals(source) | (with_cost if part == "plain" else {})


def run_seed(options: Options, labs: tuple[Lab, Lab]) -> dict[str, dict[str, optuna.Study]]:
    """All large studies of one seed, by part and sampler."""
    seed = labs[0].seed

    def run(name: str, part: Part, lab: Lab, make: SamplerFactory, n_trials: int) -> optuna.Study:
        return run_study(
            f"{name}, seed {seed}",
            options.storage,
            lambda trial: part.objective(trial, lab),
            make,
            n_trials=n_trials,
            seed=seed,
            direction=part.directions,
        )

    small, large = {}, {}
    for name, part in PARTS.items():
        if part.source == name:
            small[name] = run(
                f"{name}, small", part, labs[0], lambda s: ScaleUpSampler(seed=s), options.n_small
            )
        source = part.translate(small[part.source])
        large[name] = {
            sampler: run(f"{name}, {sampler}", part, labs[1], make, options.n_large)
            for sampler, make in samplers(name, source).items()
        }
    return large


def feasible_error(study: optuna.Study) -> float:
    """Lowest error of a trial that kept to its constraints; that of guessing if none did."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    kept = [t for t in trials if all(value <= 0 for value in t.constraints.values())]
    return min((t.values[0] for t in kept), default=WORST[0])


def hypervolume(study: optuna.Study) -> float:
    """Area that the front dominates: error times decades of parameters, up to :data:`WORST`."""
    points = sorted((t.values[0], math.log10(t.values[1])) for t in study.best_trials)
    area, lowest = 0.0, WORST[1]
    for error, size in points:
        area += max(0.0, WORST[0] - error) * max(0.0, lowest - size)
        lowest = min(lowest, size)
    return area


def result_table(parts: Mapping[str, Mapping[str, Sequence[optuna.Study]]]) -> str:
    """What each sampler reached: hypervolume of the front, and the lowest error otherwise."""
    rows = []
    for part, groups in parts.items():
        number = hypervolume if part == "front" else feasible_error
        title = "front (hypervolume, larger is better)" if part == "front" else f"{part} (error)"
        cells = {
            name: mean_and_sd([number(s) for s in group], 4) for name, group in groups.items()
        }
        rows.append([title, *(cells.get(name, "") for name in parts["plain"])])
    return format_table(["part", *parts["plain"]], rows)


def front_figure(groups: Mapping[str, Sequence[optuna.Study]]) -> go.Figure:
    """The non-dominated trials of the first seed, sampler by sampler."""
    figure = go.Figure()
    for color, (name, group) in zip(COLORS, groups.items(), strict=False):
        points = sorted((t.values[1], t.values[0]) for t in group[0].best_trials)
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[y for _, y in points],
            name=name,
            mode="lines+markers",
            line={"shape": "hv", "color": color},
        )
    figure.update_xaxes(title="number of parameters", type="log")
    return figure.update_yaxes(title="validation error")


def figures_of(part: str, groups: Mapping[str, Sequence[optuna.Study]]) -> list[tuple[str, Any]]:
    """Best so far by trials and by time, with quantiles over the seeds; or the fronts."""
    if part == "front":
        return [("Pareto fronts, first seed", front_figure(groups))]
    groups = {name: list(group) for name, group in groups.items()}
    return [
        ("By trials", plot_anytime(groups, x="trials", target_name="error")),
        ("By time, decisions included", plot_anytime(groups, x="time", target_name="error")),
    ]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flag that only this example has."""
    parser.add_argument("--data", type=Path, help="folder with Fashion-MNIST's .gz files")


def main() -> None:
    """Runs what is missing, prints the table, writes the page."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = parse_options(
        __doc__,
        out="cnn_cost_constraints",
        n_small=12,
        n_large=8,
        quick=(3, 2),
        n_seeds=3,
        add_own=add_flags,
    )
    start, device = time.perf_counter(), pick_device()
    shrink = 8 if options.quick else 1
    scales = [Scale(s.n_images // shrink, s.n_epochs) for s in (SMALL, LARGE)]
    train, valid = (
        (images.to(device), labels.to(device))
        for images, labels in fashion_mnist(
            options.own.data, options.out, n_train=LARGE.n_images, n_test=1000 // shrink
        )
    )
    by_seed = []
    for seed in options.seeds:
        small, large = (Lab(scale, train, valid, seed) for scale in scales)
        by_seed.append(run_seed(options, (small, large)))
    parts = {part: by_sampler([seed[part] for seed in by_seed]) for part in PARTS}

    table = result_table(parts)
    print(f"\nafter {options.n_large} large trials\n{table}\n")
    if len(options.seeds) == 1:
        print("One seed is one draw: --seeds 3 compares the samplers over three.")
    page = options.out / "report.html"
    none: list[str] = []
    sections = [(part, none, figures_of(part, groups)) for part, groups in parts.items()]
    write_page(page, "One network, tuned in six ways", [("Results", [table], []), *sections])
    print(f"best of plain, {TRANSFER}: {parts['plain'][TRANSFER][0].best_params}")
    print(f"wall time of this run: {time.perf_counter() - start:.0f} s; figures: {page}")


if __name__ == "__main__":
    main()
