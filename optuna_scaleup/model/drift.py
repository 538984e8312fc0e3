"""Where the optimum goes next: where it lay at every source, regressed on their sizes.

Along every axis the optimum of study ``j`` lies at ``o_j = a - slope . r_j + e_j``, where ``r_j``
are the log ratios of the target's size to the study's, ``a`` is where the power law puts the
target's optimum and ``e_j ~ N(0, tau^2)`` is what the law leaves open. The optimum of each source
is measured with its uncertainty; the joint Gaussian of slopes, ``a`` and deviations, averaged over
``tau``, predicts the motion from every source to the target, extrapolation included. Least squares
through two or three optima is harmful; this is the Bayesian regression that carries what it does
not know.

Of a single source no law can be learnt. Some axes do not move with size at all, and where nothing
is believed that stands beside the law as a second hypothesis, for the large study's trials to
decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp
from scipy.special import ndtri
from scipy.special import stdtrit

from optuna_scaleup.model.motion import MOTION_DOF
from optuna_scaleup.model.motion import Motion
from optuna_scaleup.types import Array
from optuna_scaleup.types import Scales


SLOPE_STD = 0.1  # widths of the space for one unit of log ratio, where nothing is believed
# Of the target's optimum about the middle: people centre spaces on a guess, though now and then a
# law leads out of the space, and the optimum lies at its end.
_CENTRE_STDS = np.array([0.25, 0.75])
_LOG_PRIOR_CENTRES = np.log([0.9, 0.1])
_ANYWHERE_STD = 10.0
# Student's t of this scale has the 90 % interval of a standard normal variable.
_T_SCALE = float(ndtri(0.95) / stdtrit(MOTION_DOF, 0.95))
_NEARLY = 0.1  # of the growth of sizes; what grows less, or lies farther off, counts on its own
_STEADY = 0.25  # prior probability that an axis of which nothing is believed does not move
_DOUBT = 0.2  # prior probability that a belief is worth nothing: published exponents disagree
_DEVIATIONS = np.array([0.01, 0.02, 0.04, 0.08, 0.16])  # tau, widths of the space
_LOG_PRIOR_DEVIATIONS = np.log([0.25, 0.35, 0.2, 0.12, 0.08])


class Optimum(NamedTuple):
    """Where the optimum of a source lies.

    Attributes:
        source: Position of the source.
        mean: Estimate along each axis, shape ``(d,)``, in the target's coordinates.
        var: Variance of its error, shape ``(d,)``; infinite where nothing is known.
    """

    source: int
    mean: Array
    var: Array


@dataclass(frozen=True)
class Drift:
    """How the optimum moves with size.

    Attributes:
        slope_mean: Widths of the space per unit of log ratio, shape ``(d, p)``.
        slope_cov: Its covariance, shape ``(d, p, p)``.
        motion: Predicted motion of the optimum from each source to the target, ``(n, d)``.
    """

    slope_mean: Array
    slope_cov: Array
    motion: Motion


def fit_drift(scales: Scales, optima: Sequence[Optimum]) -> Drift:
    """Slopes and predicted motions given where the optima of the sources lie.

    A source without a known size moves by the default prior, and so does every source along an
    axis of which nothing was measured and nothing is believed.

    Args:
        scales: Sizes of all sources and beliefs about the slopes.
        optima: Of sources of known size.
    """
    ratios = scales.log_ratios
    n, p = ratios.shape
    d = len(scales.slope_mean)
    is_known = scales.is_known
    drift = Drift(np.zeros((d, p)), np.zeros((d, p, p)), Motion.unknown((n, d)))
    # State: slopes, where the law puts the target's optimum, deviations of sources and target.
    law = np.hstack([-np.nan_to_num(ratios), np.ones((n, 1)), np.eye(n), np.zeros((n, 1))])
    target = np.concatenate([np.zeros(p), [1.0], np.zeros(n), [1.0]])
    is_believed = ~np.isnan(scales.slope_mean).all(axis=1)
    for axis in range(d):
        seen = [o for o in optima if np.isfinite(o.var[axis])]
        H = law[[o.source for o in seen]]
        y = np.array([o.mean[axis] for o in seen])
        noise = np.array([o.var[axis] for o in seen])
        priors = _slope_priors(scales.slope_mean[axis], scales.slope_std[axis])
        mean, cov = _posterior(priors, n + 1, H, y, noise)
        drift.slope_mean[axis], drift.slope_cov[axis] = mean[:p], cov[:p, :p]
        if not seen and not is_believed[axis]:
            continue
        motion, to_target = drift.motion, (target - law)[is_known]
        motion.mean[is_known, axis] = to_target @ mean
        motion.std[is_known, axis] = _error_scale(to_target, cov)
        if len(seen) == 1 and not is_believed[axis]:
            _, cov = _posterior([_no_slope(p)], n + 1, H, y, noise)
            motion.steady_share[is_known, axis] = _STEADY
            motion.steady_std[is_known, axis] = _error_scale(to_target, cov)
    return drift


def _error_scale(directions: Array, cov: Array) -> Array:
    """Scale of the error of the state along each direction, shape ``(m,)``."""
    return np.asarray(_T_SCALE * np.sqrt(np.einsum("ij,jk,ik->i", directions, cov, directions)))


def ladder_direction(scales: Scales) -> Array | None:
    """Growth of each size while their product grows by one unit of log ratio, along the ladder.

    Sizes that grow together cannot be told apart; what one step of the ladder does can.

    Returns:
        Shape ``(p,)``; :obj:`None` for a single size, and where sizes do not grow together.
    """
    ratios = scales.log_ratios[scales.is_known]
    if ratios.shape[1] < 2 or not np.any(ratios):
        return None
    _, spread, directions = np.linalg.svd(ratios)
    along = directions[0] * np.sign(directions[0].sum())
    across = spread[1] if len(spread) > 1 else 0.0
    if across > _NEARLY * spread[0] or along.min() <= _NEARLY * along.max():
        return None
    return np.asarray(along / along.sum())


class _SlopePrior(NamedTuple):
    """One component of an axis's prior.

    Attributes:
        mean: Shape ``(p,)``.
        std: Shape ``(p,)``.
        log_weight: Of the component.
    """

    mean: Array
    std: Array
    log_weight: float


def _slope_priors(mean: Array, std: Array) -> list[_SlopePrior]:
    """Nothing known, or a belief beside a share of nothing known, so that data may overrule it."""
    none, default = np.zeros(len(mean)), np.full(len(mean), SLOPE_STD)
    is_believed = ~np.isnan(mean) & ~np.isnan(std)
    if not is_believed.any():
        return [_SlopePrior(none, default, 0.0)]
    belief = _SlopePrior(
        np.where(is_believed, mean, none),
        np.where(is_believed, std, default),
        float(np.log1p(-_DOUBT)),
    )
    return [belief, _SlopePrior(none, default, float(np.log(_DOUBT)))]


def _no_slope(n_sizes: int) -> _SlopePrior:
    """That the optimum does not move with size."""
    return _SlopePrior(np.zeros(n_sizes), np.zeros(n_sizes), 0.0)


def _posterior(
    slope_priors: Sequence[_SlopePrior], n_deviations: int, H: Array, y: Array, noise: Array
) -> tuple[Array, Array]:
    """Mean and covariance of the state, averaged over all that is not known."""
    means, covs, log_weights = [], [], []
    for prior in slope_priors:
        *centred, anywhere = (
            [_conditioned(prior, std, tau, n_deviations, H, y, noise) for tau in _DEVIATIONS]
            for std in (*_CENTRE_STDS, _ANYWHERE_STD)
        )
        states = [state for row in centred for state in row]
        means += [state.mean for state in states]
        covs += [state.cov for state in states]
        log_share = np.ravel(_LOG_PRIOR_CENTRES[:, None] + _LOG_PRIOR_DEVIATIONS)
        log_share = log_share + [state.log_evidence for state in states]
        # Where the middle of the space is says nothing of whether a law is true.
        of_law = logsumexp(_LOG_PRIOR_DEVIATIONS + [state.log_evidence for state in anywhere])
        log_weights += list(prior.log_weight + of_law + log_share - logsumexp(log_share))
    weight = np.exp(np.array(log_weights) - logsumexp(log_weights))
    mean = np.einsum("k,ki->i", weight, means)
    gap = np.array(means) - mean
    cov = np.einsum("k,kij->ij", weight, covs) + np.einsum("k,ki,kj->ij", weight, gap, gap)
    return mean, cov


class _State(NamedTuple):
    """Posterior of slopes, the target's optimum and deviations under one prior."""

    mean: Array
    cov: Array
    log_evidence: float


def _conditioned(
    prior: _SlopePrior,
    centre_std: float,
    tau: float,
    n_deviations: int,
    H: Array,
    y: Array,
    noise: Array,
) -> _State:
    prior_mean = np.concatenate([prior.mean, [0.5], np.zeros(n_deviations)])
    S = np.diag(np.concatenate([prior.std, [centre_std], np.full(n_deviations, tau)]) ** 2)
    A = H @ S @ H.T + np.diag(noise)
    r = y - H @ prior_mean
    gain = np.linalg.solve(A, H @ S).T
    misfit = float(r @ np.linalg.solve(A, r) + np.linalg.slogdet(A)[1])
    return _State(prior_mean + gain @ r, S - gain @ H @ S, -0.5 * misfit)
