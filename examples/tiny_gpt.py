"""Tunes small character-level GPTs, then a wide one that starts from the ladder of small ones.

Networks of width 16, 32 and 64 are tuned first, then one of width 256: learning rate, batch size,
weight decay, and the share of the steps in which the learning rate warms up. All see equally many
characters and are judged by the cross-entropy of the next one in text they never saw. The text is
the language reference that every Python installation carries for ``help()``: the losses depend a
little on the version of Python.

A wide network wants a smaller learning rate than a narrow one. The sampler is told the widths, so
it continues the motion of the optimum up the ladder; the page shows where it expected the optimum
of the wide network before the first trial of that, and where it was.

Minutes on a processor; --full trains sizes that want a GPU. A second run continues the stored
studies: only trials that are missing are run.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence

import optuna
import plotly.graph_objects as go
import torch
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
from plotly.subplots import make_subplots

from _common import Objective
from _common import Options
from _common import format_table
from _common import parse_options
from _common import run_study
from _compare import TRANSFER
from _compare import by_sampler
from _compare import progress_figure
from _compare import progress_table
from _compare import rivals
from _compare import run_large
from _figures import study_figures
from _figures import write_page
from _gpt import GPT
from _gpt import Scale
from _gpt import encode
from _gpt import loss_of
from _gpt import read_text
from _gpt import windows
from _torch import pick_device
from optuna_scaleup import Interval
from optuna_scaleup import Recommendation
from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source
from optuna_scaleup import recommend


VALUE = "cross-entropy"
WIDTHS = (16, 32, 64, 256)
PARAMETERS = {
    "learning_rate": "log",
    "batch_size": "log",
    "weight_decay": "log",
    "warm_up": "linear",
}


def scales_of(widths: Sequence[int], *, is_quick: bool, is_full: bool) -> list[Scale]:
    """The ladder from small to large, the target last."""
    if is_full:
        return [Scale(4 * w, n_layers=6, context=256, n_tokens=20_000_000) for w in widths]
    n_tokens = 4_000 if is_quick else 32_000
    return [Scale(w, n_layers=1, context=32, n_tokens=n_tokens) for w in widths]


def make_objective(scale: Scale, seed: int, device: torch.device) -> Objective:
    """The validation loss of a network of that scale, as an Optuna objective.

    The networks are small and so are the batches of large ones: no trial is worth pruning.
    """
    (train, valid), n_characters = encode(read_text())
    train, valid = train.to(device), valid.to(device)
    spread = torch.linspace(0, len(valid) - scale.context - 1, scale.n_valid).long()
    validation = windows(valid, spread.to(device), scale.context)

    def objective(trial: optuna.Trial) -> float:
        learning_rate = trial.suggest_float("learning_rate", 1e-4, 0.3, log=True)
        batch_size = trial.suggest_int("batch_size", 4, 64, log=True)
        weight_decay = trial.suggest_float("weight_decay", 1e-3, 1.0, log=True)
        warm_up = trial.suggest_float("warm_up", 0.0, 0.5)

        torch.manual_seed(seed)
        network = GPT(scale, n_characters).to(device)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=learning_rate, weight_decay=weight_decay
        )
        n_steps = max(1, scale.n_tokens // (batch_size * scale.context))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate_share(step / n_steps, warm_up)
        )
        for _ in range(n_steps):
            starts = torch.randint(len(train) - scale.context, (batch_size,)).to(device)
            optimizer.zero_grad()
            loss_of(network, windows(train, starts, scale.context)).backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            loss = float(loss_of(network.eval(), validation))
        guessing = math.log(n_characters)  # a network that diverged can be worse, without bound
        return min(loss, guessing) if math.isfinite(loss) else guessing

    return objective


def rate_share(progress: float, warm_up: float) -> float:
    """Share of the learning rate in use: rises during the warm-up, then falls to 0, linearly."""
    if progress < warm_up:
        return max(progress / warm_up, 0.01)
    return (1 - progress) / (1 - warm_up)


def run_seed(
    options: Options, scales: Sequence[Scale], seed: int, device: torch.device
) -> tuple[list[optuna.Study], dict[str, optuna.Study]]:
    """All studies of one seed: the ladder's, and the wide one's by the name of their sampler."""
    ladder = [
        run_study(
            f"width {scale.width}, seed {seed}",
            options.storage,
            make_objective(scale, seed, device),
            lambda s: ScaleUpSampler(seed=s),  # each on its own, to see how the optimum moves
            n_trials=options.n_small,
            seed=seed,
        )
        for scale in scales[:-1]
    ]
    sources, size = sources_of(ladder, scales), {"width": scales[-1].width}
    large = run_large(
        options,
        make_objective(scales[-1], seed, device),
        rivals(sources) | {TRANSFER: lambda s: ScaleUpSampler(sources, scale=size, seed=s)},
        seed=seed,
        zero_shot=ladder[-1].best_params,
    )
    return ladder, large


def sources_of(ladder: Sequence[optuna.Study], scales: Sequence[Scale]) -> list[Source]:
    """The small studies with their widths."""
    return [
        Source(study, scale={"width": scale.width})
        for study, scale in zip(ladder, scales, strict=False)
    ]


def best_quarter(studies: Sequence[optuna.Study]) -> list[FrozenTrial]:
    """The best fourth of the trials of all these studies, best first."""
    trials = [t for s in studies for t in s.get_trials(states=(TrialState.COMPLETE,))]
    return sorted(trials, key=lambda t: t.value or 0.0)[: max(1, len(trials) // 4)]


def drift_table(
    widths: Sequence[int], optima: Sequence[list[FrozenTrial]], predicted: Recommendation
) -> str:
    """Best parameters at each width, and those predicted for the last; one row per parameter."""
    rows = [
        [
            name,
            *(f"{trials[0].params[name]:.3g}" for trials in optima[:-1]),
            str(predicted.optimum[name]),
            f"{optima[-1][0].params[name]:.3g}",
        ]
        for name in PARAMETERS
    ]
    measured = [f"best at {width}" for width in widths]
    header = ["parameter", *measured[:-1], f"predicted at {widths[-1]} (90 %)", measured[-1]]
    return format_table(header, rows)


def drift_figure(
    widths: Sequence[int], optima: Sequence[list[FrozenTrial]], predicted: Recommendation
) -> go.Figure:
    """Measured optimum at each width beside the predicted one of the last.

    Args:
        widths: From small to large.
        optima: The best trials at each width, best first.
        predicted: What was expected of the last width from the others alone.
    """
    figure = make_subplots(rows=2, cols=2)
    for i, (name, scale) in enumerate(PARAMETERS.items()):
        place = {"row": 1 + i // 2, "col": 1 + i % 2}
        values = [[trial.params[name] for trial in trials] for trials in optima]
        best = [ranked[0] for ranked in values]
        figure.add_scatter(
            x=widths,
            y=best,
            error_y={
                "array": [max(v) - b for v, b in zip(values, best, strict=True)],
                "arrayminus": [b - min(v) for v, b in zip(values, best, strict=True)],
            },
            mode="markers",
            marker={"color": "#0072b2", "size": 9},
            name="measured: best trial, range of the best quarter",
            showlegend=i == 0,
            **place,
        )
        interval = predicted.optimum[name]
        assert isinstance(interval, Interval)  # no parameter here is categorical
        for label, (low, high), width in (
            ("predicted before its first trial: 90 %", interval.outer, 3),
            ("predicted: 50 %", interval.inner, 9),
        ):
            figure.add_scatter(
                x=[1.15 * widths[-1]] * 2,
                y=[low, high],
                mode="lines",
                line={"color": "#d55e00", "width": width},
                name=label,
                showlegend=i == 0,
                **place,
            )
        figure.update_yaxes(type=scale, title=name, **place)
        figure.update_xaxes(type="log", tickvals=list(widths), title="width", **place)
    return figure.update_layout(height=700, legend={"orientation": "h", "y": -0.12})


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flag that only this example has."""
    parser.add_argument("--full", action="store_true", help="four times as wide, 20 M characters")


def main() -> None:
    """Runs what is missing, prints the tables, writes the page."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = parse_options(
        __doc__, out="tiny_gpt", n_small=12, n_large=8, quick=(4, 3), n_seeds=3, add_own=add_flags
    )
    start, device = time.perf_counter(), pick_device()
    scales = scales_of(WIDTHS, is_quick=options.quick, is_full=options.own.full)
    widths = [scale.width for scale in scales]
    by_seed = [run_seed(options, scales, seed, device) for seed in options.seeds]
    large = by_sampler([studies for _, studies in by_seed])

    ladder, wide = by_seed[0]
    predicted = recommend(sources_of(ladder, scales), scale={"width": widths[-1]})[0]
    optima = [best_quarter([study]) for study in ladder] + [best_quarter(list(wide.values()))]
    drift, progress = (
        drift_table(widths, optima, predicted),
        progress_table(large, options.n_large, value=VALUE),
    )
    print(f"\nseed {options.seeds[0]}, all samplers' trials together:\n{drift}\n\n{progress}\n")
    if len(options.seeds) == 1:
        print("One seed is one draw: --seeds 3 compares the samplers over three.")
    figures = [
        ("Best so far", progress_figure(large, options.n_large, value=VALUE)),
        (
            f"Where the optimum was expected, and where it was, seed {options.seeds[0]}",
            drift_figure(widths, optima, predicted),
        ),
    ]
    page = options.out / "report.html"
    write_page(
        page,
        "Tiny GPTs: from narrow to wide",
        [
            ("Results", [drift, progress], figures),
            (
                f"Width {widths[-1]}, seed {options.seeds[0]}",
                [],
                study_figures(wide[TRANSFER], value=VALUE),
            ),
        ],
    )
    print(f"wall time of this run: {time.perf_counter() - start:.0f} s; figures: {page}")


if __name__ == "__main__":
    main()
