"""What stopped trials would have reached, from the learning curves of finished ones.

At the step where a trial stopped, finished trials have a report ``r`` and a final value ``f``.
Both are standardised and warped as a study's values are (:mod:`~optuna_scaleup.model.warp`: one is
the best, zero the median, the bad tail is logarithmic), so that neither the scale of the reports
nor a diverged run matters. There the final is taken as linear in the report,

    f = a + b r + e,        e ~ N(0, sigma^2),

with the conjugate normal-inverse-gamma prior of ``(a, b, sigma^2)``. The prediction is Student's t
in closed form (Murphy, Machine Learning: A Probabilistic Perspective, 2012, section 7.6.3): it
widens where a report lies outside those of finished trials, and where reports say nothing it
returns to what finished trials reach. Curves of smaller studies inform slope and noise, not level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optuna_scaleup.model import warp
from optuna_scaleup.types import Array


MIN_CURVES = 3
"""Fewer finished trials have neither a median nor a scale to speak of."""

# The prior, chosen on curves of lcbench tasks stopped by four pruners; for sigma^2 = noise_var the
# two variances are those of slope and intercept.
_FIRST_SLOPE, _LAST_SLOPE = 0.4, 1.0
_FIRST_NOISE_VAR, _LAST_NOISE_VAR = 0.8, 0.01
_SLOPE_VAR = 0.2
_INTERCEPT_VAR = 1.0
_NOISE_DOF = 3.0

# All sources together count as so many finished trials of the study itself.
_SOURCE_WEIGHT = 1.0
_WORST, _BEST = -100.0, 2.0  # standardised reports beyond these say no more
_LARGEST = float(np.finfo(float).max)


@dataclass(frozen=True)
class Curves:
    """Finished trials of one study that had a report at the step in question.

    Attributes:
        reports: Value at the step, shape ``(n,)``, larger is better, not ``NaN``.
        finals: Final value, shape ``(n,)``, larger is better, finite.
    """

    reports: Array
    finals: Array

    @property
    def is_usable(self) -> bool:
        return len(self.finals) >= MIN_CURVES and bool(np.isfinite(self.reports).any())


@dataclass(frozen=True)
class RegressionPrior:
    """Normal-inverse-gamma prior of a regression on a constant and one feature.

    Attributes:
        coef: Mean of intercept and slope, shape ``(2,)``.
        precision: Of intercept and slope, in units of one over the noise variance, shape ``(2,)``.
        noise_var: Scale of the noise variance.
        dof: Its degrees of freedom.
    """

    coef: Array
    precision: Array
    noise_var: float
    dof: float

    @classmethod
    def at(cls, share: float) -> RegressionPrior:
        """Prior at a share of the training: a last report is nearly the final value."""
        slope = _FIRST_SLOPE + (_LAST_SLOPE - _FIRST_SLOPE) * share
        noise_var = _FIRST_NOISE_VAR * (_LAST_NOISE_VAR / _FIRST_NOISE_VAR) ** share
        precision = noise_var / np.array([_INTERCEPT_VAR, _SLOPE_VAR])
        return cls(np.array([0.0, slope]), precision, noise_var, _NOISE_DOF)


def estimate(
    own: Curves, sources: Sequence[Curves], reports: Array, share: float
) -> tuple[Array, Array]:
    """Mean and variance of the finals that belong to some reports.

    Args:
        own: Finished trials of the study itself; has to be usable.
        sources: Finished trials of other studies at the same share of their curves.
        reports: Last reports of the stopped trials, shape ``(q,)``.
        share: How much of a whole training they had, in [0, 1].

    Returns:
        Means, shape ``(q,)``, at most the best final, and variances, shape ``(q,)``, in the unit
        of the finals and its square.
    """
    by_report, by_final = _Standard.of(own.reports), _Standard.of(own.finals)
    studies = [(_with_ones(by_report(own.reports)), by_final(own.finals), 1.0)]
    usable = [source for source in sources if source.is_usable]
    n_source = sum(len(source.finals) for source in usable)
    for source in usable:
        x = _Standard.of(source.reports)(source.reports)
        z = _Standard.of(source.finals)(source.finals)
        # Centred, which is as good as an intercept of the source's own.
        centred = np.column_stack([np.zeros(len(x)), x - x.mean()])
        studies.append((centred, z - z.mean(), _SOURCE_WEIGHT / n_source))
    regression = Regression.fit(
        np.concatenate([X for X, _, _ in studies]),
        np.concatenate([z for _, z, _ in studies]),
        np.concatenate([np.full(len(z), weight) for _, z, weight in studies]),
        RegressionPrior.at(share),
    )
    mean, var = regression.predict(_with_ones(by_report(reports)))
    v = np.minimum(warp.unwarp(mean), 1.0)
    with np.errstate(over="ignore"):
        value = by_final.best + by_final.scale * (v - 1.0)
        noise_var = var * (by_final.scale * np.exp(-warp.log_slope(v))) ** 2
    return np.clip(value, -_LARGEST, _LARGEST), np.minimum(noise_var, _LARGEST)


@dataclass(frozen=True)
class _Standard:
    """Standardises and warps the values of one column."""

    best: float
    scale: float

    @classmethod
    def of(cls, values: Array) -> _Standard:
        finite = values[np.isfinite(values)]
        return cls(float(finite.max()), min(warp.robust_scale(finite), _LARGEST))

    def __call__(self, values: Array) -> Array:
        with np.errstate(over="ignore"):
            v = 1.0 + (values - self.best) / self.scale
        return warp.warp(np.clip(v, _WORST, _BEST))


@dataclass(frozen=True)
class Regression:
    """Posterior of a Bayesian linear regression with unknown noise, on two features.

    Attributes:
        coef: Posterior mean of intercept and slope, shape ``(2,)``.
        cov: Their posterior covariance in units of the noise variance, shape ``(2, 2)``.
        noise_var: Scale of the posterior of the noise variance.
        dof: Its degrees of freedom.
    """

    coef: Array
    cov: Array
    noise_var: float
    dof: float

    @classmethod
    def fit(cls, X: Array, z: Array, weights: Array, prior: RegressionPrior) -> Regression:
        """Fits rows ``X``, shape ``(n, 2)``, to ``z``, shape ``(n,)``.

        Args:
            X: One and the report; zero and the centred report for a source.
            z: Finals.
            weights: How many observations each row counts as, shape ``(n,)``.
            prior: What is believed without any row.
        """
        cov = np.linalg.inv(np.diag(prior.precision) + X.T @ (weights[:, None] * X))
        coef = cov @ (prior.precision * prior.coef + X.T @ (weights * z))
        squares = float(weights @ (z - X @ coef) ** 2)
        squares += float(prior.precision @ (coef - prior.coef) ** 2)
        dof = prior.dof + float(weights.sum())
        return cls(coef, cov, (prior.dof * prior.noise_var + squares) / dof, dof)

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Mean and variance of new observations at rows ``X``, shape ``(q, 2)``."""
        spread = 1.0 + np.einsum("nf,fg,ng->n", X, self.cov, X)
        return X @ self.coef, self.noise_var * spread * self.dof / (self.dof - 2.0)


def _with_ones(x: Array) -> Array:
    return np.column_stack([np.ones(len(x)), x])
