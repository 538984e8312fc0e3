"""What trials say about one source: how far its optimum moved, how well it ranks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np
from scipy.special import betaincinv

from optuna_scaleup.model.density import Density
from optuna_scaleup.model.drift import Optimum
from optuna_scaleup.model.gp import VALUES
from optuna_scaleup.model.gp import Hyperprior
from optuna_scaleup.model.hyperposterior import draw
from optuna_scaleup.model.motion import Motion
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import FittedSource
from optuna_scaleup.model.sources import transfer_density
from optuna_scaleup.types import Array
from optuna_scaleup.types import QuasiRandom


_N_PROPOSALS = 256
_N_DRAWS = 64
_MAX_ROWS = 30  # each is left out once
_PLAUSIBLE_STDS = 2.0


@dataclass(frozen=True)
class Diagnosis:
    """One source against the large study.

    Attributes:
        motion: Draws of how far the optimum moved from the source to the large study, in widths
            of the space, shape ``(K, d)``; ``NaN`` along an axis that cannot move or that the
            source does not know.
        weight: Of each draw, shape ``(K,)``.
        predicted: What the source, moved, says about each trial without having seen it, in warped
            units, larger is better, shape ``(n,)``.
        y: The trials' values, outliers drawn in, shape ``(n,)``. Of very many trials some stand
            for all, the best half among them.
    """

    motion: Array
    weight: Array
    predicted: Array
    y: Array

    def rank_agreement(self, levels: Sequence[float]) -> Array:
        """Quantiles of how well the source ranks the trials; ``NaN`` where that is not known."""
        tau = rank_agreement(self.predicted, self.y)
        return rank_agreement_quantiles(tau, len(self.y), levels)

    @property
    def is_reversed(self) -> bool:
        """Whether the source ranks the trials the wrong way round, with 95 % probability."""
        return bool(self.rank_agreement([0.95])[0] < 0.0)


def diagnose(
    rows: Rows, source: FittedSource, quasi_random: QuasiRandom, hyperprior: Hyperprior = VALUES
) -> Diagnosis:
    """Draws the relation of a study to one source from its posterior.

    Args:
        rows: The large study's trials; none: the motion is drawn from its prior.
        source: The fitted small study.
        quasi_random: Source of quasi-random points.
        hyperprior: Of the noise.
    """
    rows = rows.representative(_MAX_ROWS)
    density = transfer_density(rows, source, hyperprior)
    sobol = quasi_random(_N_PROPOSALS, len(density.prior.loc))
    theta, weight = _draws(density, sobol)
    motion = np.full((len(theta), len(source.log_lengthscales)), np.nan)
    motion[:, source.shift_axes] = -theta[:, : density.n_shift]
    predicted = _left_out(density, source, sobol)
    return Diagnosis(motion, weight, predicted, rows.y)


def within(motion: Array, optimum: Optimum, X: Array) -> Array:
    """Motions from a source's optimum that stay in the space; farther ones lead to its ends.

    The farther away the optimum of a source that misleads goes, the less it contradicts.

    Args:
        motion: In widths of the space, shape ``(K, d)``.
        optimum: Of the source.
        X: Its trials, shape ``(n, d)``; some may lie outside the space, and the optimum with them.
    """
    error = _PLAUSIBLE_STDS * np.sqrt(optimum.var)
    low = np.maximum(optimum.mean - error, np.fmin.reduce(X, axis=0, initial=0.0))
    high = np.minimum(optimum.mean + error, np.fmax.reduce(X, axis=0, initial=1.0))
    return np.asarray(np.clip(motion, -high, 1.0 - low))


def rank_agreement(predicted: Array, y: Array) -> float:
    """Kendall's tau-b, ``NaN`` where one of the two is constant."""
    a = np.sign(predicted[:, None] - predicted)
    b = np.sign(y[:, None] - y)
    with np.errstate(invalid="ignore"):
        return float((a * b).sum() / np.sqrt(np.abs(a).sum() * np.abs(b).sum()))


def rank_agreement_quantiles(tau: float, n: int, levels: Sequence[float]) -> Array:
    """Quantiles of what the rank agreement of so few trials may be worth.

    Jeffreys' posterior of the share of pairs in the right order, for as many independent pairs as
    give Kendall's variance of tau without agreement, ``2 (2n + 5) / (9n (n - 1))`` (Kendall,
    1938). Unlike a bootstrap it stays unsure when all of a few pairs agree.

    Args:
        tau: As measured.
        n: Number of trials.
        levels: Probabilities.
    """
    n_pairs = 9.0 * n * (n - 1) / (2.0 * (2 * n + 5))
    n_right = n_pairs * (1.0 + tau) / 2.0
    n_wrong, p = n_pairs * (1.0 - tau) / 2.0, np.asarray(levels)
    right = betaincinv(n_right + 0.5, n_wrong + 0.5, p)
    wrong = betaincinv(n_wrong + 0.5, n_right + 0.5, 1.0 - p)
    return np.asarray(right - wrong)  # not 2 right - 1: no agreement is to be 0, not -2e-16


def _draws(density: Density, sobol: Array) -> tuple[Array, Array]:
    """Hyperparameters and their weights, of the prior where there is no trial."""
    if density.n_trials:
        draws = draw(density, sobol, _N_DRAWS)
        return draws.theta, np.exp(draws.log_weight)
    theta = density.prior.quantile(sobol)
    return theta, np.full(len(theta), 1.0 / len(theta))


def _left_out(density: Density, source: FittedSource, sobol: Array) -> Array:
    """Predictions of the source alone, each trial's by draws that have not seen it.

    Draws of all trials with weights as without one would do where there are many. Of three, each
    tells so much that none of these draws is likely without it.
    """
    # No farther than is plausible in advance: from far away even an upside-down source, flat but
    # for its prior, would seem to agree.
    low, high = _plausible(source.motion)
    predicted = np.empty(density.n_trials)
    for i in range(density.n_trials):
        theta, weight = _draws(density.of_rows(_dropped(density.rows, i)), sobol)
        shift = np.clip(theta[:, : density.n_shift], -high, -low)
        mean = source.parent.link(density.rows.features[i : i + 1], shift).mean
        predicted[i] = float(weight @ mean[:, 0])
    return predicted


def _plausible(motion: Motion) -> tuple[Array, Array]:
    """Ends of what is plausible before any trial: that the optimum stayed always is."""
    steady, reach = _PLAUSIBLE_STDS * motion.steady_std, _PLAUSIBLE_STDS * motion.std
    low, high = motion.mean - reach, motion.mean + reach
    return np.minimum(low, -steady), np.maximum(high, steady)


def _dropped(rows: Rows, i: int) -> Rows:
    noise_var = None if rows.noise_var is None else np.delete(rows.noise_var, i)
    return replace(
        rows,
        features=np.delete(rows.features, i, axis=0),
        y=np.delete(rows.y, i),
        noise_var=noise_var,
    )
