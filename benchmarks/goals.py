"""The figures that the project wants to reach, beside those that were measured."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from benchmarks.summary import ALL
from benchmarks.summary import best_peers
from benchmarks.summary import family_means
from benchmarks.summary import figure
from benchmarks.summary import task_means
from benchmarks.summary import trials_to_reach
from benchmarks.tasks import Task


OURS, OURS_COLD, COLD = "scaleup", "scaleup_cold", "gp_cold"
MISLEADING_FAMILIES = ("reversed", "permuted", "plateau")
RATIO_LIMITS = {3: 0.7, 5: 0.7, 10: 0.7, 20: 0.8, 30: 0.8}
FAMILY_LIMIT = 1.05
EXCESS_LIMITS = {1: 0.6, 5: 0.5, 10: 0.5}
LADDER_LIMIT = 0.5
MISLEADING_LIMIT = 1.1
LATE_COUNTS = (10, 20, 30)
COLD_LIMIT = 1.0
TRIALS_LIMIT = 7


@dataclass(frozen=True)
class Goal:
    """One wanted figure: ``measured`` should be at most ``limit``."""

    name: str
    limit: float
    measured: float


def goals_frame(rows: pd.DataFrame, tasks: Sequence[Task]) -> pd.DataFrame:
    """Every goal that the rows say something about; ``tasks`` are those of the rows."""
    goals = [goal for goal in _goals(rows, tasks) if goal.measured == goal.measured]
    index = pd.Index([goal.name for goal in goals], name="goal")
    measured = [goal.measured for goal in goals]
    limits = [goal.limit for goal in goals]
    is_met = ["yes" if goal.measured <= goal.limit else "no" for goal in goals]
    return pd.DataFrame({"at most": limits, "measured": measured, "met": is_met}, index=index)


def _goals(rows: pd.DataFrame, tasks: Sequence[Task]) -> Iterator[Goal]:
    methods, n_trials = set(rows["method"]), int(rows["trial"].max())
    if OURS in methods:
        yield from _ratio_goals(rows, n_trials)
        yield from _steplaw_goals(rows, tasks, n_trials)
    if OURS in methods and COLD in methods:
        needed = float(trials_to_reach(rows, COLD)[OURS])
        yield Goal(f"trials to reach {COLD} @{n_trials}", TRIALS_LIMIT, needed)
        yield from _misleading_goals(rows, tasks, n_trials)
    if OURS_COLD in methods and COLD in methods:
        for count in LATE_COUNTS:
            measured = _ratio(rows, OURS_COLD, COLD, count)
            yield Goal(f"no source, over {COLD} @{count}", COLD_LIMIT, measured)


def _ratio_goals(rows: pd.DataFrame, n_trials: int) -> Iterator[Goal]:
    means, peers = family_means(rows), best_peers(rows)
    counts = [count for count in RATIO_LIMITS if count <= n_trials and count in peers.columns]
    for family in sorted(peers.index, key=lambda family: (family != ALL, family)):
        for count in counts:
            peer = str(peers[count].to_dict()[family])
            ratio = figure(means, (family, OURS), count) / figure(means, (family, peer), count)
            limit = RATIO_LIMITS[count] if family == ALL else FAMILY_LIMIT
            yield Goal(f"{family}: over the best peer ({peer}) @{count}", limit, ratio)


def _steplaw_goals(rows: pd.DataFrame, tasks: Sequence[Task], n_trials: int) -> Iterator[Goal]:
    """Mean excess loss over that of the peer with the least; Step Law's formula on ladders."""
    spreads = {t.id: t.median - t.best for t in tasks if t.family == "steplaw"}
    own = rows[rows["task"].isin(spreads)]
    if own.empty:
        return
    excess = own.assign(regret=own["regret"] * own["task"].map(spreads))
    peers = best_peers(excess)
    if peers.empty:
        return
    for count, limit in EXCESS_LIMITS.items():
        if count <= n_trials and count in peers.columns:
            yield _over_best_peer("steplaw excess loss", excess, count, limit)
    ladders = [t for t in tasks if t.id in spreads and len(t.sources) > 1]
    on_ladders = excess[excess["task"].isin([t.id for t in ladders])]
    if not on_ladders.empty and 1 in peers.columns:
        yield _over_best_peer("steplaw ladders: excess loss", on_ladders, 1, LADDER_LIMIT)
    if ladders and n_trials >= 5:
        formula = sum(t.regret(t.evaluate(step_law_formula(t))) * spreads[t.id] for t in ladders)
        is_ladder = excess["task"].isin([t.id for t in ladders])
        own_means = task_means(excess[is_ladder & (excess["method"] == OURS)])
        measured = float(own_means[5].sum())
        yield Goal("steplaw ladders: excess over Step Law's formula @5", 1.0, measured / formula)


def _over_best_peer(name: str, rows: pd.DataFrame, count: int, limit: float) -> Goal:
    """Ours over the best peer of the Step Law family; the rows have excess loss as regret."""
    means = family_means(rows)
    peer = str(best_peers(rows)[count].to_dict()["steplaw"])
    ours, theirs = (figure(means, ("steplaw", method), count) for method in (OURS, peer))
    return Goal(f"{name}, over {peer} @{count}", limit, ours / theirs)


def step_law_formula(task: Task) -> dict[str, float]:
    """Learning rate and batch size (sequences) of arXiv:2503.04715, clipped to the space."""
    assert task.scale is not None, "Step Law tasks have sizes"
    n_params, n_tokens = task.scale["params"], task.scale["tokens"]
    lr = 1.79 * n_params**-0.713 * n_tokens**0.307
    batch_size = 0.58 * n_tokens**0.571 / 2048
    return {"lr": min(max(lr, 2.4e-4), 2.21e-2), "bs": round(min(max(batch_size, 16), 2048))}


def _misleading_goals(rows: pd.DataFrame, tasks: Sequence[Task], n_trials: int) -> Iterator[Goal]:
    misleading = {t.id for t in tasks if any(s.rho < 0 for s in t.sources)}
    is_public = ~rows["family"].isin(MISLEADING_FAMILIES)
    groups = {"negative rho": rows["task"].isin(misleading) & is_public}
    groups |= {family: rows["family"] == family for family in MISLEADING_FAMILIES}
    for name, is_in in groups.items():
        for count in LATE_COUNTS:
            if is_in.any() and count <= n_trials:
                measured = _ratio(rows[is_in], OURS, COLD, count)
                yield Goal(
                    f"misleading ({name}), over {COLD} @{count}", MISLEADING_LIMIT, measured
                )


def _ratio(rows: pd.DataFrame, method: str, reference: str, count: int) -> float:
    means = family_means(rows, [count])
    return figure(means, (ALL, method), count) / figure(means, (ALL, reference), count)
