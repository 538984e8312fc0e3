"""HPOBench tables: multilayer perceptrons (``nn``) and FCNet regressors (``fcnet``).

The axes are positions in the tables' grids: ordered indices, or two unnamed choices.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import IntDistribution

from benchmarks.tasks.task import Array
from benchmarks.tasks.task import Params
from benchmarks.tasks.task import Surface
from benchmarks.tasks.task import Task
from benchmarks.tasks.task import task_of


NN_WIDTHS = (16, 25, 40, 64, 101, 161, 256, 406, 645, 1024)
FCNET_WIDTHS = (16, 32, 64, 128, 256, 512)
BINARY = ("0", "1")


def build_task(spec: Mapping[str, Any], data_dir: Path) -> Task:
    """Builds the task of one entry of ``tasks.json``."""
    build_surface = build_nn if spec["family"] == "nn" else build_fcnet
    path = data_dir / "tabular" / f"{spec['family']}_{spec['dataset']}.npz"
    target = build_surface(spec["target"], path)
    sources = [build_surface(name, path) for name in spec["sources"]]
    return task_of(spec, target, sources, "minimize", spec["median"])


def build_nn(name: str, path: Path) -> Surface:
    """Mean error of perceptrons of one depth and width, such as ``d3w1024``."""
    match = re.fullmatch(r"d(\d+)w(\d+)", name)
    if match is None:
        raise ValueError(f"Not a setting of the nn table: {name!r}.")
    depth, width = int(match[1]), int(match[2])
    i_width = NN_WIDTHS.index(width)
    errors, seconds = (table[:, :, depth - 1, :, i_width] for table in _nn_tables(path))
    axes: dict[str, BaseDistribution] = {
        axis: IntDistribution(0, 9) for axis in ("alpha", "batch_size", "learning_rate")
    }
    return Surface(
        name=f"{path.stem} {name}",
        search_space=axes,
        evaluate_many=_Table(errors, tuple(axes)),
        cost_many=_Table(seconds, tuple(axes)),
        scale={"width": width, "depth": depth},
    )


def build_fcnet(name: str, path: Path) -> Surface:
    """Log mean squared error of regressors with both layers of one width, such as ``w512``."""
    i_width = FCNET_WIDTHS.index(int(name.removeprefix("w")))
    errors, seconds = (table[..., i_width, i_width] for table in _fcnet_tables(path))
    axes: dict[str, BaseDistribution] = {
        "activation_fn_1": CategoricalDistribution(BINARY),
        "activation_fn_2": CategoricalDistribution(BINARY),
        "batch_size": IntDistribution(0, 3),
        "dropout_1": IntDistribution(0, 2),
        "dropout_2": IntDistribution(0, 2),
        "init_lr": IntDistribution(0, 5),
        "lr_schedule": CategoricalDistribution(BINARY),
    }
    return Surface(
        name=f"{path.stem} {name}",
        search_space=axes,
        evaluate_many=_Table(errors, tuple(axes)),
        cost_many=_Table(seconds, tuple(axes)),
        scale={"width": FCNET_WIDTHS[i_width]},
    )


class _Table:
    """Looks configurations up in a table with one axis a parameter."""

    def __init__(self, table: Array, names: tuple[str, ...]) -> None:
        self._table = table
        self._names = names

    def __call__(self, params: Sequence[Params]) -> Array:
        index = np.array([[int(p[name]) for name in self._names] for p in params])
        return np.asarray(self._table[tuple(index.T)])


@lru_cache(maxsize=8)
def _nn_tables(path: Path) -> tuple[Array, Array]:
    """Mean error over seeds and training time in seconds."""
    with np.load(path) as data:
        errors = np.asarray(data["err"], dtype=float).mean(axis=-1)
        return errors, np.asarray(data["train_time"], dtype=float)


@lru_cache(maxsize=8)
def _fcnet_tables(path: Path) -> tuple[Array, Array]:
    """Log mean squared error over seeds and training time in seconds."""
    with np.load(path) as data:
        errors = np.log(np.asarray(data["mse"], dtype=float).mean(axis=-1))
        return errors, np.asarray(data["train_time"], dtype=float)
