"""Tunes a small convolutional network on Fashion-MNIST, then a large one that starts from it.

The small one has one convolution, trains on half of the images for at most 20 epochs and is
validated on 500 images, 5 % of the test set; the large one has two convolutions and two dense
layers, trains on all that are loaded for at most 30 epochs and is validated on all of the test set
that are loaded. Both have a kernel size, a pooling size, a dropout rate and a learning rate to
tune, over ranges in which most configurations learn nothing at all.

On a processor two thousand training images are loaded and one seed is run; --n-images 400 makes
three seeds a matter of minutes, --full loads all 70,000. A second run continues the stored
studies: only trials that are missing are run.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
import torch
from torch import nn
from torch.nn import functional

from _common import FINISHED
from _common import Objective
from _common import Options
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
from _torch import N_TEST
from _torch import N_TRAIN
from _torch import Images
from _torch import fashion_mnist
from _torch import pick_device
from optuna_scaleup import ScaleUpSampler


SIDE = 28  # pixels
BATCH_SIZE = 64
VALUE = "validation loss"
PATIENCE = 5  # epochs without a better validation loss until the training stops
Build = Callable[..., nn.Sequential]  # kernel size, pooling size, dropout rate
GUESSING = math.log(10)  # negative log likelihood of ten equally likely classes


class CannotBuild(ValueError):
    """The network of that configuration does not exist."""


def side_after(side: int, *, kernel: int, pool: int, stride: int) -> int:
    """Side of the square map after a convolution with padding 1 and a max-pooling.

    Raises:
        CannotBuild: If the kernel, or the pooling window, is larger than what it is applied to.
    """
    convolved = side + 2 - kernel + 1
    if convolved < 1:
        raise CannotBuild(f"kernel {kernel} is larger than a padded map of {side + 2} pixels")
    if convolved < pool:
        raise CannotBuild(f"pooling window {pool} is larger than a map of {convolved} pixels")
    return (convolved - pool) // stride + 1


def small_network(kernel: int, pool: int, dropout: float, side: int = SIDE) -> nn.Sequential:
    """Convolution 1→64, pooling, 1×1 convolution 64→32, dropout and one dense layer."""
    side = side_after(side, kernel=kernel, pool=pool, stride=pool)
    return nn.Sequential(
        nn.Conv2d(1, 64, kernel, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(pool),
        nn.Conv2d(64, 32, 1),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(32 * side**2, 10),
        nn.LogSoftmax(dim=1),
    )


def large_network(kernel: int, pool: int, dropout: float, side: int = SIDE) -> nn.Sequential:
    """Convolutions 1→32 and 32→64, each with pooling, then dense layers of 128 and 10."""
    for _ in range(2):
        side = side_after(side, kernel=kernel, pool=pool, stride=2)
    return nn.Sequential(
        nn.Conv2d(1, 32, kernel, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(pool, stride=2),
        nn.Conv2d(32, 64, kernel, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(pool, stride=2),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(64 * side**2, 128),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(128, 10),
        nn.LogSoftmax(dim=1),
    )


@dataclass(frozen=True)
class Scale:
    """One size of the problem."""

    build: Build
    n_epochs: int
    n_valid: int
    share: float = 1.0  # of the training images


SMALL = Scale(small_network, n_epochs=20, n_valid=500, share=0.5)
LARGE = Scale(large_network, n_epochs=30, n_valid=N_TEST)


def make_objective(scale: Scale, data: list[Images], device: torch.device, seed: int) -> Objective:
    """The lowest validation loss of a network of that scale, as an Optuna objective."""
    (X, y), (X_valid, y_valid) = [
        (images.to(device, memory_format=torch.channels_last), labels.to(device))
        for images, labels in data
    ]
    n_train = math.ceil(scale.share * len(X))
    X, y = X[:n_train], y[:n_train]
    X_valid, y_valid = X_valid[: scale.n_valid], y_valid[: scale.n_valid]

    def objective(trial: optuna.Trial) -> float:
        dropout = trial.suggest_float("dropout", 0.1, 1.0)
        learning_rate = trial.suggest_float("learning_rate", 1e-4, 10.0, log=True)
        kernel = trial.suggest_int("kernel_size", 1, 10)
        pool = trial.suggest_int("pool_size", 1, 3)
        torch.manual_seed(seed)
        try:
            network = scale.build(kernel, pool, dropout)
        except CannotBuild as error:
            trial.set_user_attr("pruned_because", str(error))
            raise optuna.TrialPruned(str(error)) from error
        network.to(device, memory_format=torch.channels_last)
        optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
        best, best_epoch = math.inf, 0
        for epoch in range(scale.n_epochs):
            train_epoch(network, optimizer, X, y)
            loss, accuracy = validate(network, X_valid, y_valid)
            trial.report(loss, epoch)
            if loss < best:
                best, best_epoch = loss, epoch
                trial.set_user_attr("accuracy", accuracy)
            if trial.should_prune():
                raise optuna.TrialPruned
            if epoch - best_epoch >= PATIENCE:
                break
        return best

    return objective


def train_epoch(
    network: nn.Module, optimizer: torch.optim.Optimizer, X: torch.Tensor, y: torch.Tensor
) -> None:
    """One pass over the training images in a new order."""
    network.train()
    for rows in torch.randperm(len(X)).to(X.device).split(BATCH_SIZE):
        optimizer.zero_grad()
        functional.nll_loss(network(X[rows]), y[rows]).backward()
        optimizer.step()


def validate(network: nn.Module, X: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
    """Negative log likelihood, at most that of guessing, and accuracy.

    A network that diverged is confidently wrong, or returns NaN: its loss has no bound and tells
    nothing but that.
    """
    network.eval()
    with torch.no_grad():
        outputs = torch.cat([network(images) for images in X.split(BATCH_SIZE)])
    loss = float(functional.nll_loss(outputs, y))
    accuracy = float((outputs.argmax(dim=1) == y).float().mean())
    return (min(loss, GUESSING) if math.isfinite(loss) else GUESSING), accuracy


def run_seed(
    options: Options, data: list[Images], device: torch.device, seed: int
) -> tuple[optuna.Study, dict[str, optuna.Study]]:
    """All studies of one seed: the small one, and the large ones by the name of their sampler."""
    small = run_study(
        f"small, seed {seed}",
        options.storage,
        make_objective(SMALL, data, device, seed),
        lambda s: ScaleUpSampler(seed=s),
        n_trials=options.n_small,
        seed=seed,
        # Half the images are half the steps: an epoch tells less.
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=5),
    )
    large = run_large(
        options,
        make_objective(LARGE, data, device, seed),
        rivals(small),
        seed=seed,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=2),
        zero_shot=small.best_params,
    )
    return small, large


def best_accuracy(study: optuna.Study) -> float:
    """Of the best trial."""
    return float(study.best_trial.user_attrs["accuracy"])


def print_history(title: str, study: optuna.Study) -> None:
    """Prints the best trial, and all of them as arrays: parameters (n, 4) and losses (n,)."""
    trials = study.get_trials(deepcopy=False, states=FINISHED)
    X = np.array([list(t.params.values()) for t in trials if len(t.params) == 4])
    y = np.array([math.nan if t.value is None else t.value for t in trials if len(t.params) == 4])
    print(f"\n{title}: best loss {study.best_value:.4f} at {study.best_params}")
    with np.printoptions(precision=4, suppress=True):
        print(f"X = {X!r}  # {', '.join(trials[0].params)}\ny = {y!r}  # nan: pruned")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that only this example has."""
    add = parser.add_argument
    add("--data", type=Path, help="folder with Fashion-MNIST's .gz files (default: download)")
    add("--full", action="store_true", help="all 60,000 training and 10,000 validation images")
    add("--n-images", type=int, default=2000, help="training images (default: 2000)")


def main() -> None:
    """Runs what is missing, prints the tables, writes the page."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = parse_options(
        __doc__,
        out="fashion_mnist",
        n_small=20,
        n_large=10,
        quick=(4, 3),
        add_own=add_flags,
    )
    start, device = time.perf_counter(), pick_device(n_threads=4)
    n_train, n_test = options.own.n_images, max(options.own.n_images // 2, SMALL.n_valid)
    if options.quick:
        n_train, n_test = 100, 50
    if options.own.full:
        n_train, n_test = N_TRAIN, N_TEST
    data = fashion_mnist(options.own.data, options.out, n_train=n_train, n_test=n_test)
    by_seed = [run_seed(options, data, device, seed) for seed in options.seeds]
    smalls = [small for small, _ in by_seed]
    large = by_sampler([studies for _, studies in by_seed])

    small, first = smalls[0], large[TRANSFER][0]
    print_history("small", small)
    print_history("large", first)
    groups = {"small": smalls} | {f"large, {k}": group for k, group in large.items()}
    best = best_table(groups, best_accuracy, "best loss", 0)
    progress = progress_table(large, options.n_large, value="loss")
    print(f"\n{best}\n\n{progress}\n")
    if len(options.seeds) == 1:
        print("One seed is one draw: --seeds 3 compares the samplers over three.")
    figure = progress_figure(large, options.n_large, value=VALUE, scale="log")
    page = options.out / "report.html"
    write_page(
        page,
        "Fashion-MNIST: from a small network to a large one",
        [
            ("Results", [best, progress], [("Best so far", figure)]),
            (f"The small study, seed {options.seeds[0]}", [], study_figures(small, value=VALUE)),
            (f"The large study, seed {options.seeds[0]}", [], study_figures(first, value=VALUE)),
        ],
    )
    print(f"wall time of this run: {time.perf_counter() - start:.0f} s; figures: {page}")


if __name__ == "__main__":
    main()
