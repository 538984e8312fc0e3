"""Tunes a large network on a Dask cluster, starting from a small network tuned on one machine.

By default a cluster of processes is started on this machine, with the studies in an SQLite file.
For several machines, give the address of a running scheduler and a storage that all of them reach:

    python examples/distributed.py --scheduler tcp://head:8786 \\
        --storage postgresql+psycopg://user@head/tuning

Every worker has a sampler of its own; what they share is the storage. There each finds what the
others are about to try, and the fitted model of the small study, so that not every worker has to
fit it. A worker that is killed costs its trial and nothing else: its heartbeat ends, the trial
fails, Dask starts another.

A second run continues the stored studies: only trials that are missing are run.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings

import numpy as np
import optuna
from optuna.trial import TrialState
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from _common import FINISHED
from _common import Options
from _common import format_table
from _common import parse_options
from _common import wall_time
from _dask import Client
from _dask import LocalCluster
from _dask import as_completed
from _figures import study_figures
from _figures import write_page
from optuna_scaleup import ScaleUpSampler


SMALL = (300, 32, 5)  # images, width, epochs
LARGE = (898, 128, 15)


def train(trial: optuna.Trial, n_images: int, width: int, n_epochs: int) -> float:
    """Cross-entropy of a network on half of scikit-learn's digits, trained on the other half."""
    images, digits = load_digits(return_X_y=True)
    X, X_valid, y, y_valid = train_test_split(
        images / 16, digits, test_size=0.5, random_state=0, stratify=digits
    )
    network = MLPClassifier(
        hidden_layer_sizes=(width,),
        learning_rate_init=trial.suggest_float("learning_rate", 1e-5, 1.0, log=True),
        batch_size=trial.suggest_int("batch_size", 8, 256, log=True),
        alpha=trial.suggest_float("alpha", 1e-6, 10.0, log=True),
        random_state=0,
    )
    for _ in range(n_epochs):
        network.partial_fit(X[:n_images], y[:n_images], classes=np.arange(10))
    # A confidently wrong network can be worse than guessing, without bound.
    return min(math.log(10), float(log_loss(y_valid, network.predict_proba(X_valid))))


def open_storage(url: str) -> optuna.storages.RDBStorage:
    """The storage, with a heartbeat that tells which workers are alive."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.RDBStorage(url, heartbeat_interval=30, grace_period=120)


def run_trial(url: str, seed: int, name: str, source: str, n_trials: int) -> None:
    """One trial of the large study, on whatever worker Dask sends it to.

    It opens the studies anew: all that it has to know is in the storage. Dask runs a task again if
    it takes the worker for lost; the study gets no more than ``n_trials`` by that.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = open_storage(url)
    small = optuna.load_study(study_name=source, storage=storage)
    sampler = ScaleUpSampler(small, seed=seed)
    study = optuna.load_study(study_name=name, storage=storage, sampler=sampler)
    if len(study.get_trials(deepcopy=False, states=(*FINISHED, TrialState.RUNNING))) < n_trials:
        with threadpool_limits(1):  # the workers are the parallelism
            study.optimize(lambda trial: train(trial, *LARGE), n_trials=1)
    storage.engine.dispose()


def n_finished(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def run_small(options: Options, seed: int) -> optuna.Study:
    """The small study, in this process."""
    study = optuna.create_study(
        study_name=f"small, seed {seed}",
        storage=open_storage(options.storage),
        sampler=ScaleUpSampler(seed=seed),
        load_if_exists=True,
    )
    n_done = n_finished(study)
    print(f"{study.study_name}: {n_done} of {options.n_small} trials stored", flush=True)
    if n_done < options.n_small:
        n_missing = options.n_small - n_done
        study.optimize(lambda t: train(t, *SMALL), n_trials=n_missing, show_progress_bar=True)
    return study


def run_large(options: Options, seed: int, client: Client, small: optuna.Study) -> optuna.Study:
    """The large study, on the cluster."""
    study = optuna.create_study(
        study_name=f"large, distributed, seed {seed}",
        storage=open_storage(options.storage),
        load_if_exists=True,
    )
    n_done = n_finished(study)
    print(f"{study.study_name}: {n_done} of {options.n_large} trials stored", flush=True)
    ScaleUpSampler(small, seed=seed).share_fits(study)  # once, not once a worker
    names = (study.study_name, small.study_name)
    task = (run_trial, options.storage, seed, *names, options.n_large)
    futures = [client.submit(*task, pure=False) for _ in range(options.n_large - n_done)]
    for i, future in enumerate(as_completed(futures), start=n_done + 1):
        future.result()
        print(f"{i} of {options.n_large} trials, best {study.best_value:.4f}", flush=True)
    return study


def results_table(small: optuna.Study, large: optuna.Study) -> str:
    """Trials, best value and the seconds that the trials took one after the other."""
    rows = [
        [
            study.study_name,
            str(n_finished(study)),
            f"{study.best_value:.4f}",
            ", ".join(f"{name} {value:.3g}" for name, value in study.best_params.items()),
            f"{wall_time(study):.1f}",
        ]
        for study in (small, large)
    ]
    header = ["study", "trials", "best cross-entropy", "at", "seconds of work"]
    return format_table(header, rows)


def add_own_flags(parser: argparse.ArgumentParser) -> None:
    """Flags that no other example has."""
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a running Dask cluster")
    parser.add_argument("--n-workers", type=int, default=4, help="of the local cluster")


def make_client(options: Options) -> Client:
    """A client of the cluster that was asked for."""
    address = options.own.scheduler
    if address is None:
        n_workers = 2 if options.quick else options.own.n_workers
        return Client(LocalCluster(n_workers, threads_per_worker=1, dashboard_address=None))
    return Client(address)


def main() -> None:
    """Runs what is missing, prints the table, writes the page."""
    threadpool_limits(1)  # matrices this small are slower on several threads
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = parse_options(
        __doc__, out="distributed", n_small=20, n_large=24, quick=(6, 6), add_own=add_own_flags
    )
    if options.own.scheduler is not None and options.storage.startswith("sqlite"):
        raise SystemExit("Other machines cannot reach an SQLite file: give --storage a server.")
    seed = options.seeds[0]
    small = run_small(options, seed)
    with make_client(options) as client:
        start = time.perf_counter()
        large = run_large(options, seed, client, small)
        seconds = time.perf_counter() - start
        n_workers = len(client.nthreads())
        if options.own.scheduler is None and client.cluster is not None:
            client.cluster.close()
    table = results_table(small, large)
    print(f"\n{table}\n\n{n_workers} workers, {seconds:.0f} s for what was missing of the large")
    page = options.out / "report.html"
    figures = study_figures(large, value="cross-entropy")
    write_page(page, "A large study on a cluster", [("Results", [table], figures)])
    print(f"figures: {page}")


if __name__ == "__main__":
    main()
