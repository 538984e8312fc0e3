"""Tunes a small network on scikit-learn's digits, then a large one that starts from it.

The small one sees 300 images for 15 epochs; the large one is four times as wide, sees all 898
training images for 30 epochs and costs about eight times as much. Both are judged by the
cross-entropy on the other half of the data. Good learning rates of the large one are mostly
several times smaller than those of the small one.

A second run continues the stored studies: only trials that are missing are run.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import optuna
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from _common import Objective
from _common import Options
from _common import SamplerFactory
from _common import parse_options
from _common import run_study
from _compare import TRANSFER
from _compare import best_table
from _compare import by_sampler
from _compare import progress_figure
from _compare import progress_table
from _compare import rivals
from _compare import run_large
from _figures import study_figures
from _figures import write_page
from optuna_scaleup import ScaleUpSampler


VALUE = "validation cross-entropy"
GUESSING = math.log(10)  # cross-entropy of ten equally likely digits


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


def samplers(small: optuna.Study) -> dict[str, SamplerFactory]:
    """What tunes the large network: the rivals of every example, and random search."""
    return rivals(small) | {"RandomSampler": lambda seed: optuna.samplers.RandomSampler(seed=seed)}


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
    large = run_large(
        options,
        make_objective(LARGE, seed),
        samplers(small),
        seed=seed,
        pruner=make_pruner(LARGE),
        zero_shot=small.best_params,
    )
    return small, large


def best_accuracy(study: optuna.Study) -> float:
    """Of the best trial."""
    return float(study.best_trial.user_attrs.get("accuracy", 0.1))


def main() -> None:
    """Runs what is missing, prints the tables, writes the page."""
    threadpool_limits(1)  # matrices this small are slower on several threads
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = parse_options(__doc__, out="quickstart", n_small=40, n_large=10, quick=(8, 4))
    start = time.perf_counter()
    by_seed = [run_seed(options, seed) for seed in options.seeds]
    smalls = [small for small, _ in by_seed]
    large = by_sampler([studies for _, studies in by_seed])

    groups = {"small": smalls} | {f"large, {k}": group for k, group in large.items()}
    best = best_table(groups, best_accuracy, "best cross-entropy", 1)
    progress = progress_table(large, options.n_large, value="cross-entropy")
    print(f"\n{best}\n\n{progress}\n")
    if len(options.seeds) == 1:
        print("One seed is one draw: --seeds 10 compares the samplers over ten.")

    small, first = smalls[0], large[TRANSFER][0]
    figure = progress_figure(large, options.n_large, value=VALUE, scale="log")
    page = options.out / "report.html"
    write_page(
        page,
        "Digits: from a small network to a large one",
        [
            ("Results", [best, progress], []),
            (
                "The large network, sampler by sampler",
                [],
                [("Best so far", figure)],
            ),
            (f"The small study, seed {options.seeds[0]}", [], study_figures(small, value=VALUE)),
            (f"The large study, seed {options.seeds[0]}", [], study_figures(first, value=VALUE)),
        ],
    )
    print(f"best small: {small.best_params}\nbest large: {first.best_params}")
    print(f"wall time of this run: {time.perf_counter() - start:.0f} s; figures: {page}")


if __name__ == "__main__":
    main()
