"""An MLP in PyTorch Lightning, pruned as it trains, by threads and processes on one storage.

The small study runs in threads of this process (``n_jobs``). Each large study is shared by worker
processes that know nothing of each other but the storage, with two threads each. The sampler of
every worker takes the trials of all others into account, running ones included, and Optuna's
callback for Lightning reports the validation loss of every epoch to the pruner.

Fashion-MNIST; with several workers a run is not repeatable to the last digit. A second run
continues the stored studies: only trials that are missing are run.
"""

# mypy: disallow-subclassing-any=False
# Lightning's types are not read.

from __future__ import annotations

import argparse
import logging
import multiprocessing
import time
import warnings
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent.futures import Executor
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import torch
from optuna.study import MaxTrialsCallback
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torch.utils.data import TensorDataset
from tqdm import tqdm

from _common import FINISHED
from _common import Objective
from _common import Options
from _common import best_after
from _common import format_table
from _common import n_pruned
from _common import parse_options
from _compare import TRANSFER
from _compare import average
from _compare import by_sampler
from _compare import progress_figure
from _compare import rivals
from _figures import study_figures
from _figures import write_page
from _torch import fashion_mnist
from _torch import import_torchvision
from _torch import pick_device
from optuna_scaleup import ScaleUpSampler


import_torchvision()  # Lightning imports it, and does not know what to do if that fails
import lightning.pytorch as pl  # noqa: E402
from optuna_integration import PyTorchLightningPruningCallback  # noqa: E402


VALUE = "validation loss"
N_THREADS = 2  # of each process


@dataclass(frozen=True)
class Scale:
    """One size of the problem."""

    n_images: int
    n_epochs: int
    width: int


SMALL = Scale(n_images=500, n_epochs=4, width=64)
LARGE = Scale(n_images=2000, n_epochs=8, width=256)


class MLP(pl.LightningModule):
    """One hidden layer; logs ``valid_loss`` after every epoch."""

    def __init__(self, width: int, dropout: float, learning_rate: float, decay: float) -> None:
        super().__init__()
        self.learning_rate, self.decay = learning_rate, decay
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(28 * 28, width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, 10),
        )

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        return functional.cross_entropy(self.layers(batch[0]), batch[1])

    def validation_step(self, batch: list[torch.Tensor], _: int) -> None:
        loss = functional.cross_entropy(self.layers(batch[0]), batch[1])
        # A network that diverged has a loss without bound, or none.
        self.log("valid_loss", loss.nan_to_num(10.0).clamp(max=10.0))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=self.decay)


def make_objective(scale: Scale, data: Path | None, out: Path) -> Objective:
    """The validation loss of a network of that scale, as an Optuna objective."""
    images = fashion_mnist(data, out, n_train=scale.n_images, n_test=1000)
    train, valid = (TensorDataset(*part) for part in images)

    def objective(trial: optuna.Trial) -> float:
        network = MLP(
            scale.width,
            dropout=trial.suggest_float("dropout", 0.0, 0.8),
            learning_rate=trial.suggest_float("learning_rate", 1e-5, 1.0, log=True),
            decay=trial.suggest_float("weight_decay", 1e-4, 10.0, log=True),
        )
        batch_size = trial.suggest_int("batch_size", 16, 256, log=True)
        trainer = pl.Trainer(
            max_epochs=scale.n_epochs,
            devices=1,
            callbacks=[PyTorchLightningPruningCallback(trial, monitor="valid_loss")],
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            num_sanity_val_steps=0,
        )
        loaders = DataLoader(train, batch_size, shuffle=True), DataLoader(valid, 500)
        trainer.fit(network, *loaders)
        return float(trainer.callback_metrics["valid_loss"])

    return objective


def be_quiet() -> None:
    """Lightning and Optuna announce every trial otherwise."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    for message in (".*does not have many workers.*", ".*LeafSpec.* is deprecated.*"):
        warnings.filterwarnings("ignore", message=message)


def open_study(name: str, storage: str, sampler: Any = None) -> optuna.Study:
    """The stored study of that name, made if it is not there."""
    return optuna.create_study(
        study_name=name,
        storage=storage,
        sampler=sampler,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
        load_if_exists=True,
    )


def n_finished(study: optuna.Study) -> int:
    """Number of trials that count."""
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def work(study: optuna.Study, objective: Objective, n_trials: int) -> None:
    """Runs trials in threads until the study, whoever else works on it, has ``n_trials``."""
    if n_finished(study) < n_trials:
        enough = MaxTrialsCallback(n_trials, states=FINISHED)
        study.optimize(objective, n_jobs=N_THREADS, callbacks=[enough])


@dataclass(frozen=True)
class Task:
    """What a worker process is told: names, no objects."""

    storage: str
    small: str
    large: str
    sampler: str
    seed: int
    n_trials: int
    scale: Scale
    data: Path | None
    out: Path


def work_in_process(task: Task) -> None:
    """A worker process's part of one large study."""
    be_quiet()
    pick_device()
    small = optuna.load_study(study_name=task.small, storage=task.storage)
    sampler = rivals(small, n_startup_trials=4)[task.sampler](task.seed)
    study = open_study(task.large, task.storage, sampler)
    work(study, make_objective(task.scale, task.data, task.out), task.n_trials)


def run_seed(
    options: Options, scales: Sequence[Scale], workers: Executor, seed: int
) -> dict[str, optuna.Study]:
    """Runs what is missing of one seed; the large studies by sampler."""
    n_processes, data = options.own.n_processes, options.own.data
    small_name = f"small, seed {seed}"
    small = open_study(small_name, options.storage, ScaleUpSampler(seed=seed))
    print(f"{small_name}: {n_finished(small)} of {options.n_small} trials stored", flush=True)
    work(small, make_objective(scales[0], data, options.out), options.n_small)
    large = {}
    for name in rivals(small):
        study_name = f"large, {name}, seed {seed}"
        study = large[name] = open_study(study_name, options.storage)
        tasks = [
            Task(
                options.storage,
                small_name,
                study_name,
                name,
                seed=1000 * seed + i,
                n_trials=options.n_large,
                scale=scales[1],
                data=data,
                out=options.out,
            )
            for i in range(n_processes)
        ]
        watch(study, [workers.submit(work_in_process, task) for task in tasks], options.n_large)
    return large


def watch(study: optuna.Study, jobs: Sequence[Any], n_trials: int) -> None:
    """A progress bar of what the worker processes have finished."""
    with tqdm(desc=study.study_name, total=n_trials) as bar:
        while wait(jobs, timeout=1.0).not_done:
            bar.update(n_finished(study) - bar.n)
        bar.update(n_finished(study) - bar.n)
    for job in jobs:
        job.result()  # raises what the worker raised


def best_table(studies: Mapping[str, Sequence[optuna.Study]], n_trials: int) -> str:
    """Trials, how many of them were pruned, and the best of the first ``n_trials``.

    Workers finish what they are at when the study has enough, so it may have a few more.
    """
    rows = [
        [
            name,
            average(group, n_finished, 0),
            average(group, n_pruned, 0),
            average(group, lambda study: best_after(study, n_trials), 4),
        ]
        for name, group in studies.items()
    ]
    return format_table(["large study", "trials", "pruned", f"best loss of {n_trials}"], rows)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that only this example has."""
    parser.add_argument("--data", type=Path, help="folder with Fashion-MNIST's .gz files")
    parser.add_argument("--n-processes", type=int, default=2, help="worker processes (default: 2)")


def main() -> None:
    """Runs what is missing, prints the table, writes the page."""
    be_quiet()
    options = parse_options(
        __doc__,
        out="lightning_pruning",
        n_small=16,
        n_large=16,
        quick=(4, 4),
        n_seeds=3,
        add_own=add_flags,
    )
    start = time.perf_counter()
    pick_device()
    shrink = 5 if options.quick else 1
    scales = [Scale(s.n_images // shrink, s.n_epochs, s.width) for s in (SMALL, LARGE)]
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads of PyTorch
    with ProcessPoolExecutor(options.own.n_processes, mp_context=context) as workers:
        by_seed = [run_seed(options, scales, workers, seed) for seed in options.seeds]
    large = by_sampler(by_seed)

    table = best_table(large, options.n_large)
    print(f"\n{table}\n")
    if len(options.seeds) == 1:
        print("One seed is one draw: --seeds 3 compares the samplers over three.")
    first = large[TRANSFER][0]
    page = options.out / "report.html"
    write_page(
        page,
        "Lightning: pruned trials of several workers",
        [
            (
                "Results",
                [table],
                [
                    (
                        "Best so far",
                        progress_figure(large, options.n_large, value=VALUE, scale="log"),
                    ),
                    ("Who ran when", optuna.visualization.plot_timeline(first)),
                ],
            ),
            (f"The large study, {TRANSFER}", [], study_figures(first, value=VALUE)),
        ],
    )
    print(f"best large: {first.best_params}")
    print(f"wall time of this run: {time.perf_counter() - start:.0f} s; figures: {page}")


if __name__ == "__main__":
    main()
