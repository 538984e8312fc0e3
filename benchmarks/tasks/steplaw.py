"""Step Law: loss of real language-model pre-training runs over learning rate and batch size.

Data: arXiv:2503.04715. The surface of a setting is a smoothed thin-plate spline through its runs.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from scipy.interpolate import RBFInterpolator

from benchmarks.tasks.task import Array
from benchmarks.tasks.task import Params
from benchmarks.tasks.task import Surface
from benchmarks.tasks.task import Task
from benchmarks.tasks.task import random_median
from benchmarks.tasks.task import task_of


LOSS_CAP = 1.6  # Diverged runs are cut at this multiple of the best loss.
LOSS_OFFSET = 0.01
SMOOTHING = 0.02
FLOPS_PER_PARAMETER_AND_TOKEN = 6  # Forward and backward pass; arXiv:2001.08361, section 2.1.


def build_task(spec: Mapping[str, Any], data_dir: Path) -> Task:
    """Builds the task of one entry of ``tasks.json``."""
    target = build_surface(spec["target"], data_dir)
    sources = [build_surface(name, data_dir) for name in spec["sources"]]
    return task_of(spec, target, sources, "minimize", random_median(target))


def build_surface(name: str, data_dir: Path) -> Surface:
    """The loss surface of one setting such as ``N215M_D4B``."""
    n_params, n_tokens, rows = _settings(data_dir / "steplaw" / "steplaw.csv")[name]
    return Surface(
        name=name,
        search_space={
            "lr": FloatDistribution(2.4e-4, 2.21e-2, log=True),
            "bs": IntDistribution(16, 2048, log=True),
        },
        evaluate_many=_Spline(np.array(rows)),
        cost_many=_SameCost(FLOPS_PER_PARAMETER_AND_TOKEN * n_params * n_tokens),
        scale={"params": n_params, "tokens": n_tokens},
    )


@dataclass(frozen=True)
class _SameCost:
    """Training costs the same whatever the learning rate and the batch size."""

    flops: float

    def __call__(self, params: Sequence[Params]) -> Array:
        return np.full(len(params), self.flops)


class _Spline:
    """Thin-plate spline through the log excess loss of one setting's runs ``(lr, bs, loss)``."""

    def __init__(self, rows: Array) -> None:
        lr, batch_size, loss = rows.T
        self._best = float(loss.min())
        self._low, self._high = rows[:, :2].min(axis=0), rows[:, :2].max(axis=0)
        log_excess = np.log(np.minimum(loss, LOSS_CAP * self._best) - self._best + LOSS_OFFSET)
        self._spline = RBFInterpolator(
            _coordinates(np.column_stack([lr, batch_size])), log_excess, smoothing=SMOOTHING
        )

    def __call__(self, params: Sequence[Params]) -> Array:
        X = np.array([[p["lr"], p["bs"]] for p in params], dtype=float)
        log_excess = self._spline(_coordinates(np.clip(X, self._low, self._high)))
        return np.asarray(np.exp(log_excess) - LOSS_OFFSET + self._best)


def _coordinates(X: Array) -> Array:
    log_X = np.log2(X)
    return np.column_stack([(log_X[:, 0] + 8) / 2, (log_X[:, 1] - 7.5) / 2])


@lru_cache(maxsize=4)
def _settings(path: Path) -> dict[str, tuple[float, float, list[tuple[float, float, float]]]]:
    """Runs by setting: parameters, tokens and rows of learning rate, batch size, loss."""
    settings: dict[str, tuple[float, float, list[tuple[float, float, float]]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            n_params, n_tokens = float(row["N"]), float(row["D"])
            prefix = "" if row["model"] == "dense" else f"{row['model']}_"
            name = f"{prefix}N{n_params / 1e6:.0f}M_D{n_tokens / 1e9:g}B"
            runs = settings.setdefault(name, (n_params, n_tokens, []))[2]
            runs.append((float(row["lr"]), float(row["bs"]), float(row["loss"])))
    return settings
