"""Figures that show what was transferred, named and behaving as Optuna's.

Each takes a study and returns a plotly figure. They need nothing but the storage: what the
sampler expected of a trial is stored with it, and so are the names of the sources.
"""

from __future__ import annotations

from optuna_scaleup.visualization._anytime import plot_anytime
from optuna_scaleup.visualization._drift import plot_drift
from optuna_scaleup.visualization._plotly import is_available
from optuna_scaleup.visualization._recommendation import plot_recommendation
from optuna_scaleup.visualization._surrogate import plot_surrogate
from optuna_scaleup.visualization._transfer import plot_transfer


__all__ = [
    "is_available",
    "plot_anytime",
    "plot_drift",
    "plot_recommendation",
    "plot_surrogate",
    "plot_transfer",
]
