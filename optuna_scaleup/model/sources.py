"""Small studies as parents: each one's GP, and what they say about the large study's priors."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from optuna_scaleup.model import gp
from optuna_scaleup.model.density import OFFSET_VAR
from optuna_scaleup.model.density import Density
from optuna_scaleup.model.hyperposterior import Mode
from optuna_scaleup.model.hyperposterior import find_mode
from optuna_scaleup.model.hyperposterior import laplace_evidence
from optuna_scaleup.model.hyperposterior import may_be_mode
from optuna_scaleup.model.linalg import cholesky
from optuna_scaleup.model.linalg import triangular_inverse
from optuna_scaleup.model.motion import MOTION_DOF
from optuna_scaleup.model.motion import Motion
from optuna_scaleup.model.parent import Parent
from optuna_scaleup.model.priors import Prior
from optuna_scaleup.model.priors import Spike
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.types import Array


# Prior of what lies between a source and the target.
RESIDUAL_LOG_STD = 1.0
RESIDUAL_LENGTHSCALE_LOG_STD = 0.5
SOURCE_SCALE_LOG_STD = 0.3

_SOURCE_BOWL = 0.2  # Where a source did not look, the middle of its space is the better guess.

# A suggestion must cost the same after 100 and after 10,000 source trials.
_MAX_FIT_ROWS = 128
_MAX_ROWS = 256
_N_DECIMALS = 4  # Rounded, a fit is the same whether it was made here or read as text.


@dataclass(frozen=True)
class Departure:
    """What is believed of how far a study departs from its source, beside the shift.

    Attributes:
        offset_var: Prior variance of the offset, in squared warped units.
        residual_var: Prior median of the residual's variance.
        max_lengthscale: Largest prior median of the residual's lengthscales, in widths of the
            space; smaller ones are those of the source. That a source is linear does not mean
            that what it lacks to the study is linear as well.
        is_same_level: Whether a value means the same in both, as the zero of a constraint does. Of
            an objective only the distances to the study's best count.
    """

    offset_var: float = OFFSET_VAR
    residual_var: float = 0.1
    max_lengthscale: float = np.inf
    is_same_level: bool = False


SIMILAR = Departure()


@dataclass(frozen=True)
class FittedSource:
    """A fitted small study.

    Attributes:
        parent: Its posterior.
        log_lengthscales: One per axis of the *target*, shape ``(d,)``; the prior's centre where
            the source does not know the axis.
        log_scale: Log distance from median to best in its own unit.
        best: Its best value.
        theta: The packed hyperparameters that it was fitted with, see ``density.py``.
        shift_axes: The target's axis of each shift, shape ``(n_shift,)``.
        motion: Prior of the motion of its optimum to the target's, along each of these axes.
        is_sized: Whether it is known how much smaller the study is.
    """

    parent: Parent
    log_lengthscales: Array
    log_scale: float
    best: float
    theta: Array
    shift_axes: Array
    motion: Motion
    is_sized: bool = False

    def moved(self, motion: Motion) -> FittedSource:
        """The same source, of known size, with a forecast of where the optimum went.

        Args:
            motion: From here to the target, along each axis of the target.
        """
        return replace(self, motion=motion.at(self.shift_axes), is_sized=True)


def fit_source(
    rows: Rows,
    columns: Array,
    axes: Array,
    n_axes: int,
    theta: Array | None = None,
    hyperprior: gp.Hyperprior = gp.VALUES,
) -> FittedSource:
    """Fits the GP of a small study.

    Args:
        rows: Its trials on the features it knows.
        columns: Which of the target's features these are, shape ``(D,)``.
        axes: Which of the target's axes ``rows.axis`` numbers, shape ``(rows.n_axes,)``.
        n_axes: Number of the target's axes.
        theta: :attr:`FittedSource.theta` of an earlier fit to the same rows; one that cannot be is
            ignored.
        hyperprior: Of its GP.
    """
    log_scale = rows.log_scale
    fit_density = _density(rows.representative(_MAX_FIT_ROWS), log_scale, hyperprior)
    if theta is None or not may_be_mode(fit_density, theta):
        theta = find_mode(fit_density, fit_density.prior.start).theta.round(_N_DECIMALS)
    rows = rows.representative(_MAX_ROWS)
    density = _density(rows, log_scale, hyperprior)
    t = density.unpack(theta[None])
    v, z = density.warped(t)
    inverse = density.inverse_lengthscales(t)[0]
    scaled = rows.features * inverse
    amplitude_var, noise_var = float(np.exp(t.log_amplitude_var[0])), density.noise(t, v)[0]
    K = amplitude_var * density.kernel(scaled, scaled) + OFFSET_VAR
    L_inv = triangular_inverse(cholesky(K + np.diag(noise_var)))
    parent = Parent(
        columns=columns,
        shiftable=rows.shiftable,
        kernel=density.kernel,
        scaled=scaled,
        inverse_lengthscales=inverse,
        amplitude_var=amplitude_var,
        offset_var=OFFSET_VAR,
        noise_var=noise_var,
        L_inv=L_inv,
        alpha=L_inv.T @ (L_inv @ (z[0] - density.prior_mean)),
        bowl=density.bowl_weight,
    )
    log_lengthscales = gp.gp_prior(n_axes, 0.0, hyperprior).loc[:n_axes].copy()
    log_lengthscales[axes] = t.log_lengthscales[0]
    return FittedSource(
        parent=parent,
        log_lengthscales=log_lengthscales,
        log_scale=float(t.log_scale[0]),
        best=density.anchor,
        theta=theta,
        shift_axes=axes[rows.axis[rows.shiftable]],
        motion=Motion.unknown((parent.n_shift,)),
    )


def source_evidence(rows: Rows, theta: Array, hyperprior: gp.Hyperprior) -> float:
    """Log marginal likelihood of a small study's trials, of its own GP.

    Args:
        rows: Its trials on the features it knows.
        theta: :attr:`FittedSource.theta` of the fit to them.
        hyperprior: Of its GP.
    """
    density = _density(rows.representative(_MAX_FIT_ROWS), rows.log_scale, hyperprior)
    value, _ = density.value_and_grad(theta[None], with_grad=False)
    return laplace_evidence(density, Mode(theta, float(value[0])))


def _density(rows: Rows, log_scale: float, hyperprior: gp.Hyperprior) -> Density:
    return gp.gp_density(rows, log_scale, hyperprior, bowl_weight=_SOURCE_BOWL)


def transfer_density(
    rows: Rows,
    source: FittedSource,
    hyperprior: gp.Hyperprior = gp.VALUES,
    departure: Departure = SIMILAR,
    additive_share: float = 0.0,
) -> Density:
    """Log posterior of the hyperparameters of a study whose prior is a source's posterior."""
    n_shift, motion = source.parent.n_shift, source.motion
    log_scale, scale_log_std = gp.scale_belief(
        rows, hyperprior, source.log_scale, SOURCE_SCALE_LOG_STD
    )
    tail = [np.log(departure.residual_var), np.log(hyperprior.noise_var), log_scale]
    log_lengthscales = np.minimum(source.log_lengthscales, np.log(departure.max_lengthscale))
    # The target looks up what its optimum came from: minus the motion.
    loc = np.concatenate([-motion.mean, log_lengthscales, tail])
    prior = Prior(
        loc=loc,
        scale=np.concatenate(
            [
                motion.std,
                np.full(rows.n_axes, RESIDUAL_LENGTHSCALE_LOG_STD),
                [RESIDUAL_LOG_STD, hyperprior.noise_log_std, scale_log_std],
            ]
        ),
        dof=np.concatenate(
            [np.full(n_shift, MOTION_DOF), np.full(rows.n_axes + 2, np.inf), [gp.SCALE_DOF]]
        ),
        start=gp.search_start(loc, hyperprior),
        spike=Spike(motion.steady_share, motion.steady_std),
    )
    return Density(
        rows,
        prior,
        parent=source.parent,
        anchor=source.best,
        is_anchored=departure.is_same_level,
        offset_var=departure.offset_var,
        additive_share=additive_share,
        warp=hyperprior.warp,
    )
