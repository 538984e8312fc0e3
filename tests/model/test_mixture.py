"""The mixture over sources and draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import spearmanr

from optuna_scaleup.model.effort import Aim
from optuna_scaleup.model.fitting import fit_mixture
from optuna_scaleup.model.gp import Hyperprior
from optuna_scaleup.model.hypotheses import LARGER_IS_CLOSER
from optuna_scaleup.model.hypotheses import PRIOR_NO_SOURCE
from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import FittedSource
from optuna_scaleup.model.sources import fit_source
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from optuna_scaleup.types import QuasiRandom
from tests import oracles
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.fakes import mixed_points
from tests.fakes import mixed_space
from tests.fakes import quadratic


def quasi_random(seed: int = 0) -> QuasiRandom:
    rng = np.random.default_rng(seed)
    return lambda n_points, n_dims: sobol(n_points, n_dims, rng)


def source_of(X: Array, y: Array) -> FittedSource:
    rows = Rows.of(feature_map(continuous(X.shape[1]), X), X, y)
    axes = np.arange(X.shape[1])
    return fit_source(rows, axes, axes, X.shape[1])


def fitted(n: int, sources: Sequence[FittedSource], optimum: float = 0.45) -> Mixture:
    X = np.random.default_rng(1).random((n, 2))
    fm = feature_map(continuous(2), X)
    return fit_mixture(
        fm, X, quadratic(X, optimum), None, sources, np.empty((0, 2)), quasi_random()
    )


def good_source() -> FittedSource:
    X = np.random.default_rng(2).random((25, 2))
    return source_of(X, quadratic(X, 0.4))


def misleading_source() -> FittedSource:
    X = np.random.default_rng(3).random((25, 2))
    return source_of(X, np.random.default_rng(4).standard_normal(25))


def test_without_a_source_all_weight_is_on_none() -> None:
    np.testing.assert_array_equal(fitted(5, []).source_weights, [1.0])


def test_without_trials_the_larger_source_counts_more() -> None:
    smaller, larger, none = fitted(0, [good_source(), misleading_source()]).source_weights
    assert larger > smaller
    assert smaller + larger > none


def test_weights_are_normalised() -> None:
    mixture = fitted(4, [good_source(), misleading_source()])
    assert mixture.source_weights.shape == (3,)
    assert mixture.source_weights.sum() == pytest.approx(1.0)
    assert mixture.log_weight.shape == mixture.scale.shape


def test_expected_values_move_with_the_values() -> None:
    """Where a hypothesis is left out as negligible as well: far from zero it would be seen."""
    X, none = np.random.default_rng(1).random((5, 2)), np.empty((0, 2))
    fm, sources = feature_map(continuous(2), X), [good_source(), misleading_source()]
    y = quadratic(X, 0.45)
    near, far = (
        fit_mixture(fm, X, y + level, None, sources, none, quasi_random()) for level in (0.0, 1e6)
    )
    assert near.used_weights.min() < 1e-3
    assert logsumexp(near.log_weight) == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(far.expected_values(X) - 1e6, near.expected_values(X), atol=1e-6)
    assert far.expected_bad - 1e6 == pytest.approx(near.expected_bad, abs=1e-6)


def test_prior_shares_the_sources_weight_among_them() -> None:
    """Two equal sources count as much as one; between them the larger has the better odds."""
    one, two = (fitted(3, [good_source()] * k).source_weights for k in (1, 2))
    np.testing.assert_allclose(two[2], one[1], rtol=0.3)
    np.testing.assert_allclose(two[1] / two[0], LARGER_IS_CLOSER, rtol=0.3)


def test_without_trials_the_unit_is_the_largest_sources() -> None:
    """Of the model without a source as well, that is of the last third of all draws."""
    X = np.random.default_rng(2).random((25, 2))
    small, large = (source_of(X, f * quadratic(X, 0.4) + f) for f in (1.0, 1000.0))
    mixture = fitted(0, [small, large])
    n_draws = len(mixture.scale) // 3
    scale, best = mixture.scale[-n_draws:], mixture.to_warped(np.array([large.best]))[-n_draws:]
    assert np.median(np.log(scale)) == pytest.approx(large.log_scale, abs=0.1)
    np.testing.assert_allclose(best, 1.0)


@pytest.mark.parametrize(("is_sized", "nats"), [(True, 0.0), (False, 1.0)])
def test_a_search_hears_less_of_a_source_of_unknown_size(is_sized: bool, nats: float) -> None:
    X = np.random.default_rng(1).random((2, 2))
    source, fm = replace(good_source(), is_sized=is_sized), feature_map(continuous(2), X)
    y, none = quadratic(X, 0.45), np.empty((0, 2))
    mixture = fit_mixture(fm, X, y, None, [source], none, quasi_random(), aim=Aim.BEST)
    by_evidence, used = (
        np.log(weights[0] / weights[1])
        for weights in (mixture.source_weights, mixture.used_weights)
    )
    assert by_evidence - used == pytest.approx(nats)


def test_a_bad_value_is_as_far_below_the_median_as_twice_the_best_above() -> None:
    mixture = fitted(7, [good_source()])
    weight, ones = np.exp(mixture.log_weight), np.ones((len(mixture.scale), 1))
    best, median = (weight @ mixture.from_warped(z * ones)[:, 0] for z in (1.0, 0.0))
    assert mixture.expected_bad == pytest.approx(median - 2.0 * (best - median))


@pytest.mark.parametrize("noise_var", [1e-6, 1.0])
@pytest.mark.parametrize("level", [0.0, 10.0], ids=["losses", "of either sign"])
def test_value_quantiles_are_those_of_drawn_values(noise_var: float, level: float) -> None:
    """Noise included, of which the variance is known here; a loss has no other sign."""
    X, none = np.random.default_rng(1).random((6, 2)), np.empty((0, 2))
    y, fm = quadratic(X, 0.45) + level, feature_map(continuous(2), X)
    known = Hyperprior(noise_var=noise_var, noise_log_std=1e-6)
    mixture = fit_mixture(fm, X, y, None, [], none, quasi_random(), known)
    x, rng = np.array([0.4, 0.7]), np.random.default_rng(0)
    p = mixture.predict(x[None])
    std = np.sqrt(p.std**2 + noise_var)
    z = p.mean + std * rng.standard_normal((len(std), 20_000))
    counts = np.exp(mixture.log_weight)[:, None].repeat(z.shape[1], axis=1).ravel()
    values = mixture.from_warped(z).ravel()
    if level == 0.0:
        assert (values > 0.0).any()
        values = np.minimum(values, 0.0)
    order = np.argsort(values)
    levels = np.cumsum(counts[order]) / counts.sum()
    expected = np.interp([0.05, 0.5, 0.95], levels, values[order])
    found = mixture.value_quantiles(x, [0.05, 0.5, 0.95])
    np.testing.assert_allclose(found, expected, atol=0.04 * np.ptp(expected))


def test_functions_are_drawn_by_the_odds_of_no_source() -> None:
    """The source says that its optimum is better than a corner; without it nobody knows."""
    mixture, X = fitted(0, [good_source()]), np.array([[0.4, 0.4], [1.0, 1.0]])
    shares = []
    for odds in (0.0, 1.0, 1e9):
        values = mixture.sample(400, np.random.default_rng(0), odds)(X)
        shares.append(np.mean(values[:, 0] < values[:, 1]))
    np.testing.assert_allclose(shares, [0.0, PRIOR_NO_SOURCE / 2.0, 0.5], atol=0.07)


def test_a_prediction_costs_no_more_with_several_sources() -> None:
    """The draws of one source are shared out, at least one for each of the others."""
    one, three = (len(fitted(5, [good_source()] * k).log_weight) for k in (1, 3))
    assert three <= one + 4


def test_a_source_beside_a_misleading_one_keeps_its_draws() -> None:
    alone, beside = (
        fitted(8, sources) for sources in ([good_source()], [misleading_source(), good_source()])
    )
    assert beside.source_weights[0] < 0.1
    assert len(beside.log_weight) > 0.8 * len(alone.log_weight)


def test_without_evidence_the_prior_decides() -> None:
    """One trial tells a source that has one trial, too, from none only a little."""
    vague = source_of(np.array([[0.5, 0.5]]), np.array([0.0]))
    none = fitted(1, [vague]).source_weights[1]
    assert PRIOR_NO_SOURCE / 3.0 < none < 3.0 * PRIOR_NO_SOURCE


def test_evidence_prefers_the_source_that_predicts() -> None:
    good, misleading, none = fitted(12, [good_source(), misleading_source()]).source_weights
    assert good > 0.5
    assert misleading < 0.1
    assert none < 0.5


def test_misleading_source_loses_its_weight() -> None:
    few, many = (fitted(n, [misleading_source()]).source_weights[0] for n in (2, 20))
    assert many < few
    assert many < 0.1


def test_prediction_follows_the_trials() -> None:
    mixture = fitted(15, [good_source()])
    X = np.random.default_rng(7).random((30, 2))
    mean = np.exp(mixture.log_weight) @ mixture.predict(X).mean
    assert spearmanr(mean, quadratic(X, 0.45)).statistic > 0.9


def test_source_predicts_before_the_first_trial() -> None:
    mixture = fitted(0, [good_source()])
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 21)] * 2), axis=-1).reshape(-1, 2)
    mean = np.exp(mixture.log_weight) @ mixture.predict(grid).mean
    np.testing.assert_allclose(grid[mean.argmax()], [0.4, 0.4], atol=0.1)


def mean_at(mixture: Mixture, k: int, x: Array) -> float:
    return float(mixture.predict(x[None]).mean[k, 0])


def std_at(mixture: Mixture, k: int, x: Array) -> float:
    return float(mixture.predict(x[None]).std[k, 0])


@pytest.mark.parametrize("n", [1, 9])
def test_gradients_in_the_axes(n: int) -> None:
    """Along numeric axes as finite differences; zero along categorical and inactive ones."""
    rng = np.random.default_rng(5)
    X = mixed_points(9, rng)
    fm = feature_map(mixed_space(), X)
    X, y = X[:n], quadratic(X[:n], 0.4)
    mixture = fit_mixture(fm, X, y, np.full(n, 0.01), [], X[:1] * 0.9, quasi_random())
    x = np.array([0.3, 0.6, 1.0, 0.7])
    ours = mixture.predict(x[None], with_grad=True)
    for k in range(len(mixture.scale)):
        mean = oracles.finite_difference(partial(mean_at, mixture, k), x)
        std = oracles.finite_difference(partial(std_at, mixture, k), x)
        numeric = [0, 1, 3]
        np.testing.assert_allclose(ours.grad_mean[k, 0, numeric], mean[numeric], atol=1e-6)
        np.testing.assert_allclose(ours.grad_std[k, 0, numeric], std[numeric], atol=1e-6)
        assert ours.grad_mean[k, 0, 2] == ours.grad_std[k, 0, 2] == 0.0


def test_same_points_give_the_same_mixture() -> None:
    a, b = (fitted(5, [good_source()]) for _ in range(2))
    np.testing.assert_array_equal(a.log_weight, b.log_weight)
    X = np.random.default_rng(6).random((4, 2))
    np.testing.assert_array_equal(a.predict(X).mean, b.predict(X).mean)


def test_evidence_tells_a_smooth_landscape_from_one_with_a_kink() -> None:
    X = np.random.default_rng(1).random((40, 2))
    kinked = -np.abs(X - 0.4).sum(axis=1)
    gains = []
    for y in (quadratic(X, 0.4), kinked):
        matern, smooth = (
            fit_mixture(
                feature_map(continuous(2), X),
                X,
                y,
                None,
                [],
                np.empty((0, 2)),
                quasi_random(),
                is_smooth=is_smooth,
            ).log_evidence
            for is_smooth in (False, True)
        )
        gains.append(smooth - matern)
    assert gains[0] > 3.0
    assert gains[1] < -3.0


def test_estimates_do_not_take_over_from_a_source() -> None:
    """Sixty trials that were stopped early say where not to look, not where the best is."""
    X = np.random.default_rng(1).random((68, 2))
    fm, rest = feature_map(continuous(2), X), (np.empty((0, 2)), quasi_random())
    noise_var = np.where(np.arange(68) < 8, 0.0, 1e-3)
    y = quadratic(X, 0.4)
    measured, estimated = (
        fit_mixture(fm, X, y, noise, [good_source()], *rest, aim=Aim.BEST)
        for noise in (None, noise_var)
    )
    assert measured.used_weights[0] < 1e-3
    assert estimated.used_weights[0] > 0.5


def test_a_sought_best_is_looked_for_along_single_axes() -> None:
    """A trial tells of what shares a coordinate with it, the more the fewer trials there are."""
    one_shared, none_shared = np.array([[0.02, 0.98]]), np.array([[0.98, 0.98]])

    def relative_std(n: int, seed: int, aim: Aim) -> float:
        X = np.random.default_rng(seed).random((n, 2)) * [0.1, 0.1]
        X[0] = [0.02, 0.02]
        fm = feature_map(continuous(2), X)
        rest = (np.empty((0, 2)), quasi_random())
        mixture = fit_mixture(fm, X, quadratic(X, 0.05), None, [], *rest, aim=aim)
        ratio = mixture.predict(one_shared).std / mixture.predict(none_shared).std
        return float(np.exp(mixture.log_weight) @ ratio[:, 0])

    def told(n: int) -> float:
        return float(
            np.mean(
                [relative_std(n, s, Aim.BEST) / relative_std(n, s, Aim.LEVEL) for s in range(8)]
            )
        )

    few, more = told(6), told(8)
    assert few < 0.95
    assert few < more < 1.0
    assert told(50) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("factor", [1e-4, 30.0, 1e4])
def test_a_source_in_another_unit_keeps_its_say(factor: float) -> None:
    """It is the same function, and eight trials tell the unit."""
    X = np.random.default_rng(2).random((25, 2))
    weights = []
    for unit in (1.0, factor):
        source = source_of(X, unit * quadratic(X, 0.4))
        own = np.random.default_rng(1).random((8, 2))
        fm, rest = feature_map(continuous(2), own), (np.empty((0, 2)), quasi_random())
        y = quadratic(own, 0.45)
        mixture = fit_mixture(fm, own, y, None, [source], *rest, aim=Aim.BEST)
        weights.append(mixture.source_weights[0])
    assert weights[1] > 0.5 * weights[0]


def test_drawn_functions_know_where_a_value_is_crossed() -> None:
    """Relative to a trial's value, all functions are close to zero at that trial."""
    X = np.random.default_rng(1).random((12, 2))
    y = quadratic(X, 0.45)
    functions = fitted(12, []).sample(32, np.random.default_rng(0), zero=float(y[3]))
    assert np.median(np.abs(functions(X[[3]]))) < 0.05
    is_above = (functions(X) > 0.0).mean(axis=0)
    assert (is_above[y > y[3] + 0.05] > 0.9).all()
    assert (is_above[y < y[3] - 0.05] < 0.1).all()


@pytest.mark.parametrize("level", [0.0, 10.0], ids=["losses", "of either sign"])
def test_a_larger_study_may_be_better_altogether_before_it_has_a_trial(level: float) -> None:
    """Outcomes are those of the model, and an exponential gain: checked by Monte Carlo.

    Of losses, which are below zero where larger is better, a gain takes away a share.
    """
    X = np.random.default_rng(2).random((25, 2))
    unsized = source_of(X, quadratic(X, 0.4) + level)
    source = replace(unsized, is_sized=True)
    nothing = np.empty((0, 2)), np.empty(0), None
    X = np.empty((0, 2))
    fm = feature_map(continuous(2), X)
    mixture = fit_mixture(fm, *nothing, [source], X, quasi_random(), aim=Aim.BEST)
    plain = fit_mixture(fm, *nothing, [unsized], X, quasi_random(), aim=Aim.BEST)
    x, levels, rng = np.array([0.4, 0.4]), (0.05, 0.5, 0.95), np.random.default_rng(0)
    p, n = mixture.predict(x[None]), 400_000
    np.testing.assert_array_equal(p.mean, plain.predict(x[None]).mean)
    k = rng.choice(len(p.mean), n, p=np.exp(mixture.log_weight))
    std = np.sqrt(p.std[k, 0] ** 2 + mixture._noise_var[k])
    z = p.mean[k, 0] + std * rng.standard_normal(n)

    def values_of(z: Array) -> Array:
        v = np.where(z >= 0.0, z, -np.expm1(-np.minimum(z, 0.0)))
        return mixture._anchor[k] + mixture.scale[k] * (v - 1.0)

    values = values_of(z + mixture.gain[k] * rng.exponential(size=n))
    if level == 0.0:
        before = np.minimum(values_of(z), -1e-300)
        values = before * np.exp((before - values) / -before)
    ours = mixture.value_quantiles(x, levels)
    for value, level_of_it in zip(ours, levels, strict=True):  # many are as good as zero
        assert np.mean(values < value - 1e-9) <= level_of_it + 0.01
        assert np.mean(values <= value + 1e-9) >= level_of_it - 0.01
    assert ours[1] > plain.value_quantiles(x, levels)[1]
    assert (ours <= 0.0).all() == (level == 0.0)
    assert not fitted(1, [source]).gain.any()
