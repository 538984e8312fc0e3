"""Hyperparameter search for large studies that starts from what small studies found.

The package in the order of the data::

    types.py        frozen values that cross a border between the layers
    _optuna.py      the only file that touches private corners of Optuna
    data/           studies → arrays
    model/          arrays → posterior (numpy and scipy only)
    suggest/        posterior → next point (numpy and scipy only)
    first_trial.py  where a parameter starts that nobody has tried yet
    planner.py      studies → one joint point
    report/         what people read: recommendations and reports
    recommending.py studies → what to run next, and how sure that is
    diagnosing.py   studies → what was learnt about the sources
    sampler.py      ScaleUpSampler, Optuna's contract methods only

Imports point one way, ``types ← model ← suggest ← planner ← recommending ← sampler`` and
``types, _optuna ← data ← first_trial ← planner``.
"""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from optuna_scaleup.data.user_source import Source
from optuna_scaleup.recommending import recommend
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.interval import Odds
from optuna_scaleup.report.recommendation import Recommendation
from optuna_scaleup.report.transfer import TransferReport
from optuna_scaleup.sampler import ScaleUpSampler


__all__ = [
    "ScaleUpSampler",
    "Source",
    "recommend",
    "Recommendation",
    "Interval",
    "Odds",
    "TransferReport",
]

__version__: str

if not TYPE_CHECKING:  # for a type checker any other name is still an error

    def __getattr__(name: str) -> str:
        """``__version__``, looked up when it is asked for: that reads the file system."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return metadata.version("optuna-scaleup")
        except metadata.PackageNotFoundError:  # a clone on the path
            return "unknown"
