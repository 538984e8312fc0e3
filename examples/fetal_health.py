"""A network for a table: 21 features of a cardiotocogram, three classes of very unequal size.

First by hand, against always guessing "normal". Then tuned: layer sizes, batch size, optimizer,
learning rate, weight decay, cosine schedule. Then the architecture too: 2 to 4 layers, each with
a size of its own, defined while the trial runs. Small is 400 rows for 8 epochs, large all of the
training rows for 50. MedianPruner stops trainings that fall behind.

The data are read from ``--data``, else from ``../shared/data`` beside the repository, else fetched
from OpenML. A second run continues the stored studies: only trials that are missing are run.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from sklearn.datasets import fetch_openml
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from _common import Objective
from _common import Options
from _common import format_table
from _common import n_pruned
from _common import parse_options
from _common import run_study
from _compare import TRANSFER
from _compare import Studies
from _compare import average
from _compare import by_sampler
from _compare import progress_figure
from _compare import progress_table
from _compare import rivals
from _compare import run_large
from _figures import study_figures
from _figures import write_page
from _figures import write_stills
from optuna_scaleup import ScaleUpSampler


try:
    import torch
    from torch import nn
except ImportError:
    sys.exit("This example trains with PyTorch: pip install -e '.[examples,torch]'")

CLASS_SIZES = [1655, 295, 176]  # normal, suspect, pathological
SHARED = Path(__file__).parents[1] / ".." / "shared/data/fetal_health/fetal_health.csv"
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": lambda params, **kwargs: torch.optim.SGD(params, momentum=0.9, **kwargs),
    "Adam": torch.optim.Adam,
    "RMSprop": torch.optim.RMSprop,
}
SCORES = ("accuracy", "balanced")
VALUE = "cross-entropy"
GUESSING = math.log(3)  # cross-entropy of three equally likely classes
Rows = tuple[torch.Tensor, torch.Tensor]  # (n, 21) standardised, and (n,) classes 0, 1, 2


@dataclass(frozen=True)
class Scale:
    """One size of the problem."""

    n_rows: int | None  # of the training data; None for all
    n_epochs: int


@dataclass(frozen=True)
class Settings:
    """What a person or a sampler decides about the network and its training."""

    layer_sizes: tuple[int, ...]
    batch_size: int
    optimizer: str
    learning_rate: float
    weight_decay: float
    is_cosine: bool


SMALL, LARGE = Scale(n_rows=400, n_epochs=8), Scale(n_rows=None, n_epochs=50)
QUICK = Scale(n_rows=None, n_epochs=10)  # stands in for LARGE under --quick
BY_HAND = Settings((64, 32), 64, "SGD", 0.01, 0.0, is_cosine=False)


def read_table(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features, shape ``(2126, 21)``, and classes 0, 1, 2: of the file, or else of OpenML."""
    if path.is_file():
        table = np.loadtxt(path, delimiter=",", skiprows=1)
        return table[:, :-1], table[:, -1].astype(int) - 1
    if path != SHARED:
        sys.exit(f"--data {path}: no such file")
    try:
        X, y = fetch_openml(data_id=1560, return_X_y=True, as_frame=False)
    except OSError as error:  # URLError is one
        sys.exit(
            f"There is no {path}, and OpenML cannot be reached ({error}); --data names a file"
        )
    if X.shape[1] != 35 or sorted(np.unique(y, return_counts=True)[1]) != sorted(CLASS_SIZES):
        sys.exit("OpenML's data set 1560 is not the expected one; --data names a file")
    # As in the UCI table: 3 columns on the exam, 12 measurements of which the last (repetitive
    # decelerations) is constant zero, 10 of the histogram, 10 of another expert classification.
    return np.delete(X[:, 3:25].astype(float), 11, axis=1), y.astype(int) - 1


def load_rows(path: Path) -> tuple[Rows, ...]:
    """Training, validation and test rows: 60, 20 and 20 %, the classes alike in all."""
    X, y = read_table(path)
    rows = np.arange(len(y))
    train, rest = train_test_split(rows, test_size=0.4, random_state=0, stratify=y)
    valid, test = train_test_split(rest, test_size=0.5, random_state=0, stratify=y[rest])
    X_scaled = torch.tensor(StandardScaler().fit(X[train]).transform(X), dtype=torch.float32)
    classes = torch.tensor(y)
    return tuple((X_scaled[part], classes[part]) for part in (train, valid, test))


def build(layer_sizes: Sequence[int]) -> nn.Sequential:
    """A perceptron with ReLU between its layers."""
    widths = [21, *layer_sizes]
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], len(CLASS_SIZES)))


def train_network(
    settings: Settings,
    scale: Scale,
    train: Rows,
    valid: Rows,
    *,
    seed: int,
    report: Callable[[float, int], None] = lambda loss, epoch: None,
) -> tuple[nn.Sequential, float]:
    """The trained network and its validation cross-entropy, which ``report`` hears every epoch."""
    torch.manual_seed(seed)
    X, y = (part[: scale.n_rows] for part in train)
    network = build(settings.layer_sizes)
    optimizer = OPTIMIZERS[settings.optimizer](
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=scale.n_epochs)
    loss = GUESSING
    for epoch in range(scale.n_epochs):
        for batch in torch.randperm(len(X)).split(settings.batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(X[batch]), y[batch]).backward()
            optimizer.step()
        if settings.is_cosine:
            cosine.step()
        with torch.no_grad():
            loss = nn.functional.cross_entropy(network(valid[0]), valid[1]).item()
        # A diverged network has no loss, a confidently wrong one a loss without bound.
        loss = min(loss, GUESSING) if math.isfinite(loss) else GUESSING
        report(loss, epoch)
    return network, loss


def scores(network: nn.Sequential, rows: Rows) -> dict[str, float]:
    """Accuracy, and accuracy averaged over the classes."""
    classes = network(rows[0]).argmax(dim=1)
    return {
        "accuracy": (classes == rows[1]).float().mean().item(),
        "balanced": float(balanced_accuracy_score(rows[1], classes)),
    }


def suggest(trial: optuna.Trial, n_layers: int) -> Settings:
    """The settings of a network of that many hidden layers."""
    return Settings(
        layer_sizes=tuple(
            trial.suggest_int(f"n_units_{i}", 8, 128, log=True) for i in range(n_layers)
        ),
        batch_size=trial.suggest_int("batch_size", 32, 256, log=True),
        optimizer=trial.suggest_categorical("optimizer", list(OPTIMIZERS)),
        learning_rate=trial.suggest_float("learning_rate", 1e-4, 1.0, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-6, 0.1, log=True),
        is_cosine=trial.suggest_categorical("cosine_schedule", [False, True]),
    )


STEPS: dict[str, Callable[[optuna.Trial], Settings]] = {
    "tuned": lambda trial: suggest(trial, n_layers=2),
    "architecture": lambda trial: suggest(trial, trial.suggest_int("num_layers", 2, 4)),
}


def make_objective(step: str, scale: Scale, data: Sequence[Rows], seed: int) -> Objective:
    """The validation loss of a network of that scale, as an Optuna objective."""
    train, valid, test = data

    def objective(trial: optuna.Trial) -> float:
        def report(loss: float, epoch: int) -> None:
            trial.report(loss, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        settings = STEPS[step](trial)
        network, loss = train_network(settings, scale, train, valid, seed=seed, report=report)
        for name, score in scores(network, test).items():
            trial.set_user_attr(name, score)
        return loss

    return objective


def run_step(
    step: str, options: Options, scale: Scale, data: Sequence[Rows], seed: int
) -> dict[str, optuna.Study]:
    """One step, small and then at ``scale``; the large studies by the name of their sampler."""
    small = run_study(
        f"{step}, small, seed {seed}",
        options.storage,
        make_objective(step, SMALL, data, seed),
        lambda s: ScaleUpSampler(seed=s),
        n_trials=options.n_small,
        seed=seed,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=4),
    )
    return run_large(
        options,
        make_objective(step, scale, data, seed),
        rivals(small),
        seed=seed,
        label=f"{step}, {scale.n_epochs} epochs",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=15),
        zero_shot=small.best_params,
    )


def score_table(by_hand: dict[str, float], studies: dict[str, Studies]) -> str:
    """Scores on the test rows: always "normal", by hand, and the best of every study."""
    null = CLASS_SIZES[0] / sum(CLASS_SIZES)
    plain = {"always normal": {"accuracy": null, "balanced": 1 / 3}, "by hand": by_hand}
    rows = [[name, *(f"{100 * s[k]:.1f}" for k in SCORES), "-"] for name, s in plain.items()]
    for step, large in studies.items():
        for name, group in large.items():
            percent = [
                average(group, lambda s, k=key: 100 * s.best_trial.user_attrs[k], 1)  # type: ignore[misc]
                for key in SCORES
            ]
            rows.append([f"{step}, {name}", *percent, average(group, n_pruned, 1)])
    return format_table(["test rows", "accuracy, %", "mean over classes, %", "pruned"], rows)


def main() -> None:
    """Runs what is missing, prints the tables, draws the figures."""
    torch.set_num_threads(1)  # matrices this small are slower on several threads
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = parse_options(
        __doc__,
        out="fetal_health",
        n_small=25,
        n_large=8,
        quick=(5, 2),
        n_seeds=3,
        add_own=lambda parser: parser.add_argument("--data", type=Path, default=SHARED),
    )
    data = load_rows(options.own.data)
    large = QUICK if options.quick else LARGE
    by_hand = scores(train_network(BY_HAND, large, *data[:2], seed=0)[0], data[2])
    studies: dict[str, Studies] = {}
    sections: list[Any] = []
    tables = []
    for step in STEPS:
        runs = [run_step(step, options, large, data, seed) for seed in options.seeds]
        studies[step] = by_sampler(runs)
        value = f"{VALUE} ({step})"
        tables.append(progress_table(studies[step], options.n_large, value=value))
        progress = progress_figure(studies[step], options.n_large, value=value)
        first = studies[step][TRANSFER][0]
        sections.append(
            (step, [], [("Best so far", progress), *study_figures(first, value=VALUE)])
        )
        write_stills(options.out, step, first, value=VALUE)
        print(f"best of {step}: {first.best_params}")
    tables.append(score_table(by_hand, studies))
    print("\n" + "\n\n".join(tables) + "\n")
    page = options.out / "report.html"
    write_page(page, "Fetal health", [("Results", tables, []), *sections])
    print(f"figures: {page} and the PNG files beside it")


if __name__ == "__main__":
    main()
