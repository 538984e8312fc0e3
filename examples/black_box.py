"""Watch a Gaussian process learn: a sine, then four hyperparameters of a real network.

The sine is sampled where the model knows least (``acquisition="max_variance"``), with a figure
after every step. The network learns to take the noise off scikit-learn's digits; to be chosen are
the size of its encoder, decoder A (one layer) or B (two), dropout on or off, with a probability
only when it is on, and how much noise it is trained with. The question is how many trainings it
takes to come within 1 % of the best of a whole grid: seeded with the 16 corners of the space or
with 4 random points, or knowing 16 trainings on half of the images for half of the epochs.

A second run continues the stored studies: only trials that are missing are run.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import plotly.graph_objects as go
from numpy.typing import NDArray
from optuna.trial import FrozenTrial
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from _common import Objective
from _common import Options
from _common import format_table
from _common import parse_options
from _common import run_study
from _common import trials_until
from _compare import TRANSFER
from _compare import Studies
from _compare import by_sampler
from _compare import progress_figure
from _compare import progress_table
from _compare import rivals
from _compare import run_large
from _figures import write_page
from optuna_scaleup import ScaleUpSampler
from optuna_scaleup.visualization import plot_surrogate


CORNERS, RANDOM = "16 corners, ScaleUpSampler()", "4 random points, ScaleUpSampler()"
BRUTE_FORCE = "brute force, random order (mean)"
NOISE = 0.4  # standard deviation of the noise on the validation images; pixels are 0 to 1
ENCODER, DROPOUT, TRAINED_NOISE = (8, 64), (0.05, 0.5), (0.0, 0.8)
Params = dict[str, Any]
Counts = dict[str, list[float]]  # numbers of trainings, one a seed; infinity if not reached
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """One size of the problem."""

    n_images: int
    n_epochs: int


SMALL, LARGE = Scale(n_images=400, n_epochs=8), Scale(n_images=800, n_epochs=15)


@lru_cache
def digits() -> tuple[Array, Array]:
    """1,400 shuffled images to learn from, and the others to judge by; shape ``(n, 64)``."""
    images = np.random.default_rng(0).permutation(load_digits().data / 16)
    return images[:1400], images[1400:]


def train(params: Mapping[str, Any], scale: Scale) -> float:
    """Mean squared error of the denoised validation images after training with Adam."""
    rng = np.random.default_rng(0)
    clean, validation = digits()
    clean = clean[: scale.n_images]
    p = params.get("probability", 0.0)
    hidden = [params["encoder"]] if params["decoder"] == "A" else [params["encoder"], 48]
    widths = [64, *hidden, 64]
    weights = [
        np.vstack([rng.normal(size=(n, m)) / math.sqrt(n), np.zeros(m)])
        for n, m in pairwise(widths)
    ]
    mean, var = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    step = 0
    for _ in range(scale.n_epochs):
        for batch in np.array_split(rng.permutation(len(clean)), math.ceil(len(clean) / 50)):
            target, step = clean[batch], step + 1
            noisy = target + params["noise"] * rng.normal(size=target.shape)
            kept = (rng.random((len(batch), params["encoder"])) >= p) / (1 - p)
            for i, slope in enumerate(gradient(weights, noisy, target, kept)):
                mean[i] += 0.1 * (slope - mean[i])
                var[i] += 0.001 * (slope**2 - var[i])
                size = 0.01 * math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                weights[i] -= size * mean[i] / (np.sqrt(var[i]) + 1e-8)
    noisy = validation + NOISE * rng.normal(size=validation.shape)
    return float(np.mean((forward(weights, noisy, None)[-1] - validation) ** 2))


def forward(weights: Sequence[Array], X: Array, kept: Array | None) -> list[Array]:
    """Activations of all layers: tanh and a sigmoid at the end, dropout after the encoder."""
    layers = [X]
    for i, w in enumerate(weights):
        z = layers[-1] @ w[:-1] + w[-1]
        is_last = i == len(weights) - 1
        layers.append(1 / (1 + np.exp(-np.clip(z, -30, 30))) if is_last else np.tanh(z))
        if i == 0 and kept is not None:
            layers[-1] = layers[-1] * kept
    return layers


def gradient(weights: Sequence[Array], X: Array, target: Array, kept: Array) -> list[Array]:
    """Slopes of half the squared error per image by every weight; the last row is the bias."""
    layers = forward(weights, X, kept)
    delta = (layers[-1] - target) * layers[-1] * (1 - layers[-1]) / len(X)
    slopes = []
    for i in reversed(range(len(weights))):
        slopes.append(np.vstack([layers[i].T @ delta, delta.sum(axis=0)]))
        if i > 0:
            scale = kept if i == 1 else np.ones(1)  # what dropout did to this layer
            tanh = np.divide(layers[i], scale, out=np.zeros_like(layers[i]), where=scale > 0)
            delta = delta @ weights[i][:-1].T * (1 - tanh**2) * scale
    return slopes[::-1]


def make_objective(scale: Scale) -> Objective:
    """The error of a network of that scale, as an Optuna objective."""

    def objective(trial: optuna.Trial) -> float:
        params: Params = {
            "encoder": trial.suggest_int("encoder", *ENCODER, log=True),
            "decoder": trial.suggest_categorical("decoder", ["A", "B"]),
            "noise": trial.suggest_float("noise", *TRAINED_NOISE),
        }
        if trial.suggest_categorical("dropout", [False, True]):
            params["probability"] = trial.suggest_float("probability", *DROPOUT)
        return train(params, scale)

    return objective


def grid(n_levels: int) -> list[Params]:
    """All combinations of that many levels of each number, with both decoders."""
    encoders = np.geomspace(*ENCODER, n_levels).round().astype(int).tolist()
    noises = np.linspace(*TRAINED_NOISE, n_levels).tolist()
    dropouts: list[Params] = [{"dropout": False}]
    for p in np.linspace(*DROPOUT[::-1], n_levels - 1).tolist():
        dropouts.append({"dropout": True, "probability": p})
    return [
        {"encoder": encoder, "decoder": decoder, "noise": noise, **dropout}
        for encoder, decoder, noise, dropout in product(encoders, "AB", noises, dropouts)
    ]


def brute_force(path: Path, n_levels: int) -> list[float]:
    """The error of every point of the grid; kept in a file, as it is the same for all seeds."""
    if path.exists():
        return list(json.loads(path.read_text()))
    errors = [train(params, LARGE) for params in tqdm(grid(n_levels), desc="brute force")]
    path.write_text(json.dumps(errors))
    return errors


def watch_sine(options: Options, n_steps: int) -> list[tuple[str, Any]]:
    """A figure of the model after each of the first trials on a sine."""
    study = run_study(
        f"sine, seed {options.seeds[0]}",
        options.storage,
        lambda trial: math.sin(trial.suggest_float("x", 0.0, 2 * math.pi)),
        lambda s: ScaleUpSampler(
            seed=s, acquisition="max_variance", initial_design="random", n_startup_trials=1
        ),
        n_trials=n_steps,
        seed=options.seeds[0],
    )
    return [
        (
            f"After {k} sample{'s' * (k > 1)}",
            sine_figure(study.trials[:k], study.trials[k].params["x"]),
        )
        for k in range(1, n_steps)
    ]


def sine_figure(trials: list[FrozenTrial], next_x: float) -> go.Figure:
    """What the model knows of the sine, and where it is sampled next."""
    study = optuna.create_study(study_name="sine")
    study.add_trials(trials)
    model = [t for t in plot_surrogate(study, "x").data if t.yaxis == "y" and t.mode != "markers"]
    figure = go.Figure(model)  # without the panel of the default acquisition: it seeks a minimum
    x = np.linspace(0, 2 * math.pi, 100)
    figure.add_scatter(x=x, y=np.sin(x), name="sin x", line={"color": "black", "dash": "dot"})
    known = [t.params["x"] for t in trials]
    figure.add_scatter(x=known, y=np.sin(known), mode="markers", name="samples")
    figure.add_vline(next_x, line_dash="dash", annotation_text="next sample")
    figure.update_layout(xaxis_title="x", yaxis={"title": "sin x", "range": [-1.8, 1.8]})
    return figure


def run_seed(options: Options, seed: int) -> dict[str, optuna.Study]:
    """All studies of the large network of one seed by their name."""
    small = run_study(
        f"small, seed {seed}",
        options.storage,
        make_objective(SMALL),
        lambda s: ScaleUpSampler(seed=s),
        n_trials=options.n_small,
        seed=seed,
    )
    corners = run_study(
        f"large, {CORNERS}, seed {seed}",
        options.storage,
        make_objective(LARGE),
        lambda s: ScaleUpSampler(seed=s),
        n_trials=options.n_large,
        seed=seed,
        first_params=grid(2),
    )
    samplers = rivals(small, n_startup_trials=4)
    samplers[RANDOM] = lambda s: ScaleUpSampler(
        seed=s, initial_design="random", n_startup_trials=4
    )
    return {CORNERS: corners} | run_large(options, make_objective(LARGE), samplers, seed=seed)


def counts_to_goal(studies: Studies, errors: list[float]) -> Counts:
    """Number of trainings, one a seed, until an error within 1 % of the grid's best."""
    goal = 1.01 * min(errors)
    counts = {name: [trials_until(s, goal) for s in group] for name, group in studies.items()}
    n_good = sum(error <= goal for error in errors)
    counts[BRUTE_FORCE] = [(len(errors) + 1) / (n_good + 1)]  # expected first of them
    return counts


def goal_table(counts: Counts, n_trials: int) -> str:
    """The same as a table; a study that did not get there counts as more than all its trials."""
    rows = []
    for name, group in sorted(counts.items(), key=lambda x: statistics.median(x[1])):
        texts = [f"{k:.0f}" if math.isfinite(k) else f"> {n_trials}" for k in group]
        median = statistics.median(group)
        rows.append(
            [name, f"{median:.0f}" if math.isfinite(median) else texts[-1], ", ".join(texts)]
        )
    return format_table(["trainings until within 1 % of the grid's best", "median", "seeds"], rows)


def goal_figure(counts: Counts, n_trials: int) -> go.Figure:
    """The same as bars of the medians with a point a seed."""
    figure = go.Figure()
    for name, group in counts.items():
        shown = [min(k, n_trials + 1) if name != BRUTE_FORCE else k for k in group]
        bar = {"orientation": "h", "marker_color": "#56B4E9"}
        figure.add_bar(x=[statistics.median(shown)], y=[name], **bar)
        figure.add_scatter(x=shown, y=[name] * len(shown), mode="markers", marker_color="black")
    figure.update_layout(
        showlegend=False, xaxis_title="trainings (one more than all: not reached)"
    )
    return figure


def main() -> None:
    """Runs what is missing, prints the tables, draws the figures."""
    threadpool_limits(1)  # matrices this small are slower on several threads
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = parse_options(
        __doc__, out="black_box", n_small=16, n_large=20, quick=(4, 3), n_seeds=3
    )
    steps = watch_sine(options, 3 if options.quick else 8)
    n_levels = 2 if options.quick else 4
    errors = brute_force(options.out / f"grid_{n_levels}.json", n_levels)
    studies = by_sampler([run_seed(options, seed) for seed in options.seeds])
    counts = counts_to_goal(studies, errors)
    tables = [
        goal_table(counts, options.n_large),
        progress_table(studies, options.n_large, value="error", digits=5),
    ]
    print("\n" + "\n\n".join(tables))
    print(f"\nbest of the grid's {len(errors)} points: {min(errors):.5f}")
    print(f"best with transfer: {studies[TRANSFER][0].best_params}")
    progress = progress_figure(studies, options.n_large, value="error", scale="log")
    goals = goal_figure(counts, options.n_large)
    figures = [("Trainings to the goal", goals), ("Best so far", progress)]
    page = options.out / "report.html"
    sections = [
        ("The network", tables, figures),
        ("A sine, sampled where least is known", [], steps),
    ]
    write_page(page, "A Gaussian process learns", sections)
    print(f"figures: {page}")


if __name__ == "__main__":
    main()
