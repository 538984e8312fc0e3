"""Finds the builder of each task of ``tasks.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.tasks import steplaw
from benchmarks.tasks import tabular
from benchmarks.tasks import yahpo
from benchmarks.tasks.task import Task


_BUILDERS: dict[str, Callable[[Mapping[str, Any], Path], Task]] = {
    "steplaw": steplaw.build_task,
    "lcbench": yahpo.build_task,
    "rbv2_xgboost": yahpo.build_task,
    "rbv2_rpart": yahpo.build_task,
    "nn": tabular.build_task,
    "fcnet": tabular.build_task,
}


def load_tasks(
    data_dir: Path | str,
    ids: Collection[str] | None = None,
    families: Collection[str] | None = None,
) -> list[Task]:
    """Loads the public tasks below ``data_dir`` in the order of ``tasks.json``.

    Args:
        data_dir: Folder with ``tasks.json`` and the data it names.
        ids: Names of tasks to keep; all when :obj:`None`.
        families: Names of families to keep; all when :obj:`None`.

    Raises:
        FileNotFoundError: If ``tasks.json`` or a data file that a task needs is missing.
        ValueError: If ``ids`` names an unknown task.
    """
    data_dir = Path(data_dir)
    specs = json.loads((data_dir / "tasks.json").read_text())
    unknown = set(ids or ()) - {spec["id"] for spec in specs}
    if unknown:
        raise ValueError(f"Unknown tasks: {', '.join(sorted(unknown))}.")
    return [
        _BUILDERS[spec["family"]](spec, data_dir)
        for spec in specs
        if (ids is None or spec["id"] in ids) and (families is None or spec["family"] in families)
    ]
