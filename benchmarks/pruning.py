"""``python -m benchmarks pruning``: regret by epochs trained, with MedianPruner stopping trials.

Trainings are simulated epoch by epoch on tasks whose curves are known. The pruner sees the same
reports for every method. Two are not shown them: ``scaleup_blind`` does not even see that there
was a trial that was pruned, as a sampler that looks at complete trials only; ``scaleup_avoiding``
is told that it failed, so it knows where, and keeps away, but not why. ``scaleup_cost`` counts
epochs as the cost of a trial; those two know of equal costs only. Only complete trials count for
the regret.
"""

from __future__ import annotations

import argparse
from collections.abc import Container
from collections.abc import Sequence
from itertools import product
from typing import Any

import optuna
import pandas as pd
from optuna.pruners import BasePruner
from optuna.pruners import MedianPruner
from optuna.samplers import RandomSampler
from optuna.storages import InMemoryStorage
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import Trial
from optuna.trial import TrialState
from optuna.trial import create_trial
from tqdm import tqdm

from benchmarks.budgets import regret_at_budgets
from benchmarks.methods import METHODS
from benchmarks.methods.method import Session
from benchmarks.methods.method import StudySession
from benchmarks.methods.scaleup import scaleup_sampler
from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.runner import target_seed
from benchmarks.sources import source_studies
from benchmarks.suites import select_tasks
from benchmarks.tasks import Surface
from benchmarks.tasks import Task


BLIND = "scaleup_blind"
AVOIDING = "scaleup_avoiding"
WITH_COST = "scaleup_cost"
BUDGETS = (2.0, 5.0, 10.0, 15.0, 20.0, 30.0)
_MAX_TRIALS_A_TRAINING = 6


def run_pruning(arguments: argparse.Namespace) -> None:
    """Prints mean regret by method and budget; writes a CSV."""
    quieten()
    tasks = select_tasks(arguments.data, arguments.tasks, arguments.families or ["lcbench"])
    runs = list(product(tasks, arguments.methods, arguments.seeds))
    rows: list[dict[str, Any]] = []
    arguments.out.mkdir(parents=True, exist_ok=True)
    for task, name, seed in tqdm(runs, unit="run"):
        sources = source_studies(task, seed, cache_dir=arguments.out)
        sources = [
            with_curves(study, surface)
            for study, surface in zip(sources, task.sources, strict=True)
        ]
        key = {"task": task.id, "method": name, "seed": seed}
        pruner = MedianPruner(n_warmup_steps=arguments.n_warmup_steps)
        run = run_pruned(name, task, sources, seed, arguments.n_trainings, pruner)
        rows += [key | row for row in run]
        pd.DataFrame(rows).to_csv(arguments.out / "pruning.csv", index=False)
    print(markdown_table(pruning_table(pd.DataFrame(rows)), digits=3))


def pruning_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean regret of the best complete trial by method, one column a budget in full trainings."""
    budgets = [budget for budget in BUDGETS if budget <= frame["trainings"].max() + 0.5]
    by_run = regret_at_budgets(frame, ["method", "task", "seed"], "trainings", budgets)
    return by_run.groupby("method").mean()


def with_curves(study: Study, surface: Surface) -> Study:
    """The same finished study with a report after each epoch."""
    if surface.curves_many is None:
        return study
    trials = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    curves = surface.curves_many([trial.params for trial in trials])
    copy = optuna.create_study(directions=study.directions)
    for trial, curve in zip(trials, curves, strict=True):
        copy.add_trial(
            create_trial(
                params=trial.params,
                distributions=trial.distributions,
                value=trial.value,
                intermediate_values={i: float(v) for i, v in enumerate(curve, start=1)},
            )
        )
    return copy


def run_pruned(
    name: str,
    task: Task,
    sources: Sequence[Study],
    seed: int,
    n_trainings: int,
    pruner: BasePruner,
) -> list[dict[str, Any]]:
    """Trials, the share of a full training spent so far and the regret of the best complete one.

    Args:
        name: A method, :data:`BLIND`, :data:`AVOIDING` or :data:`WITH_COST`.
        task: Its curves have to be known.
        sources: Finished small studies.
        seed: Seed of the repetition.
        n_trainings: Budget in full trainings of the target.
        pruner: Stops trials.

    Raises:
        ValueError: If the curves are not known, or the method does not work on an Optuna study.
    """
    if task.curves_many is None:
        raise ValueError(f"The task {task.id} has no learning curves.")
    is_blind = name in (BLIND, AVOIDING)
    session = _start(name, task, sources, target_seed(task, seed))
    if not isinstance(session, StudySession):
        raise ValueError(f"{name} does not work on an Optuna study.")
    judge = _Judge(task, pruner)
    rows: list[dict[str, Any]] = []
    trainings, best = 0.0, float("inf")
    while trainings < n_trainings and len(rows) < _MAX_TRIALS_A_TRAINING * n_trainings:
        trial = session.study.ask()
        params = task.suggest(trial)
        curve = task.curves_many([params])[0]
        n_epochs = judge.n_epochs(curve)
        is_complete = n_epochs == len(curve)
        if not is_blind:
            for epoch, value in enumerate(curve[:n_epochs], start=1):
                trial.report(float(value), epoch)
        if is_complete:
            session.study.tell(trial, float(curve[-1]))
            best = min(best, task.regret(task.noise_free(params)))
        else:
            # A trial that was pruned without a report would count as a bad one.
            session.study.tell(trial, state=TrialState.FAIL if is_blind else TrialState.PRUNED)
        trainings += n_epochs / len(curve)
        rows.append(
            {
                "trial": len(rows) + 1,
                "n_epochs": n_epochs,
                "trainings": trainings,
                "regret": best,
                "value": float(curve[-1]),
            }
        )
    return rows


def _start(name: str, task: Task, sources: Sequence[Study], seed: int) -> Session:
    if name == WITH_COST:
        return StudySession(task, scaleup_sampler(task, sources, seed, cost=_epochs))
    if name in (BLIND, AVOIDING):
        storage = _WithoutFailed() if name == BLIND else None
        return StudySession(task, scaleup_sampler(task, sources, seed), storage=storage)
    return METHODS[name].start(task, sources, seed)


def _epochs(trial: FrozenTrial) -> int:
    return len(trial.intermediate_values)


class _WithoutFailed(InMemoryStorage):
    """Shows nobody that a trial failed."""

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        trials = super().get_all_trials(study_id, deepcopy, states)
        return [trial for trial in trials if trial.state != TrialState.FAIL]


class _Judge:
    """A pruner on a study of its own that holds nothing but the reports."""

    def __init__(self, task: Task, pruner: BasePruner) -> None:
        self._study = optuna.create_study(
            direction=task.direction, sampler=RandomSampler(seed=0), pruner=pruner
        )

    def n_epochs(self, curve: Sequence[float]) -> int:
        """After how many epochs the pruner stops this curve; all of them if it does not."""
        trial: Trial = self._study.ask()
        for epoch, value in enumerate(curve, start=1):
            trial.report(float(value), epoch)
            if epoch < len(curve) and trial.should_prune():
                self._study.tell(trial, state=TrialState.PRUNED)
                return epoch
        self._study.tell(trial, float(curve[-1]))
        return len(curve)
