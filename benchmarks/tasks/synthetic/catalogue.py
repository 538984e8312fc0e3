"""Names of the synthetic tasks and how each is built."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from collections.abc import Mapping
from functools import partial

import numpy as np

from benchmarks.tasks.synthetic import relations
from benchmarks.tasks.synthetic.made import to_task
from benchmarks.tasks.synthetic.mixed import conditional_task
from benchmarks.tasks.synthetic.mixed import mixed_task
from benchmarks.tasks.synthetic.relations import Relation
from benchmarks.tasks.synthetic.spaces import float_space
from benchmarks.tasks.task import Task


_FAMILIES: dict[str, tuple[Relation, tuple[int, ...]]] = {
    "shift": (relations.shift, (2, 4, 6)),
    "ladder": (relations.ladder, (2, 4)),
    "rotation": (relations.rotation, (2, 6)),
    "residual": (relations.residual, (2, 4)),
    "unrelated": (relations.unrelated, (2, 4)),
    "reversed": (relations.opposite, (2, 4)),
    "permuted": (relations.permuted, (2, 4)),
    "plateau": (relations.plateau, (2, 4)),
    "diverging": (relations.diverging, (2, 4)),
    "memory": (relations.memory, (2, 4)),
    "flaky": (relations.flaky, (2, 4)),
    "noisy": (relations.noisy, (2, 4)),
    "dimensions": (relations.shift, (1, 3, 10, 20)),
}


def _on_floats(family: str, relation: Relation, n_dims: int, task_id: str) -> Task:
    made = relation(n_dims, _rng(task_id))
    return to_task(task_id, family, made, float_space(n_dims))


def _on_other_space(build: Callable[[str, np.random.Generator], Task], task_id: str) -> Task:
    return build(task_id, _rng(task_id))


def _rng(task_id: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(task_id.encode()))


_BUILDERS: Mapping[str, Callable[[str], Task]] = {
    f"{family}_{n_dims}d": partial(_on_floats, family, relation, n_dims)
    for family, (relation, dims) in _FAMILIES.items()
    for n_dims in dims
} | {
    f"{family}_{i}": partial(_on_other_space, build)
    for family, build in (("mixed", mixed_task), ("conditional", conditional_task))
    for i in range(2)
}


def synthetic_ids() -> list[str]:
    """Names of all synthetic tasks."""
    return list(_BUILDERS)


def family_of(task_id: str) -> str:
    """The family of a synthetic task, without building it."""
    return task_id.rpartition("_")[0]


def build_synthetic(task_id: str) -> Task:
    """Builds the task of that name; the name seeds its landscape.

    Raises:
        KeyError: If there is no such task.
    """
    return _BUILDERS[task_id](task_id)
