"""Expected hypervolume improvement against closed forms, sampling and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from optuna._hypervolume import compute_hypervolume
from scipy.integrate import quad
from scipy.stats import norm

from optuna_scaleup.model.fitting import fit_mixture
from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.suggest.boxes import improvement_boxes
from optuna_scaleup.suggest.hypervolume import HypervolumeImprovement
from optuna_scaleup.suggest.hypervolume import reference_point
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.types import Array
from tests import oracles
from tests.fakes import KnownMixture
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.fakes import quadratic


WEIGHT = np.array([0.6, 0.4])
TRIED = np.array([[0.1], [0.35], [0.6], [0.9]])
NONE = np.empty((0, 1))
SLOPES = (1.0, -1.0, 0.3, -0.2)


def objective(slope: float) -> KnownMixture:
    return KnownMixture(
        np.log(WEIGHT),
        np.ones(2),
        np.array([slope, 1.2 * slope]),
        np.array([0.0, 0.1]),
        np.array([0.1, -0.1]),
    )


def objectives(m: int) -> list[KnownMixture]:
    return [objective(slope) for slope in SLOPES[:m]]


def front_and_reference(
    models: list[KnownMixture], X: Array, X_infeasible: Array = NONE
) -> tuple[Array, Array]:
    values, others = (
        np.stack([WEIGHT @ model.predict(rows).mean for model in models], axis=-1)
        for rows in (X, X_infeasible)
    )
    bad = others if len(others) else np.full((1, len(models)), -1.0)
    return values, reference_point(values, bad)


def samples(models: list[KnownMixture], x: float, n: int) -> Array:
    rng = np.random.default_rng(0)
    columns = []
    for model in models:
        p = model.predict(np.array([[x]]))
        k = rng.choice(2, n, p=WEIGHT)
        columns.append(p.mean[k, 0] + p.std[k, 0] * rng.standard_normal(n))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_agrees_with_monte_carlo(m: int) -> None:
    """Improvement of each sample by Optuna's hypervolume."""
    models, n, x = objectives(m), 1000, 0.8
    values, reference = front_and_reference(models, TRIED)
    before = compute_hypervolume(-values, -reference)
    gains = np.array(
        [
            compute_hypervolume(-np.vstack([values, f[None]]), -reference) - before
            for f in samples(models, x, n)
            if (f > reference).all()
        ]
    )
    mean = gains.sum() / n
    error = np.sqrt((gains**2).sum() / n - mean**2) / n**0.5
    ours = np.exp(HypervolumeImprovement(models, TRIED, NONE).value(np.array([[x]]))[0])
    np.testing.assert_allclose(ours, mean, atol=4.0 * error)


def test_empty_front_is_the_product_of_expected_excesses() -> None:
    models, x = objectives(2), 0.3
    reference = np.full(2, -1.0)  # what is a bad value of these models
    expected = 1.0
    for model, r in zip(models, reference, strict=True):
        p = model.predict(np.array([[x]]))
        expected *= sum(
            w * quad(lambda f, m=m, s=s, r=r: (f - r) * norm.pdf(f, m, s), r, r + 10.0)[0]
            for w, m, s in zip(WEIGHT, p.mean[:, 0], p.std[:, 0], strict=True)
        )
    ours = HypervolumeImprovement(models, NONE, NONE).value(np.array([[x]]))[0]
    np.testing.assert_allclose(np.exp(ours), expected, rtol=1e-8)


def fitted(m: int) -> tuple[list[Mixture], Array]:
    rng = np.random.default_rng(0)
    X = rng.random((7, 2))
    models = [
        fit_mixture(
            feature_map(continuous(2), X),
            X,
            quadratic(X, optimum),
            None,
            [],
            np.empty((0, 2)),
            lambda n_points, n_dims: sobol(n_points, n_dims, rng),
        )
        for optimum in np.linspace(0.2, 0.9, m)
    ]
    return models, X


@pytest.mark.parametrize("m", [2, 3])
def test_gradient_on_fitted_mixtures(m: int) -> None:
    models, X = fitted(m)
    ours = HypervolumeImprovement(models, X, np.empty((0, 2)))
    for x in [*np.random.default_rng(2).random((4, 2)), X[0] + 1e-3]:
        value, grad = ours.value_and_grad(x)
        np.testing.assert_allclose(value, ours.value(x[None])[0], rtol=1e-9)
        expected = oracles.finite_difference(lambda u: float(ours.value(u[None])[0]), x)
        np.testing.assert_allclose(grad, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("distance", [1e2, 1e5, 1e9])
def test_finite_where_a_point_is_hopeless(distance: float) -> None:
    """Means up to 1e10 standard deviations below the reference."""
    models = [
        KnownMixture(np.zeros(1), np.ones(1), np.array([s]), np.zeros(1), np.zeros(1))
        for s in (1.0, 1.0)
    ]
    ours = HypervolumeImprovement(models, TRIED, NONE)
    near, far = (ours.value_and_grad(np.array([x])) for x in (-0.5 * distance, -distance))
    assert np.isfinite([near[0], far[0], *near[1], *far[1]]).all()
    assert far[0] < near[0]
    assert far[1][0] > 0.0


def test_reference_comes_closer_to_a_front_by_turns() -> None:
    front = np.array([[0.0, 5.0], [1.0, 4.0], [2.0, 1.0]])
    values = np.vstack([front, [[-3.0, 0.0], [0.0, 0.5], [-1.0, -1.0]]])
    bad = np.array([[-4.0, 0.0]])
    far = [-4.0 - 0.6, -1.0 - 0.6]  # below all of them and the bad value
    turns = [reference_point(values[:n], bad) for n in (3, 4, 5, 6)]
    np.testing.assert_allclose(turns, [[-2.0, -3.0], [-0.6, -0.2], [-4.6, -0.5], [-2.0, -3.0]])
    np.testing.assert_allclose(reference_point(np.vstack([values, values[4:]])[:8], bad), far)


def test_reference_of_a_small_front_is_below_the_worst_and_a_bad_value() -> None:
    values = np.array([[0.0, 5.0], [1.0, 4.0]])
    bad = np.array([[0.5, 3.0]])
    ours = reference_point(values, bad)
    np.testing.assert_allclose(ours, [-0.1, 2.8])
    np.testing.assert_allclose(reference_point(values[:0], bad), bad[0])


def test_infeasible_trials_say_what_is_bad_once_there_are_any() -> None:
    """Not the scale of all values, of which the best may all be infeasible."""
    models, tried, query = objectives(2), TRIED[:2], np.linspace(0.0, 1.0, 5)[:, None]
    references = []
    for infeasible in (np.array([[0.2], [0.9]]), NONE):
        ours = HypervolumeImprovement(models, tried, infeasible)
        values, reference = front_and_reference(models, tried, infeasible)
        references.append(reference)
        lower, upper = improvement_boxes(values, reference)
        expected = sum(
            np.prod(
                [
                    expected_excess(model, query, low[j]) - expected_excess(model, query, high[j])
                    for j, model in enumerate(models)
                ],
                axis=0,
            )
            for low, high in zip(lower, upper, strict=True)
        )
        np.testing.assert_allclose(np.exp(ours.value(query)), expected, rtol=1e-6)
    assert (references[0] > references[1]).all()


def expected_excess(model: Mixture, X: Array, edge: float) -> Array:
    """Expected improvement on an edge by its closed form, averaged over the draws."""
    p = model.predict(X)
    if np.isinf(edge):
        return np.zeros(len(X))
    u = (p.mean - edge) / p.std
    return np.asarray(WEIGHT @ (p.std * (u * norm.cdf(u) + norm.pdf(u))))
