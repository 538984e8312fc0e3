"""``python -m benchmarks ladder``: what sizes are worth, on ladders whose drift is known.

Parts: ``exponents`` (are they found before the first large trial; ``exponents_tpe``: the same with
sources run by TPE instead of random search), ``wrong`` (ladders whose sizes
are shuffled or whose optima follow no law), ``priors`` (a right and a wrong ``drift_prior``),
``mixed`` (an excellent and a harmful source together), ``latency`` (twenty long sources).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any
from typing import NamedTuple
from typing import TypeVar

import numpy as np
import optuna
import pandas as pd
from tqdm import tqdm

from benchmarks.drift_family import KINDS
from benchmarks.drift_family import SPACE
from benchmarks.drift_family import TARGET
from benchmarks.drift_family import WIDTHS
from benchmarks.drift_family import DriftLadder
from benchmarks.drift_family import drift_ladder
from benchmarks.drift_family import finished_sources
from benchmarks.drift_family import median_excess
from benchmarks.drift_family import run_study
from benchmarks.drift_family import to_unit
from benchmarks.drift_family import value_at
from benchmarks.many_sources import latency_rows
from benchmarks.many_sources import latency_table
from benchmarks.many_sources import mixed_rows
from benchmarks.many_sources import mixed_table
from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.summary import mean_by_trial
from benchmarks.table_file import kept_rows
from optuna_scaleup import Interval
from optuna_scaleup import ScaleUpSampler


CLOSE = 0.1  # of an exponent
CHECKPOINTS = (1, 3, 5, 10)
BELIEF_STD = 0.25
N_SOURCES = 3

Rows = Iterator[dict[str, Any]]
Case = TypeVar("Case")


class Part(NamedTuple):
    """One measurement: rows of a CSV, and the table that is printed of them."""

    rows: Callable[[int, bool], Rows]  # number of seeds, whether it has to be quick
    table: Callable[[pd.DataFrame], pd.DataFrame]


def run_ladder(arguments: argparse.Namespace) -> None:
    """Prints a table and writes a CSV for each part."""
    quieten()
    n_seeds = 1 if arguments.quick else arguments.seeds
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.parts:
        path = arguments.out / f"ladder_{name}.csv"
        frame = kept_rows(path, PARTS[name].rows(n_seeds, arguments.quick))
        print(f"\n### {name}\n\n{markdown_table(PARTS[name].table(frame), digits=3)}", flush=True)


def exponent_rows(n_seeds: int, is_quick: bool, by: str = "random") -> Rows:
    """Exponents that the diagnosis reports before the first large trial, and the true ones."""
    for seed, n in _bar(product(range(n_seeds), (2,) if is_quick else (2, 3, 4))):
        ladder = drift_ladder(n, seed)
        report = _sampler(ladder, seed, by).diagnose(optuna.create_study())
        for name, true in zip(SPACE, ladder.exponents, strict=True):
            found = report.exponents[name]["size"]
            key = {"sources": n, "by": by, "seed": seed, "parameter": name}
            yield key | {"error": abs(found.median - true)} | _against(found, true)


def exponent_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Share of the exponents found, by number of sources and how these were run."""
    groups = rows.assign(close=rows["error"] < CLOSE).groupby(["sources", "by"])
    return groups.agg(
        **{
            f"error below {CLOSE}": ("close", "mean"),
            "median error": ("error", "median"),
            "in the 90 % interval": ("is_inside", "mean"),
            "width of the interval": ("width", "median"),
        }
    )


def wrong_rows(n_seeds: int, is_quick: bool) -> Rows:
    """Where the optimum is expected on true, shuffled and random ladders."""
    kinds = KINDS[:1] if is_quick else KINDS
    for seed, kind in _bar(product(range(n_seeds), kinds)):
        ladder = drift_ladder(N_SOURCES, seed, kind)
        (found,) = _sampler(ladder, seed).recommend(SPACE)
        places = to_unit(found.params)
        for j, name in enumerate(SPACE):
            where = found.optimum[name]
            assert isinstance(where, Interval)
            largest, true = ladder.sources[-1].center[j], ladder.target.center[j]
            low, high = np.log(where.outer) / WIDTHS[j]
            key = {"kind": kind, "seed": seed, "parameter": name}
            yield (
                key
                | {"moved": abs(places[j] - largest), "error": abs(places[j] - true)}
                | _against(where, ladder.optimum[name])
                | {"width": high - low}
            )


def wrong_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean of each column, in widths of the space."""
    return rows.groupby("kind").agg(
        **{
            "guess from the largest source's best": ("moved", "mean"),
            "guess from the true best": ("error", "mean"),
            "width of the 90 % interval": ("width", "mean"),
            "true best inside": ("is_inside", "mean"),
        }
    )


def prior_rows(n_seeds: int, is_quick: bool) -> Rows:
    """Regret with nothing believed, the true exponents and those of the wrong sign."""
    counts, n_trials = ((1,), 1) if is_quick else ((1, 3), max(CHECKPOINTS))
    for seed, n, belief in _bar(product(range(n_seeds), counts, ("none", "right", "wrong sign"))):
        ladder = drift_ladder(n, seed)
        sampler = _sampler(ladder, seed, drift_prior=_beliefs(ladder, belief))
        study = run_study(ladder.target, sampler, n_trials, seed)
        exact = [value_at(ladder.target, trial.params) for trial in study.trials]
        best = np.minimum.accumulate(exact) / median_excess(ladder.target)
        key = {"sources": n, "drift_prior": belief, "seed": seed}
        yield from (key | {"trial": k, "regret": r} for k, r in enumerate(best, start=1))


def prior_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean normalised regret after some trials."""
    return mean_by_trial(rows, ["sources", "drift_prior"], "regret", CHECKPOINTS)


def _sampler(
    ladder: DriftLadder, seed: int, by: str = "random", drift_prior: Any = None
) -> ScaleUpSampler:
    return ScaleUpSampler(
        finished_sources(ladder, seed, by),
        scale=TARGET,
        search_space=SPACE,
        drift_prior=drift_prior,
        seed=seed,
    )


def _beliefs(ladder: DriftLadder, belief: str) -> dict[str, Sequence[float]] | None:
    if belief == "none":
        return None
    sign = 1.0 if belief == "right" else -1.0
    exponents = zip(SPACE, ladder.exponents, strict=True)
    return {name: (sign * float(e), BELIEF_STD) for name, e in exponents}


def _against(interval: Interval, true: float) -> dict[str, Any]:
    low, high = interval.outer
    return {"is_inside": low <= true <= high, "width": high - low}


def _bar(cases: Iterable[Case]) -> Iterable[Case]:
    return tqdm([*cases])


PARTS = {
    "exponents": Part(exponent_rows, exponent_table),
    "exponents_tpe": Part(partial(exponent_rows, by="tpe"), exponent_table),
    "wrong": Part(wrong_rows, wrong_table),
    "priors": Part(prior_rows, prior_table),
    "mixed": Part(mixed_rows, mixed_table),
    "latency": Part(latency_rows, latency_table),
}
