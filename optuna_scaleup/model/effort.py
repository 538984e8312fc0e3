"""How much work the hyperparameters of a study get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Effort:
    """How much work the hyperparameters get; the more trials, the narrower their posterior."""

    max_trials: float  # of a study to which this effort applies
    n_proposals: int  # 0: the mode only
    n_draws: int
    n_draws_no_source: int
    n_modes: int


_EFFORTS = (
    Effort(1, 256, 12, 6, 2),
    Effort(12, 1024, 48, 12, 2),
    Effort(40, 256, 12, 6, 1),
    Effort(np.inf, 0, 1, 1, 1),
)


def effort_for(n_trials: int) -> Effort:
    """The effort for a study of so many trials."""
    return next(e for e in _EFFORTS if n_trials <= e.max_trials)
