"""Several sources at once: an excellent one beside a harmful one, and twenty long ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import Study
from tqdm import tqdm

from benchmarks.tasks.synthetic.landscape import Landscape
from benchmarks.tasks.synthetic.landscape import random_bowl
from benchmarks.tasks.synthetic.landscape import scattered
from benchmarks.tasks.synthetic.spaces import OnParams
from benchmarks.tasks.synthetic.spaces import float_space
from benchmarks.tasks.task import Array
from optuna_scaleup import ScaleUpSampler


HARMS = ("reversed", "permuted", "elsewhere")
SMALL_SHIFT = 0.03  # of the excellent source, widths of the space
N_SOURCE_TRIALS = 40
N_TRIALS = 10
N_MANY, N_LONG = 20, 200
N_LATER = 10

Rows = Iterator[dict[str, Any]]


def mixed_rows(n_seeds: int, is_quick: bool) -> Rows:
    """Regret with the excellent source alone, and with a harmful one before or after it."""
    dims, harms = ((2,), HARMS[:1]) if is_quick else ((2, 4), HARMS)
    n_trials = 2 if is_quick else N_TRIALS
    for seed, d in tqdm([*product(range(n_seeds), dims)], unit="target"):
        rng = np.random.default_rng([seed, d])
        target = random_bowl(d, rng)
        space = float_space(d)
        near = target.moved(rng.choice([-1.0, 1.0], d) * SMALL_SHIFT, level=1.0, gain=1.7)
        excellent = _study(near, space, seed, N_SOURCE_TRIALS)
        median = float(np.median(target(np.random.default_rng(0).random((4000, d)))))
        cases: dict[tuple[str, str], list[Study]] = {("none", "alone"): [excellent]}
        for harm in harms:
            harmful = _study(_harmful(harm, target, seed), space, seed + 500, N_SOURCE_TRIALS)
            cases[harm, "harmful one smaller"] = [harmful, excellent]
            cases[harm, "harmful one larger"] = [excellent, harmful]
        for (harm, order), sources in cases.items():
            sampler = ScaleUpSampler(sources, seed=seed)
            study = _study(target, space, seed, n_trials, sampler)
            regret = float(min(trial.values[0] for trial in study.trials)) / median
            yield {"d": d, "harm": harm, "order": order, "seed": seed, "regret": regret}


def mixed_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean regret, and its ratio to that with the excellent source alone."""
    means = rows.groupby(["harm", "order"])["regret"].mean().to_frame()
    means["over the excellent one alone"] = means["regret"] / means["regret"]["none", "alone"]
    return means


def latency_rows(n_seeds: int, is_quick: bool) -> Rows:
    """Seconds of suggestions with one and with twenty sources of two hundred trials, d = 6."""
    n_many, n_long, n_later = (4, 30, 2) if is_quick else (N_MANY, N_LONG, N_LATER)
    d = 6
    space = float_space(d)
    for seed in tqdm(range(min(n_seeds, 3)), unit="round"):
        rng = np.random.default_rng(seed)
        target = random_bowl(d, rng)
        many = [
            _study(
                target.moved(rng.normal(0.0, 0.05, d)),
                space,
                100 * seed + i,
                n_long,
                optuna.samplers.RandomSampler(seed=100 * seed + i),
            )
            for i in range(n_many)
        ]
        for n, sources in ((1, many[-1:]), (n_many, many)):
            study = optuna.create_study(sampler=ScaleUpSampler(sources, seed=seed))
            for k in range(1 + n_later):
                started, started_cpu = time.perf_counter(), time.process_time()
                trial = study.ask(space)
                seconds = time.perf_counter() - started
                cpu = time.process_time() - started_cpu
                study.tell(trial, OnParams(target, space)([trial.params])[0])
                key = {"sources": n, "seed": seed, "trial": k + 1}
                yield key | {"seconds": seconds, "cpu_seconds": cpu}


def latency_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Longest first suggestion and median of the later ones, by the clock and of the processor."""
    is_first = rows["trial"] == 1
    columns = ["seconds", "cpu_seconds"]
    first = rows[is_first].groupby("sources")[columns].max().add_prefix("first, ")
    later = rows[~is_first].groupby("sources")[columns].median().add_prefix("later, ")
    return first.join(later)


def _harmful(harm: str, target: Any, seed: int) -> Landscape:
    if harm == "elsewhere":
        return target.moved(np.where(target.center > 0.5, 0.1, 0.9) - target.center)  # type: ignore[no-any-return]

    def landscape(U: Array) -> Array:
        return -target(U) if harm == "reversed" else target(scattered(U, seed))  # type: ignore[no-any-return]

    return landscape


def _study(
    landscape: Landscape,
    space: dict[str, BaseDistribution],
    seed: int,
    n_trials: int,
    sampler: optuna.samplers.BaseSampler | None = None,
) -> Study:
    evaluate = OnParams(landscape, space)
    study = optuna.create_study(sampler=sampler or TPESampler(seed=seed))
    for _ in range(n_trials):
        trial = study.ask(space)
        study.tell(trial, float(evaluate([trial.params])[0]))
    return study
