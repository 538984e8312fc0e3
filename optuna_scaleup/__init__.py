"""Hyperparameter search for large studies that starts from what small studies found.

The package in the order of the data::

    types.py        frozen values that cross a border between the layers
    _optuna.py      the only file that touches private corners of Optuna
    data/           studies → arrays
    model/          arrays → posterior (numpy and scipy only)
    suggest/        posterior → next point (numpy and scipy only)
    first_trial.py  where a parameter starts that nobody has tried yet
    sampler.py      ScaleUpSampler, Optuna's contract methods only

Imports point one way, ``types ← model ← suggest ← sampler`` and
``types, _optuna ← data ← first_trial ← sampler``.
"""

from __future__ import annotations

from optuna_scaleup.sampler import ScaleUpSampler


__all__ = ["ScaleUpSampler"]
