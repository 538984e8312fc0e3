"""``python -m benchmarks publish``: seconds and bytes that publishing a long study takes.

The large study's trials are copies of 30 that the sampler suggested, predictions and all, so that
every one of them gets its note. The study is published in SQLite, as another process would; once
more after every trial has got its note.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import optuna
import pandas as pd
from optuna.trial import create_trial

from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from optuna_scaleup import ScaleUpSampler
from optuna_scaleup.dashboard import publish
from optuna_scaleup.dashboard._publish import save_trial_notes


_N_SUGGESTED = 30
_NAMES = ("small", "large")


def run_publishing(arguments: argparse.Namespace) -> None:
    """Prints seconds of the first and the last call, and what the study then holds."""
    quieten()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = [_measure(n, arguments.out / f"publish_{n}.db") for n in arguments.counts]
    print(markdown_table(pd.DataFrame(rows).set_index("trials"), digits=3))


def _measure(n_trials: int, path: Path) -> dict[str, float]:
    path.unlink(missing_ok=True)
    url = f"sqlite:///{path}"
    _make_studies(n_trials, url)
    first = _publish(url)
    study, sizes = optuna.load_study(study_name="large", storage=url), [-1, 0]
    while sizes[-1] > sizes[-2]:
        save_trial_notes(study)
        sizes.append(len(_attributes(url)))
    last = _publish(url)
    attrs = _attributes(url)
    n_bytes = sum(len(key) + len(json.dumps(value)) for key, value in attrs.items())
    return {
        "trials": n_trials,
        "first call, s": first[0],
        "of it CPU, s": first[1],
        "last call, s": last[0],
        "of that CPU, s": last[1],
        "attributes, MB": n_bytes / 1e6,
    }


def _make_studies(n_trials: int, url: str) -> None:
    small, large = (optuna.create_study(study_name=name, storage=url) for name in _NAMES)
    small.sampler = optuna.samplers.RandomSampler(seed=0)
    small.optimize(_objective, n_trials=40)
    large.sampler = ScaleUpSampler(small, seed=0)
    large.optimize(_objective, n_trials=min(n_trials, _N_SUGGESTED))
    suggested = large.trials
    random = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    random.optimize(_objective, n_trials=n_trials - len(suggested))
    large.add_trials(
        [
            create_trial(
                params=trial.params,
                distributions=trial.distributions,
                value=trial.value,
                system_attrs=suggested[i % len(suggested)].system_attrs,
            )
            for i, trial in enumerate(random.trials)
        ]
    )


def _objective(trial: optuna.Trial) -> float:
    log_lr = math.log10(trial.suggest_float("lr", 1e-5, 1e-1, log=True))
    log_width = math.log2(trial.suggest_int("width", 8, 512, log=True))
    dropout = trial.suggest_float("dropout", 0.0, 0.5)
    kind = trial.suggest_categorical("kind", ["adam", "sgd"])
    loss = (log_lr + 3.0) ** 2 + (log_width - 6.0) ** 2 / 9.0 + (dropout - 0.2) ** 2
    return loss + 0.3 * (kind == "sgd")


def _publish(url: str) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    study = optuna.load_study(study_name="large", storage=url)
    wall, cpu = time.perf_counter(), time.process_time()
    publish(study)
    return time.perf_counter() - wall, time.process_time() - cpu


def _attributes(url: str) -> dict[str, object]:
    study = optuna.load_study(study_name="large", storage=url)
    return dict(study._storage.get_study_system_attrs(study._study_id))
