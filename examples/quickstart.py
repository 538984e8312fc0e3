"""Tunes a small network on scikit-learn's digits, then a large one that starts from it.

The small one sees 300 images for 15 epochs; the large one is four times as wide, sees all 898
training images for 30 epochs and costs about eight times as much. Both are judged by the
cross-entropy on the other half of the data. Good learning rates of the large one are mostly
several times smaller than those of the small one.

A second run continues the stored studies: only trials that are missing are run.
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import optuna
import plotly.graph_objects as go
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from _common import FINISHED
from _common import Objective
from _common import Options
from _common import SamplerFactory
from _common import best_after
from _common import format_table
from _common import mean_and_sd
from _common import n_pruned
from _common import parse_options
from _common import run_study
from _common import study_figures
from _common import wall_time
from _common import write_page
from optuna_scaleup import ScaleUpSampler


GUESSING = math.log(10)  # cross-entropy of ten equally likely digits
ZERO_SHOT = "best of small, unchanged"


@dataclass(frozen=True)
class Scale:
    """One size of the problem."""

    n_images: int
    width: int
    n_epochs: int


SMALL = Scale(n_images=300, width=64, n_epochs=15)
LARGE = Scale(n_images=898, width=256, n_epochs=30)


def make_objective(scale: Scale, seed: int) -> Objective:
    """The validation loss of a network of that scale, as an Optuna objective."""
    images, digits = load_digits(return_X_y=True)
    X, X_valid, y, y_valid = train_test_split(
        images / 16, digits, test_size=0.5, random_state=0, stratify=digits
    )
    X, y = X[: scale.n_images], y[: scale.n_images]

    def objective(trial: optuna.Trial) -> float:
        network = MLPClassifier(
            hidden_layer_sizes=(scale.width,),
            activation="tanh",
            solver="adam",
            learning_rate_init=trial.suggest_float("learning_rate", 1e-5, 1.0, log=True),
            beta_1=trial.suggest_float("beta_1", 0.0, 0.99),
            batch_size=trial.suggest_int("batch_size", 8, 256, log=True),
            alpha=trial.suggest_float("alpha", 1e-6, 10.0, log=True),
            random_state=seed,
        )
        loss = GUESSING
        for epoch in range(scale.n_epochs):
            network.partial_fit(X, y, classes=np.arange(10))
            # A confidently wrong network can be worse than guessing, without bound.
            loss = min(GUESSING, log_loss(y_valid, network.predict_proba(X_valid)))
            trial.report(loss, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        trial.set_user_attr("accuracy", network.score(X_valid, y_valid))
        return loss

    return objective


def make_pruner(scale: Scale) -> optuna.pruners.BasePruner:
    """Stops a training half-way if it is worse than half of those before it at that epoch."""
    return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=scale.n_epochs // 2)


def rivals(small: optuna.Study) -> dict[str, SamplerFactory]:
    """The samplers that tune the large network, by name; each gets the same number of trials.

    TPESampler and GPSampler start with 10 random trials unless told otherwise, which would be the
    whole budget here: 3 leave them room to learn.
    """
    samplers: dict[str, SamplerFactory] = {
        "ScaleUpSampler(small)": lambda seed: ScaleUpSampler(small, seed=seed),
        "TPESampler": lambda seed: optuna.samplers.TPESampler(n_startup_trials=3, seed=seed),
        "RandomSampler": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    }
    if importlib.util.find_spec("torch") is not None:
        samplers["GPSampler"] = lambda seed: optuna.samplers.GPSampler(
            n_startup_trials=3, seed=seed
        )
    else:
        print("GPSampler is left out of the comparison: it needs torch.")
    return samplers


def run_seed(options: Options, seed: int) -> tuple[optuna.Study, dict[str, optuna.Study]]:
    """All studies of one seed: the small one, and the large ones by the name of their sampler."""
    small = run_study(
        f"small, seed {seed}",
        options.storage,
        make_objective(SMALL, seed),
        lambda s: ScaleUpSampler(seed=s),
        n_trials=options.n_small,
        seed=seed,
        pruner=make_pruner(SMALL),
    )
    objective = make_objective(LARGE, seed)
    large = {
        name: run_study(
            f"large, {name}, seed {seed}",
            options.storage,
            objective,
            make_sampler,
            n_trials=options.n_large,
            seed=seed,
            pruner=make_pruner(LARGE),
        )
        for name, make_sampler in rivals(small).items()
    }
    large[ZERO_SHOT] = run_study(
        f"large, {ZERO_SHOT}, seed {seed}",
        options.storage,
        objective,
        lambda s: optuna.samplers.RandomSampler(seed=s),
        n_trials=1,
        seed=seed,
        first_params=small.best_params,
    )
    return small, large


def best_table(studies: dict[str, list[optuna.Study]]) -> str:
    """Best loss and its accuracy, pruned trials and wall time; one row per kind of study."""
    rows = [
        [
            name,
            str(len(group[0].get_trials(deepcopy=False, states=FINISHED))),
            _average(group, n_pruned, 1 if len(group) > 1 else 0),
            _average(group, lambda s: s.best_value, 4),
            _average(group, lambda s: 100 * s.best_trial.user_attrs.get("accuracy", 0.1), 1),
            _average(group, wall_time, 1),
        ]
        for name, group in studies.items()
    ]
    header = ["study", "trials", "pruned", "best cross-entropy", "accuracy, %", "seconds"]
    return format_table(header, rows)


def progress_table(studies: dict[str, list[optuna.Study]], n_trials: int) -> str:
    """Best loss of the large network after the first trials; one row per sampler."""
    counts = sorted({1, 3, 5, n_trials} & set(range(1, n_trials + 1)))
    rows = [
        [name, *(_average(group, lambda s, k=k: best_after(s, k), 4) for k in counts)]  # type: ignore[misc]
        for name, group in studies.items()
    ]
    return format_table(
        ["best cross-entropy after", *(f"{k} trial{'s' * (k > 1)}" for k in counts)], rows
    )


def progress_figure(studies: dict[str, list[optuna.Study]], n_trials: int) -> go.Figure:
    """Best loss of the large network against the number of trials, mean over the seeds."""
    counts = list(range(1, n_trials + 1))
    figure = go.Figure()
    for name, group in studies.items():
        means = [statistics.fmean(best_after(s, k) for s in group) for k in counts]
        dash = "dot" if name == ZERO_SHOT else "solid"
        figure.add_scatter(x=counts, y=means, name=name, mode="lines+markers", line_dash=dash)
    figure.update_xaxes(title="large trials", dtick=1)
    figure.update_yaxes(title="best validation cross-entropy", type="log")
    return figure


def _average(
    group: list[optuna.Study], number: Callable[[optuna.Study], float], digits: int
) -> str:
    return mean_and_sd([number(study) for study in group], digits)


def main() -> None:
    """Runs what is missing, prints the tables, writes the page."""
    threadpool_limits(1)  # matrices this small are slower on several threads
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = parse_options(__doc__, out="quickstart", n_small=40, n_large=10, quick=(8, 4))
    start = time.perf_counter()
    by_seed = [run_seed(options, seed) for seed in options.seeds]
    smalls = [small for small, _ in by_seed]
    large = {name: [studies[name] for _, studies in by_seed] for name in by_seed[0][1]}

    best = best_table({"small": smalls} | {f"large, {k}": group for k, group in large.items()})
    progress = progress_table(large, options.n_large)
    print(f"\n{best}\n\n{progress}\n")
    if len(options.seeds) == 1:
        print("One seed is one draw: --seeds 10 compares the samplers over ten.")

    small, first = smalls[0], large["ScaleUpSampler(small)"][0]
    page = options.out / "report.html"
    write_page(
        page,
        "Digits: from a small network to a large one",
        [
            ("Results", [best, progress], []),
            (
                "The large network, sampler by sampler",
                [],
                [("Best so far", progress_figure(large, options.n_large))],
            ),
            (f"The small study, seed {options.seeds[0]}", [], study_figures(small)),
            (f"The large study, seed {options.seeds[0]}", [], study_figures(first)),
        ],
    )
    print(f"best small: {small.best_params}\nbest large: {first.best_params}")
    print(f"wall time of this run: {time.perf_counter() - start:.0f} s; figures: {page}")


if __name__ == "__main__":
    main()
