"""What the sampler knows, shown in optuna-dashboard: notes and figures, updated in place."""

from __future__ import annotations

from optuna_scaleup.dashboard._publish import DashboardCallback
from optuna_scaleup.dashboard._publish import publish


__all__ = ["DashboardCallback", "publish"]
