"""Draws from the posterior of a GP's hyperparameters: prior draws plus Laplace, reweighted.

A point estimate from a handful of trials is overconfident. The draws come from a mixture of the
prior (quasi-random) and normal approximations at the modes (Laplace); importance weights with the
mixture's density in the denominator (Veach & Guibas, 1995) and truncation (Ionides, 2008) correct
for what the approximations miss, and their mean estimates the evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.special import ndtri

from optuna_scaleup.model.density import Density
from optuna_scaleup.types import Array


_BOUND_STDS = 8.0
_MAX_ITER = 60
_RTOL = 1e-5
_RTOL_TO_REWEIGH = 1e-4  # where importance weights repair what the mode misses
_LOG_2PI = float(np.log(2.0 * np.pi))
_MAX_BATCH_ENTRIES = 4_000_000
# How far beyond the bounds, and how much worse than the mode, a rounded mode may be.
_ROUNDING_STEP, _ROUNDING_LOSS = 1e-4, 1e-2
_INFLATION = 1.25  # Laplace covariances are a little too narrow; the weights repair the excess.


@dataclass(frozen=True)
class Draws:
    """Weighted draws of packed hyperparameters.

    Attributes:
        theta: Shape ``(K, p)``.
        log_weight: Normalised, shape ``(K,)``.
        log_evidence: Estimated log marginal likelihood of the model.
    """

    theta: Array
    log_weight: Array
    log_evidence: float


@dataclass(frozen=True)
class Mode:
    """A maximum of a density and its logarithm there."""

    theta: Array  # (p,)
    value: float


def find_mode(density: Density, start: Array, rtol: float = _RTOL) -> Mode:
    """Maximum a posteriori hyperparameters by L-BFGS-B from ``start``, shape ``(p,)``."""
    loc, scale = density.prior.loc, density.prior.scale

    def loss(u: Array) -> tuple[float, Array]:
        try:
            value, grad = density.value_and_grad((loc + scale * u)[None])
        except np.linalg.LinAlgError:
            return 1e25, np.zeros_like(u)
        return -float(value[0]), -grad[0] * scale

    result = minimize(
        loss,
        (start - loc) / scale,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_BOUND_STDS, _BOUND_STDS)] * len(start),
        options={"maxiter": _MAX_ITER, "ftol": rtol, "gtol": 1e-2},
    )
    return Mode(loc + scale * result.x, -float(result.fun))


def may_be_mode(density: Density, theta: Array) -> bool:
    """Whether ``theta`` may be a mode: within the bounds, no worse than the prior's centre.

    Two evaluations of the density instead of a search, to tell what fits these data from what does
    not.
    """
    loc, scale = density.prior.loc, density.prior.scale
    if theta.shape != loc.shape:
        return False
    if not np.all(np.abs(theta - loc) <= _BOUND_STDS * scale + _ROUNDING_STEP):
        return False
    try:
        value, start = _values(density, np.stack([theta, loc]))
    except np.linalg.LinAlgError:
        return False
    return bool(value >= start - _ROUNDING_LOSS)


def laplace_factor(density: Density, mode: Mode) -> Array:
    """Square root of the Laplace covariance at ``mode``, inflated, shape ``(p, p)``.

    The symmetric one in units of the prior: it is the same whatever signs the eigenvectors have,
    and whichever of them stand for equal eigenvalues, both of which rounding decides.
    """
    p = len(mode.theta)
    step = 0.02 * density.prior.scale
    around = np.concatenate([mode.theta + np.diag(step), mode.theta[None]])
    grad = np.concatenate([density.value_and_grad(c)[1] for c in _chunks(density, around)])
    hessian = (grad[:p] - grad[p:]) / step[:, None]
    scale = density.prior.scale
    precision = -0.5 * (hessian + hessian.T) * scale[:, None] * scale[None, :]
    eigenvalue, vector = np.linalg.eigh(precision)
    std = np.sqrt(_INFLATION / np.maximum(eigenvalue, 0.3))
    return np.asarray(scale[:, None] * ((vector * std) @ vector.T))


def mode_only(density: Density) -> Draws:
    """The mode as the only draw, with Laplace's evidence: for studies with many trials."""
    mode = find_mode(density, _start(density))
    return Draws(mode.theta[None], np.zeros(1), laplace_evidence(density, mode))


def laplace_evidence(density: Density, mode: Mode) -> float:
    """Log marginal likelihood of the model by Laplace's approximation at ``mode``."""
    log_det = np.linalg.slogdet(laplace_factor(density, mode))[1]
    log_volume = float(log_det) + 0.5 * len(mode.theta) * (_LOG_2PI - np.log(_INFLATION))
    return float(mode.value + log_volume)


def draw(
    density: Density,
    sobol: Array,
    n_draws: int,
    n_modes: int = 2,
    n_prior: int | None = None,
) -> Draws:
    """Draws ``n_draws`` weighted settings of the hyperparameters.

    Args:
        density: The posterior.
        sobol: Points of the open unit cube, shape ``(N, p)``; the first ones serve the prior.
        n_draws: How many draws to keep.
        n_modes: From how many starts to look for modes.
        n_prior: How many points serve the prior; half of them if :obj:`None`.
    """
    n_prior = len(sobol) // 2 if n_prior is None else n_prior
    prior_theta = density.prior.quantile(sobol[:n_prior])
    prior_value = _values(density, prior_theta)
    if density.n_trials < 2:
        return _resample(
            prior_theta, prior_value - density.prior.log_density(prior_theta), n_draws
        )
    modes = _find_modes(density, prior_theta[np.argsort(-prior_value)], n_modes)
    factors = [laplace_factor(density, mode) for mode in modes]
    normal = ndtri(sobol[n_prior:])
    owner = np.arange(len(normal)) % len(modes)
    laplace_theta = np.stack(
        [modes[k].theta + factors[k] @ e for k, e in zip(owner, normal, strict=True)]
    )
    laplace_value = _values(density, laplace_theta)
    theta = np.concatenate([prior_theta, laplace_theta])
    value = np.concatenate([prior_value, laplace_value])
    components = [density.prior.log_density(theta)]
    components += [_log_normal(theta, m.theta, f) for m, f in zip(modes, factors, strict=True)]
    prior_share = n_prior / len(sobol)
    share = np.array([prior_share, *[(1.0 - prior_share) / len(modes)] * len(modes)])
    log_proposal = logsumexp(np.stack(components), axis=0, b=share[:, None])
    return _resample(theta, value - log_proposal, n_draws)


def _chunks(density: Density, theta: Array) -> list[Array]:
    """Splits a batch so that its intermediate arrays stay small."""
    rows, features = density.rows.features.shape
    size = max(1, _MAX_BATCH_ENTRIES // max(1, rows * max(rows, features)))
    return [theta[i : i + size] for i in range(0, len(theta), size)]


def _values(density: Density, theta: Array) -> Array:
    """Log densities of a batch of any size, shape ``(B,)``."""
    chunks = _chunks(density, theta)
    return np.concatenate([density.value_and_grad(c, with_grad=False)[0] for c in chunks])


def _find_modes(density: Density, candidates: Array, n_modes: int) -> list[Mode]:
    """Modes from the prior's start and from the best candidates far from those found."""
    scale = density.prior.scale
    modes = [find_mode(density, _start(density), _RTOL_TO_REWEIGH)]
    for _ in range(n_modes - 1):
        gap = [np.linalg.norm((candidates - m.theta) / scale, axis=1) for m in modes]
        far = candidates[np.min(gap, axis=0) > 0.5 * np.sqrt(len(scale))]
        if len(far):
            modes.append(find_mode(density, far[0], _RTOL_TO_REWEIGH))
    return _distinct(modes, scale)


def _start(density: Density) -> Array:
    """Where the search for a mode begins: off the spike of the prior or in it."""
    starts = density.prior.starts
    best = int(np.argmax(_values(density, starts))) if len(starts) > 1 else 0
    return np.asarray(starts[best])


def _distinct(modes: list[Mode], scale: Array) -> list[Mode]:
    modes = sorted(modes, key=lambda m: -m.value)
    kept = [modes[0]]
    for mode in modes[1:]:
        far = all(np.abs((mode.theta - k.theta) / scale).max() > 0.3 for k in kept)
        if far and mode.value > modes[0].value - 8.0:
            kept.append(mode)
    return kept


def _log_normal(theta: Array, mean: Array, factor: Array) -> Array:
    white = np.linalg.solve(factor, (theta - mean).T)
    log_det = np.linalg.slogdet(factor)[1]
    return np.asarray(-0.5 * (white**2).sum(0) - log_det - 0.5 * len(mean) * _LOG_2PI)


def _resample(theta: Array, log_weight: Array, n_draws: int) -> Draws:
    """Truncates the weights, then keeps ``n_draws``."""
    log_evidence = float(logsumexp(log_weight) - np.log(len(log_weight)))
    ceiling = log_evidence + 0.5 * np.log(len(log_weight))
    truncated = np.minimum(log_weight, ceiling)
    return thinned(Draws(theta, truncated - logsumexp(truncated), log_evidence), n_draws)


def either(one: Draws, other: Draws, prior_other: float, n_draws: int) -> Draws:
    """At most ``n_draws`` of a model that is one of two.

    Args:
        one: Draws of the first.
        other: Draws of the second, of as many hyperparameters.
        prior_other: Prior probability of the second.
        n_draws: How many draws to keep.
    """
    evidence = one.log_evidence + np.log1p(-prior_other), other.log_evidence + np.log(prior_other)
    total = float(np.logaddexp(*evidence))
    log_weight = np.concatenate(
        [d.log_weight + e - total for d, e in zip((one, other), evidence, strict=True)]
    )
    return thinned(Draws(np.concatenate([one.theta, other.theta]), log_weight, total), n_draws)


def thinned(draws: Draws, n_draws: int) -> Draws:
    """At most ``n_draws`` that stand for all, by systematic resampling; repeats are merged."""
    cumulative = np.cumsum(np.exp(draws.log_weight))
    picks = np.searchsorted(cumulative, (np.arange(n_draws) + 0.5) / n_draws)
    kept, counts = np.unique(np.minimum(picks, len(cumulative) - 1), return_counts=True)
    return Draws(draws.theta[kept], np.log(counts / n_draws), draws.log_evidence)
