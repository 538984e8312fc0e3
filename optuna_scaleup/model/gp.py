"""Gaussian process of one study without a parent: the priors of its hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from optuna_scaleup.model.density import Density
from optuna_scaleup.model.priors import Prior
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.warp import TAILED
from optuna_scaleup.model.warp import OutcomeWarp
from optuna_scaleup.types import Array
from optuna_scaleup.types import ValueKind


_KNOWN_LOG_STD = 1e-3


class Datum(NamedTuple):
    """What the values of every study are measured from, and in which unit."""

    best: float
    scale: float


@dataclass(frozen=True)
class Hyperprior:
    """Medians, and standard deviations of the logarithm, of a GP's hyperparameters.

    Attributes:
        lengthscale: In widths of the space, times ``sqrt(n_dims)``: the typical distance grows
            with it (Hvarfner et al., 2024).
        lengthscale_log_std: How sure that is, of each axis.
        amplitude_var: In squared distances median to best, like the noise.
        amplitude_log_std: How sure that is.
        noise_var: Noise variance.
        noise_log_std: How sure that is.
        noise_start: How many of these standard deviations above the median a search for the mode
            begins. What short lengthscales explain, noise may explain better: from little noise
            a search seldom finds that, from much it finds either.
        warp: The outcome warp.
        datum: What counts for each study's best value and its distance to the median as long as
            all its values are the same, if that is known.
    """

    lengthscale: float = 0.5
    lengthscale_log_std: float = 0.7
    amplitude_var: float = 2.5
    amplitude_log_std: float = 1.0
    noise_var: float = 1e-4
    noise_log_std: float = 2.0
    noise_start: float = 0.0
    warp: OutcomeWarp = TAILED
    datum: Datum | None = None

    def datum_for(self, rows: Rows) -> Datum | None:
        """The datum, if the trials do not tell it themselves."""
        return self.datum if len(rows.y) and np.ptp(rows.y) == 0.0 else None

    def noise_free(self) -> Hyperprior:
        """The same of values without noise."""
        return replace(self, noise_var=1e-6, noise_log_std=_KNOWN_LOG_STD)


VALUES = Hyperprior()
# For what is told to people. Suggestions are better if values are taken at their word for longer.
PERHAPS_NOISY_VALUES = Hyperprior(noise_log_std=3.5, noise_start=2.0)
# Where the best is sought, all depends on a few trials close to it, and a narrow prior helps. But
# constraints and trade-offs are often smooth functions of some parameters only, linear ones even,
# and known far from any trial then.
TAILED_LEVELS = Hyperprior(lengthscale_log_std=1.2, amplitude_log_std=2.0)
LEVELS = replace(TAILED_LEVELS, warp=OutcomeWarp(is_linear=True))
# Of two classes one apart. Without noise the step from one to the other would need a lengthscale
# as short as the gap between two trials, and nothing would be known elsewhere. While all trials
# are of one class, only the datum tells which of the two.
CLASSES = Hyperprior(
    lengthscale=1.0,
    amplitude_var=0.5,
    amplitude_log_std=0.5,
    noise_var=0.05,
    noise_log_std=0.5,
    datum=Datum(best=0.5, scale=1.0),
)
HYPERPRIORS = {
    ValueKind.SOUGHT: VALUES,
    ValueKind.LEVEL: LEVELS,
    ValueKind.TAILED_LEVEL: TAILED_LEVELS,
    ValueKind.CLASS: CLASSES,
}
SCALE_LOG_STD = 0.25
SCALE_DOF = 3.0  # heavy tails: the metric's unit may differ between studies
BOWL = 0.05  # People centre their spaces on a good guess, but optima lie in corners as well.


def gp_prior(
    n_axes: int,
    log_scale: float,
    hyperprior: Hyperprior = VALUES,
    scale_log_std: float = SCALE_LOG_STD,
) -> Prior:
    """Prior of a GP without a parent; ``log_scale`` centres the distance median to best."""
    log_lengthscale = np.log(hyperprior.lengthscale * np.sqrt(max(n_axes, 1)))
    tail = [np.log(hyperprior.amplitude_var), np.log(hyperprior.noise_var), log_scale]
    tail_std = [hyperprior.amplitude_log_std, hyperprior.noise_log_std, scale_log_std]
    loc = np.array([*[log_lengthscale] * n_axes, *tail])
    return Prior(
        loc=loc,
        scale=np.array([*[hyperprior.lengthscale_log_std] * n_axes, *tail_std]),
        dof=np.array([*[np.inf] * (n_axes + 2), SCALE_DOF]),
        start=search_start(loc, hyperprior),
    )


def scale_belief(
    rows: Rows, hyperprior: Hyperprior, log_scale: float, log_std: float
) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of the scale: as given, or by the datum."""
    datum = hyperprior.datum_for(rows)
    return (log_scale, log_std) if datum is None else (float(np.log(datum.scale)), _KNOWN_LOG_STD)


def search_start(loc: Array, hyperprior: Hyperprior) -> Array:
    """Where a search for the mode begins if ``loc``, shape ``(p,)``, is the prior's centre."""
    start = loc.copy()
    start[-2] += hyperprior.noise_start * hyperprior.noise_log_std
    return start


def gp_density(
    rows: Rows,
    log_scale: float,
    hyperprior: Hyperprior = VALUES,
    anchor: float = 0.0,
    bowl_weight: float = BOWL,
    additive_share: float = 0.0,
    is_smooth: bool = False,
) -> Density:
    """Log posterior of the hyperparameters of a GP without a parent."""
    datum = hyperprior.datum_for(rows)
    log_scale, scale_log_std = scale_belief(rows, hyperprior, log_scale, SCALE_LOG_STD)
    return Density(
        rows,
        gp_prior(rows.n_axes, log_scale, hyperprior, scale_log_std),
        bowl_weight=bowl_weight,
        anchor=anchor if datum is None else datum.best,
        is_anchored=datum is not None,
        additive_share=additive_share,
        is_smooth=is_smooth,
        warp=hyperprior.warp,
    )
