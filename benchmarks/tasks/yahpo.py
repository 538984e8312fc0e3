"""YAHPO Gym surrogates (lcbench, rbv2_xgboost, rbv2_rpart) through ONNX Runtime, one thread."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from benchmarks.tasks.task import Array
from benchmarks.tasks.task import Params
from benchmarks.tasks.task import Surface
from benchmarks.tasks.task import Task
from benchmarks.tasks.task import task_of


INACTIVE = "#na#"
INSTANCE_NAMES = {
    "lcbench": "OpenML_task_id",
    "rbv2_xgboost": "task_id",
    "rbv2_rpart": "task_id",
}
# The models' input columns, in order: categorical, then continuous (not alphabetical).
CATEGORICAL = {
    "lcbench": ("OpenML_task_id",),
    "rbv2_xgboost": ("task_id", "booster", "num.impute.selected.cpo"),
    "rbv2_rpart": ("task_id", "num.impute.selected.cpo"),
}
CONTINUOUS = {
    "lcbench": (
        "epoch",
        "batch_size",
        "learning_rate",
        "momentum",
        "weight_decay",
        "num_layers",
        "max_units",
        "max_dropout",
    ),
    "rbv2_xgboost": (
        "nrounds",
        "eta",
        "gamma",
        "lambda",
        "alpha",
        "subsample",
        "max_depth",
        "min_child_weight",
        "colsample_bytree",
        "colsample_bylevel",
        "rate_drop",
        "skip_drop",
        "trainsize",
        "repl",
    ),
    "rbv2_rpart": ("cp", "maxdepth", "minbucket", "minsplit", "trainsize", "repl"),
}
SECONDS = {"lcbench": "time", "rbv2_xgboost": "timetrain", "rbv2_rpart": "timetrain"}
_RBV2_OUTPUTS = (
    "acc", "bac", "auc", "brier", "f1", "logloss", "timetrain", "timepredict", "memory",
)  # fmt: skip
OUTPUTS = {
    "lcbench": (
        "time",
        "val_accuracy",
        "val_cross_entropy",
        "val_balanced_accuracy",
        "test_cross_entropy",
        "test_balanced_accuracy",
    ),
    "rbv2_xgboost": _RBV2_OUTPUTS,
    "rbv2_rpart": _RBV2_OUTPUTS,
}


def build_task(spec: Mapping[str, Any], data_dir: Path) -> Task:
    """Builds the task of one entry of ``tasks.json``."""
    family, metric = spec["family"], spec["metric"]
    target = build_surface(family, spec["target"], metric, data_dir)
    sources = [build_surface(family, s, metric, data_dir) for s in spec["sources"]]
    return task_of(spec, target, sources, spec["direction"], spec["median"])


def build_surface(family: str, setting: Mapping[str, Any], metric: str, data_dir: Path) -> Surface:
    """The surrogate of one instance with some inputs fixed; everything active else is tuned."""
    surrogate = load_surrogate(data_dir / "yahpo" / family)
    fixed = {INSTANCE_NAMES[family]: setting["instance"], **setting["fixed"]}
    search_space = {
        name: _distribution(entry)
        for name, entry in surrogate.hyperparameters.items()
        if name not in fixed and surrogate.is_active(name, fixed)
    }
    fixed_text = ", ".join(f"{k}={v}" for k, v in setting["fixed"].items())
    i_output = OUTPUTS[family].index(metric)
    has_epochs = "epoch" in fixed
    return Surface(
        name=f"{family} {setting['instance']} ({fixed_text})",
        search_space=search_space,
        evaluate_many=_Output(surrogate, fixed, i_output),
        curves_many=_Curves(surrogate, fixed, i_output) if has_epochs else None,
        cost_many=_Output(surrogate, fixed, OUTPUTS[family].index(SECONDS[family])),
    )


class Surrogate:
    """One ONNX model with its configuration space and categorical encoding.

    Conditions of these spaces depend on fixed inputs only (the booster), never on tuned ones.
    """

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        space = json.loads((folder / "config_space.json").read_text())
        self._encoding = json.loads((folder / "encoding.json").read_text())
        self.hyperparameters = {entry["name"]: entry for entry in space["hyperparameters"]}
        self._conditions = {
            c["child"]: (c["parent"], c["values"] if c["type"] == "IN" else [c["value"]])
            for c in space["conditions"]
        }
        self._categorical = CATEGORICAL[folder.name]
        self._continuous = CONTINUOUS[folder.name]

    def is_active(self, name: str, params: Params) -> bool:
        """Whether the hyperparameter's condition, if any, holds."""
        if name not in self._conditions:
            return True
        parent, values = self._conditions[name]
        return params.get(parent) in values

    def predict(self, params: Sequence[Params]) -> Array:
        """All outputs of complete configurations, shape ``(n, n_outputs)``."""
        x_cat = [
            [self._encoding[n][str(p.get(n, INACTIVE))] for n in self._categorical] for p in params
        ]
        x_cont = [[float(p.get(n, 0.0)) for n in self._continuous] for p in params]
        inputs = {
            "x_cat": np.array(x_cat, dtype=np.int32),
            "x_cont": np.array(x_cont, dtype=np.float32),
        }
        return np.asarray(self._session.run(["output"], inputs)[0], dtype=float)


class _Output:
    """One output of the surrogate with some inputs fixed."""

    def __init__(self, surrogate: Surrogate, fixed: Params, i_output: int) -> None:
        self._surrogate = surrogate
        self._fixed = dict(fixed)
        self._i_output = i_output

    def __call__(self, params: Sequence[Params]) -> Array:
        return np.asarray(
            self._surrogate.predict([{**p, **self._fixed} for p in params])[:, self._i_output]
        )


class _Curves:
    """One output of the surrogate after each epoch up to the fixed one."""

    def __init__(self, surrogate: Surrogate, fixed: Params, i_output: int) -> None:
        self._metrics = [
            _Output(surrogate, {**fixed, "epoch": epoch}, i_output)
            for epoch in range(1, int(fixed["epoch"]) + 1)
        ]

    def __call__(self, params: Sequence[Params]) -> Array:
        return np.column_stack([metric(params) for metric in self._metrics])


@lru_cache(maxsize=8)
def load_surrogate(folder: Path) -> Surrogate:
    """Loads a surrogate once a process."""
    return Surrogate(folder)


def _distribution(entry: Mapping[str, Any]) -> BaseDistribution:
    if entry["type"] == "categorical":
        return CategoricalDistribution(entry["choices"])
    if entry["type"] == "uniform_int":
        return IntDistribution(entry["lower"], entry["upper"], log=entry["log"])
    return FloatDistribution(entry["lower"], entry["upper"], log=entry["log"])
