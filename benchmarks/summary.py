"""Figures of a comparison: means with equal weight for every task, and ratios to the peers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from benchmarks.methods import METHODS


CHECKPOINTS = (1, 2, 3, 5, 10, 15, 20, 30)
ALL = "all"


def mean_by_trial(
    rows: pd.DataFrame, index: Sequence[str], values: str, counts: Sequence[int] | None = None
) -> pd.DataFrame:
    """Mean of a column by ``index``, one column a trial count; of ``counts``, those there are."""
    means = rows.pivot_table(index=[*index], columns="trial", values=values, aggfunc="mean")
    return means if counts is None else means[[n for n in counts if n in means.columns]]


def task_means(rows: pd.DataFrame, checkpoints: Sequence[int] | None = None) -> pd.DataFrame:
    """Mean over seeds: index (family, task, method), one column a trial count."""
    return mean_by_trial(rows, ["family", "task", "method"], "regret", checkpoints)


def family_means(rows: pd.DataFrame, checkpoints: Sequence[int] = CHECKPOINTS) -> pd.DataFrame:
    """Mean over tasks: index (family, method), ``all`` for the whole; one column a count."""
    kept = task_means(rows, checkpoints)
    by_family = kept.groupby(["family", "method"]).mean()
    overall = pd.concat({ALL: kept.groupby("method").mean()}, names=["family"])
    return pd.concat([overall, by_family])


def complete_methods(rows: pd.DataFrame) -> list[str]:
    """Methods that ran every task, with at least one seed."""
    n_tasks = rows.groupby("method")["task"].nunique()
    return [str(method) for method, n in n_tasks.items() if n == rows["task"].nunique()]


def figure(frame: pd.DataFrame, key: object, column: object) -> float:
    """One number of a table; not a number where the table lacks it."""
    if column not in frame.columns:
        return float("nan")
    cells: dict[object, float] = frame[column].to_dict()
    return float(cells.get(key, float("nan")))


def is_peer(method: str) -> bool:
    """Whether the method is a competitor rather than the sampler under test."""
    name = method.split("@")[0]
    return name not in METHODS or not METHODS[name].is_ours


def ratios_to_best_peer(rows: pd.DataFrame) -> pd.DataFrame:
    """Each method's mean regret over the best peer's, chosen anew in each family and count."""
    means = family_means(rows)
    best = _candidates(rows).groupby("family").min()
    divisors = best.reindex(means.index.get_level_values("family"))
    return means.div(divisors.set_axis(means.index))


def best_peers(rows: pd.DataFrame) -> pd.DataFrame:
    """Name of the best peer: index family, one column a count.

    Candidates for a family are the peers that ran all of its tasks, for ``all`` those that ran
    every task.
    """
    return _candidates(rows).groupby("family").idxmin().map(lambda key: key[1])


def _candidates(rows: pd.DataFrame) -> pd.DataFrame:
    """The means of those peers in each family that ran all of its tasks."""
    complete = {(ALL, method) for method in complete_methods(rows)}
    for family, own in rows.groupby("family"):
        complete |= {(str(family), method) for method in complete_methods(own)}
    means = family_means(rows)
    return means[[key in complete and is_peer(key[1]) for key in means.index]]


def trials_to_reach(rows: pd.DataFrame, reference: str = "gp_cold") -> pd.Series:
    """Median over tasks of the trials needed to reach the reference's last mean regret.

    A task where a method never gets there counts one trial more than it had.
    """
    means = task_means(rows)
    n_trials = int(rows["trial"].max())
    goals = means.xs(reference, level="method")[n_trials].groupby("task").first()
    reached = means.le(goals.reindex(means.index.get_level_values("task")).to_numpy(), axis=0)
    needed = reached.idxmax(axis=1).where(reached.any(axis=1), n_trials + 1)
    return needed.groupby("method").median()
