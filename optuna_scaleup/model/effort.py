"""How much work a study's model gets, by the number of its trials."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from enum import auto

import numpy as np


class Aim(Enum):
    """What an output is modelled for."""

    BEST = auto()  # all that matters is its best value
    FRONT = auto()  # one of several objectives, with neither constraints nor sources beside them
    LEVEL = auto()  # to be predicted: a constraint, a cost, other objectives of several


@dataclass(frozen=True)
class Effort:
    """The more trials, the narrower the hyperparameters' posterior, and the shorter the way to the
    next trial: one mode is enough then, and a kernel of all axes together, a d-th of the work.
    Beside those around the mode a search needs few draws of the prior; predictions need as many.

    From few trials what single axes do is all that can be learnt; later that hides optima for
    which several parameters have to move at once. The ends of a front lie along single axes.
    """

    max_trials: float  # of a study to which this effort applies
    n_around: int  # proposals around modes; 0: the mode only
    n_prior_search: int  # proposals of the prior where a search is the aim; else as many
    n_draws: int
    n_draws_no_source: int
    n_modes: int
    best_share: float  # of the kernel a sum over single axes, with `Aim.BEST`
    front_share: float  # the same with `Aim.FRONT`

    def n_prior(self, aim: Aim) -> int:
        """Number of proposals of the prior."""
        return self.n_around if aim is Aim.LEVEL else self.n_prior_search

    def additive_share(self, aim: Aim) -> float:
        """Share of the kernel's variance that is a sum over single axes."""
        return {Aim.BEST: self.best_share, Aim.FRONT: self.front_share}.get(aim, 0.0)


_MANY = 40
_EFFORTS = (
    Effort(1, 128, 128, 12, 6, 2, 0.5, 0.5),
    Effort(6, 512, 512, 48, 12, 2, 0.5, 0.5),
    Effort(12, 512, 512, 48, 12, 2, 0.25, 0.5),
    Effort(_MANY, 128, 32, 12, 6, 1, 0.25, 0.5),
    Effort(np.inf, 0, 0, 1, 1, 1, 0.0, 0.0),
)
_MAX_ESTIMATED = 160


def effort_for(n_measured: int, n_estimated: int = 0) -> Effort:
    """The effort for a study.

    Args:
        n_measured: Trials that ran to their end.
        n_estimated: Others, of which the value is an estimate. They take as long to compute with,
            but make up for no measured ones: with few of these the posterior stays wide.
    """
    n_trials = n_measured + n_estimated
    if n_estimated <= _MAX_ESTIMATED:
        n_trials = max(n_measured, min(n_trials, _MANY))
    return next(e for e in _EFFORTS if n_trials <= e.max_trials)
