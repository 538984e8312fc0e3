"""Where the optimum of a finished study lies, by its own model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from optuna_scaleup.suggest import optima
from optuna_scaleup.suggest.activity import Activity
from optuna_scaleup.suggest.optima import fine_steps
from optuna_scaleup.suggest.optima import locate_optimum
from optuna_scaleup.suggest.optima import optimum_draws
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import UnitSpace
from tests.fakes import continuous


def quadratic(X: Array, best: Array, noise: float = 0.0, seed: int = 0) -> Dataset:
    errors = noise * np.random.default_rng(seed).standard_normal(len(X))
    return Dataset(X, (errors - ((X - best) ** 2).sum(axis=1))[:, None])


def points(n: int, d: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).random((n, d))


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_the_optimum_lies_within_its_error(noise: float) -> None:
    best = np.array([0.3, 0.6])
    mean, var = locate_optimum(quadratic(points(25, 2), best, noise), continuous(2))
    assert np.abs(mean - best).max() < 0.08
    assert (np.abs(mean - best) < 3.0 * np.sqrt(var)).all()
    assert (var < 0.1**2).all()


def test_few_trials_leave_it_open() -> None:
    best = np.array([0.3, 0.6])
    few = locate_optimum(quadratic(points(3, 2), best), continuous(2))[1]
    many = locate_optimum(quadratic(points(25, 2), best), continuous(2))[1]
    assert (few > 4.0 * many).all()
    one = locate_optimum(quadratic(points(1, 2), best), continuous(2))[1]
    assert (one > 0.1**2).all()


def test_equal_values_say_nothing() -> None:
    X = points(12, 1)
    mean, var = locate_optimum(Dataset(X, np.zeros((12, 1))), continuous(1))
    assert 0.0 <= mean[0] <= 1.0
    assert var[0] > 0.1**2


def test_a_study_with_a_wider_range_may_have_it_outside() -> None:
    X = 3.0 * points(30, 1) - 1.0
    mean, var = locate_optimum(quadratic(X, np.array([1.5])), continuous(1))
    assert mean[0] == pytest.approx(1.5, abs=0.2)
    assert np.isfinite(var[0])


def test_unknown_and_categorical_axes_stay_open() -> None:
    axes = (Axis(), Axis(np.arange(3.0), is_categorical=True), Axis(np.linspace(0.1, 0.9, 5)))
    X = points(20, 3)
    X[:, 1] = np.arange(20) % 3
    X[:, 2] = axes[2].snap(X[:, 2])
    y = -((X[:, 2] - 0.6) ** 2) - 0.3 * (X[:, 1] == 1)
    X[:, 0] = np.nan
    mean, var = locate_optimum(Dataset(X, y[:, None]), UnitSpace(axes))
    assert np.isinf(var[:2]).all()
    assert mean[2] == pytest.approx(0.6, abs=0.12)  # between two values of the grid


def test_an_estimate_of_a_stopped_trial_is_no_optimum() -> None:
    """The best value of all is a guess that may be off by ten times the range."""
    data = quadratic(np.vstack([points(15, 1), [[0.9]]]), np.array([0.3]))
    noise_var = np.zeros(16)
    data.Y[-1], noise_var[-1] = 1.0, 25.0
    mean, var = locate_optimum(Dataset(data.X, data.Y, noise_var), continuous(1))
    assert mean[0] == pytest.approx(0.3, abs=0.1)
    assert var[0] < 0.1**2


def test_two_models_count_by_their_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one that says 0.2 and another, three times as likely, that says 0.8."""

    class Peaked:
        def __init__(self, best: float, log_evidence: float) -> None:
            self.best, self.log_evidence = best, log_evidence

        def sample(self, n_paths: int, rng: np.random.Generator) -> Callable[[Array], Array]:
            return lambda X: np.tile(-((X[:, 0] - self.best) ** 2), (n_paths, 1))

    def fit(*args: Any, is_smooth: bool) -> Peaked:
        return Peaked(0.8, np.log(3.0) - 500.0) if is_smooth else Peaked(0.2, -500.0)

    monkeypatch.setattr(optima, "fit_mixture", fit)
    mean, var = locate_optimum(quadratic(points(5, 1), np.array([0.3])), continuous(1))
    assert mean[0] == pytest.approx(0.25 * 0.2 + 0.75 * 0.8, abs=5e-3)
    assert np.sqrt(var[0]) == pytest.approx(0.6 * np.sqrt(0.25 * 0.75), abs=5e-3)


def test_it_is_the_same_for_whoever_asks() -> None:
    data = quadratic(points(10, 2), np.array([0.4, 0.4]), 0.05)
    first, second = (locate_optimum(data, continuous(2)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_drawn_optima_keep_what_is_decided_and_lack_what_is_dropped() -> None:
    """Whatever the functions would rather have."""

    def functions(X: Array) -> Array:
        return np.asarray(np.nansum(X, axis=1) * np.array([[1.0], [-1.0]]))

    found = optimum_draws(
        functions,
        continuous(3),
        np.full((1, 3), 0.5),
        {1: 0.25},
        np.random.default_rng(0),
        Activity(dropped=(2,)),
    )
    np.testing.assert_array_equal(found[:, 1:], [[0.25, np.nan]] * 2)
    np.testing.assert_allclose(found[:, 0], [1.0, 0.0], atol=0.01)


def test_fine_steps_tell_optima_apart_that_are_close() -> None:
    """Their spread is 0.0005 widths; the trials tried so far are all at the middle."""
    rng = np.random.default_rng(0)
    best = 0.7 + 0.0005 * rng.standard_normal((128, 2))

    def functions(X: Array) -> Array:
        return np.asarray(-((X[None] - best[:, None]) ** 2).sum(axis=-1))

    seeds = np.full((1, 2), 0.7)
    found = optimum_draws(functions, continuous(2), seeds, {}, rng, steps=fine_steps(False))
    assert np.abs(found - best).max() < 0.0005
    assert len(np.unique(found, axis=0)) > 40
