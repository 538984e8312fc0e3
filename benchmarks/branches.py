"""``python -m benchmarks branches``: conditional spaces, where a trial has one branch only.

``tree`` is made: three branches with parameters of their own below shared ones, the best branch
not the one that looks best at first. ``layers`` trains a real network on scikit-learn's digits:
two to four layers, a size for each.
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Callable
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.samplers import BaseSampler
from optuna.samplers import RandomSampler
from optuna.samplers import TPESampler
from tqdm import tqdm

from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.summary import mean_by_trial
from optuna_scaleup import ScaleUpSampler


COUNTS = (5, 10, 15, 20, 30)
_N_TRAINING, _N_EPOCHS = 600, 12


def run_branches(arguments: argparse.Namespace) -> None:
    """Prints the mean of the best value so far by objective and sampler; writes a CSV."""
    quieten()
    rows: list[dict[str, Any]] = []
    runs = list(product(arguments.objectives, arguments.samplers, arguments.seeds))
    arguments.out.mkdir(parents=True, exist_ok=True)
    for objective, sampler, seed in tqdm(runs, unit="run"):
        study = optuna.create_study(sampler=SAMPLERS[sampler](seed))
        study.optimize(OBJECTIVES[objective], n_trials=arguments.n_trials)
        best = np.minimum.accumulate([trial.values[0] for trial in study.trials])
        key = {"objective": objective, "sampler": sampler, "seed": seed}
        rows += [key | {"trial": i, "best": float(b)} for i, b in enumerate(best, start=1)]
        pd.DataFrame(rows).to_csv(arguments.out / "branches.csv", index=False)
    print(markdown_table(branches_table(pd.DataFrame(rows)), digits=4))


def branches_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean best value by objective and sampler, one column a number of trials."""
    return mean_by_trial(frame, ["objective", "sampler"], "best", COUNTS)


def tree(trial: optuna.Trial) -> float:
    """Shared parameters, three branches and, in one, a choice with a parameter of its own.

    The smallest value is 0, in the branch ``"deep"``; the others end at 0.15 and 0.3.
    """
    shared = trial.suggest_float("shared", 0.0, 1.0)
    rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
    value = 2.0 * (shared - 0.7) ** 2 + 0.1 * (math.log10(rate) + 2.0) ** 2
    branch = trial.suggest_categorical("branch", ["flat", "wide", "deep"])
    if branch == "flat":
        return value + 0.3 + 0.2 * (trial.suggest_float("slope", -1.0, 1.0) - 0.2) ** 2
    if branch == "wide":
        width = trial.suggest_int("width", 8, 512, log=True)
        share = trial.suggest_float("share", 0.0, 1.0)
        return value + 0.15 + 0.05 * (math.log2(width) - 6.0) ** 2 + (share - 0.4) ** 2
    depth = trial.suggest_int("depth", 1, 8)
    value += 0.04 * (depth - 5) ** 2
    if trial.suggest_categorical("gate", ["none", "soft"]) == "none":
        return value + 0.2
    return value + 3.0 * (trial.suggest_float("temperature", 0.0, 1.0) - 0.25) ** 2


def layers(trial: optuna.Trial) -> float:
    """Validation loss of a network on digits; its number of layers decides how many sizes."""
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    X, y = _digits()
    n_layers = trial.suggest_int("num_layers", 2, 4)
    sizes = [trial.suggest_int(f"n_units_{i}", 4, 128, log=True) for i in range(n_layers)]
    network = MLPClassifier(
        sizes,
        batch_size=trial.suggest_int("batch_size", 16, 256, log=True),
        learning_rate_init=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        alpha=trial.suggest_float("weight_decay", 1e-6, 1.0, log=True),
        max_iter=_N_EPOCHS,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge: it was not meant to
        network.fit(X[:_N_TRAINING], y[:_N_TRAINING])
    return float(log_loss(y[_N_TRAINING:], network.predict_proba(X[_N_TRAINING:])))


@lru_cache(maxsize=1)
def _digits() -> tuple[Any, Any]:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X / 16.0, y


OBJECTIVES: dict[str, Callable[[optuna.Trial], float]] = {"tree": tree, "layers": layers}
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "scaleup": lambda seed: ScaleUpSampler(seed=seed),
    "tpe_group": lambda seed: TPESampler(multivariate=True, group=True, seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
}
