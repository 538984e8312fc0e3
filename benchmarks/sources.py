"""The small studies that a method may learn from: real Optuna studies, cached on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
from optuna.trial import create_trial

from benchmarks.tasks import SourceTask
from benchmarks.tasks import Task
from benchmarks.tasks.task import Direction


N_SOURCE_TRIALS = 40


def source_studies(
    task: Task, seed: int, n_trials: int = N_SOURCE_TRIALS, cache_dir: Path | None = None
) -> list[Study]:
    """All source studies of a task, small to large."""
    return [
        source_study(task, i_source, seed, n_trials, cache_dir)
        for i_source in range(len(task.sources))
    ]


def source_study(
    task: Task,
    i_source: int,
    seed: int,
    n_trials: int = N_SOURCE_TRIALS,
    cache_dir: Path | None = None,
) -> Study:
    """Runs ``TPESampler`` on one source, or rebuilds the study of an earlier run.

    Args:
        task: The task whose source is meant.
        i_source: Position among ``task.sources``.
        seed: Seed of the repetition. Each source of a task gets a stream of its own, but all tasks
            get the same: ``TPESampler`` starts with ten random points, so equally placed sources
            of tasks with the same search space begin with the same ten configurations. Means over
            such tasks thus vary more with the seed than as many independent studies would. All
            published tables depend on it.
        n_trials: Length of the study.
        cache_dir: Folder of finished studies; no cache when :obj:`None`.
    """
    source = task.sources[i_source]
    path = None
    if cache_dir is not None:
        path = cache_dir / "sources" / f"{task.id}_{i_source}_seed{seed}_n{n_trials}.json"
        if path.exists():
            return _rebuild(task.direction, source, json.loads(path.read_text()))
    sampler = TPESampler(seed=seed + 100 * i_source)
    study = optuna.create_study(direction=task.direction, sampler=sampler)
    for _ in range(n_trials):
        trial = study.ask()
        study.tell(trial, source.evaluate(source.suggest(trial)))
    if path is not None:
        _save(study, path)
    return study


def _save(study: Study, path: Path) -> None:
    rows = [{"params": t.params, "value": t.value} for t in study.trials]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(rows))
    partial.replace(path)


def _rebuild(direction: Direction, source: SourceTask, rows: list[dict[str, Any]]) -> Study:
    study = optuna.create_study(direction=direction)
    study.add_trials([_to_trial(source, row) for row in rows])
    return study


def _to_trial(source: SourceTask, row: dict[str, Any]) -> FrozenTrial:
    return create_trial(
        params=row["params"],
        distributions={name: source.search_space[name] for name in row["params"]},
        state=TrialState.FAIL if row["value"] is None else TrialState.COMPLETE,
        value=row["value"],
    )
