"""Gaussian process of one study without a parent: the priors of its hyperparameters."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.model.density import Density
from optuna_scaleup.model.priors import Prior
from optuna_scaleup.model.rows import Rows


# Units: lengthscales in widths of the space, variances in squared distances median to best.
LENGTHSCALE = 0.5  # times sqrt(n_dims): the typical distance grows with it (Hvarfner et al., 2024)
LENGTHSCALE_LOG_STD = 0.7
AMPLITUDE_VAR = 2.5
AMPLITUDE_LOG_STD = 1.0
NOISE_VAR = 1e-4
NOISE_LOG_STD = 2.0
PINNED_NOISE_VAR = 1e-6
PINNED_LOG_STD = 1e-3
SCALE_LOG_STD = 0.25
SCALE_DOF = 3.0  # heavy tails: the metric's unit may differ between studies
BOWL = 0.05  # People centre their spaces on a good guess, but optima lie in corners as well.


def noise_prior(deterministic: bool) -> tuple[float, float]:
    """Location and scale of ``log noise_var``."""
    if deterministic:
        return float(np.log(PINNED_NOISE_VAR)), PINNED_LOG_STD
    return float(np.log(NOISE_VAR)), NOISE_LOG_STD


def gp_prior(n_axes: int, log_scale: float, deterministic: bool = False) -> Prior:
    """Prior of a GP without a parent; ``log_scale`` centres the distance median to best."""
    log_noise, noise_std = noise_prior(deterministic)
    log_lengthscale = np.log(LENGTHSCALE * np.sqrt(max(n_axes, 1)))
    return Prior(
        loc=np.array([*[log_lengthscale] * n_axes, np.log(AMPLITUDE_VAR), log_noise, log_scale]),
        scale=np.array(
            [*[LENGTHSCALE_LOG_STD] * n_axes, AMPLITUDE_LOG_STD, noise_std, SCALE_LOG_STD]
        ),
        dof=np.array([*[np.inf] * (n_axes + 2), SCALE_DOF]),
    )


def gp_density(
    rows: Rows,
    log_scale: float,
    deterministic: bool = False,
    anchor: float = 0.0,
    bowl_weight: float = BOWL,
    additive_share: float = 0.0,
    is_smooth: bool = False,
) -> Density:
    """Log posterior of the hyperparameters of a GP without a parent."""
    return Density(
        rows,
        gp_prior(rows.n_axes, log_scale, deterministic),
        bowl_weight=bowl_weight,
        anchor=anchor,
        additive_share=additive_share,
        is_smooth=is_smooth,
    )
