"""Fits of sources are made once for the same data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optuna_scaleup.suggest import source_fits
from optuna_scaleup.suggest.source_fits import SourceFits
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Scales
from optuna_scaleup.types import ValueKind
from tests.fakes import continuous
from tests.fakes import no_trials
from tests.fakes import quadratic_study


class Shelf:
    """A shelf in memory."""

    def __init__(self) -> None:
        self.fits: dict[str, Array] = {}
        self.n_put = 0

    def get(self, key: str) -> Array | None:
        return self.fits.get(key)

    def put(self, key: str, theta: Array, instead_of: Array | None = None) -> None:
        assert self.fits.get(key) is instead_of
        self.fits[key] = theta
        self.n_put += 1


def problem(shelf: Shelf | None, n_dims: int = 2, key: str = "data") -> Problem:
    source = quadratic_study(15, n_dims, 0.3, np.random.default_rng(0))
    return Problem(
        continuous(n_dims), no_trials(n_dims), (source,), source_keys=(key,), shelf=shelf
    )


def test_equal_with_and_without_a_shelf() -> None:
    shelf = Shelf()
    (alone,) = SourceFits().sources_of(problem(None))
    (first,) = SourceFits().sources_of(problem(shelf))
    (second,) = SourceFits().sources_of(problem(shelf))
    for other in (first, second):
        np.testing.assert_array_equal(other.theta, alone.theta)
        np.testing.assert_array_equal(other.parent.alpha, alone.parent.alpha)
        np.testing.assert_array_equal(other.parent.L_inv, alone.parent.L_inv)
    assert shelf.n_put == 1


def test_what_lies_on_the_shelf_is_not_fitted_again() -> None:
    """Another fit that might be one is taken as it is."""
    shelf = Shelf()
    (source,) = SourceFits().sources_of(problem(shelf))
    (key,) = shelf.fits
    shelf.fits[key] = source.theta + 0.01
    (taken,) = SourceFits().sources_of(problem(shelf))
    np.testing.assert_array_equal(taken.theta, source.theta + 0.01)


def test_what_fits_worse_than_the_priors_centre_is_replaced() -> None:
    shelf = Shelf()
    (source,) = SourceFits().sources_of(problem(shelf))
    (key,) = shelf.fits
    for wrong in (source.theta + 5.0, source.theta[:-1], source.theta + 1e9):
        shelf.fits[key] = wrong
        (again,) = SourceFits().sources_of(problem(shelf))
        np.testing.assert_array_equal(again.theta, source.theta)
        np.testing.assert_array_equal(shelf.fits[key], source.theta)


def test_each_data_and_space_has_its_own_place() -> None:
    shelf = Shelf()
    conditional = problem(shelf)
    X = conditional.sources[0].X.copy()
    X[::3, 1] = np.nan
    conditional = replace(conditional, sources=(replace(conditional.sources[0], X=X),))
    for p in (problem(shelf), problem(shelf, key="more data"), problem(shelf, 3), conditional):
        SourceFits().sources_of(p)
    assert len(shelf.fits) == shelf.n_put == 4


def test_data_without_a_fingerprint_is_not_shared() -> None:
    shelf = Shelf()
    SourceFits().sources_of(replace(problem(shelf), source_keys=()))
    assert shelf.fits == {}


def test_drift_is_forecast_once_for_the_same_data_and_sizes() -> None:
    fits = SourceFits()
    sized, larger, more = (
        replace(
            problem(None, key=key),
            scales=Scales(np.array([[ratio]]), np.zeros((2, 1)), np.ones((2, 1))),
        )
        for key, ratio in (("data", 1.0), ("data", 2.0), ("more data", 1.0))
    )
    drift = fits.drift_of(sized)
    assert drift is not None
    assert fits.drift_of(sized) is drift
    assert fits.drift_of(replace(sized, source_keys=())) is not drift
    believed = replace(sized, scales=Scales(np.ones((1, 1)), np.ones((2, 1)), np.ones((2, 1))))
    surer = replace(sized, scales=Scales(np.ones((1, 1)), np.zeros((2, 1)), np.full((2, 1), 0.1)))
    for other in (larger, more, believed, surer):
        assert fits.drift_of(other) is not drift
    kept, fresh = fits.drift_of(larger), SourceFits().drift_of(larger)
    assert kept is not None
    assert fresh is not None
    np.testing.assert_array_equal(kept.motion.std, fresh.motion.std)


def test_drift_is_learnt_from_the_largest_studies_of_known_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five of them, and no other is searched for its optimum."""
    studies = [quadratic_study(4, 1, 0.3, np.random.default_rng(i)) for i in range(8)]
    nothing = Dataset(np.full((1, 1), np.nan), np.zeros((1, 1)))
    ladder = (*studies, nothing)
    located: list[int] = []

    def locate(dataset: Dataset, space: object) -> tuple[Array, Array]:
        located.extend(i for i, one in enumerate(ladder) if one is dataset)
        return np.array([0.5]), np.array([0.01])

    monkeypatch.setattr(source_fits, "locate_optimum", locate)
    ratios = np.arange(9.0, 0.0, -1.0)[:, None]
    ratios[5] = np.nan
    sizes = Scales(ratios, np.zeros((1, 1)), np.ones((1, 1)))
    drift = SourceFits().drift_of(Problem(continuous(1), no_trials(1), ladder, scales=sizes))
    assert located == [2, 3, 4, 6, 7]
    assert drift is not None
    assert drift.motion.mean.shape == (9, 1)


def test_between_classes_there_is_no_sudden_step() -> None:
    """Where trials fail is read with noise: not as sharply as two of them lie side by side."""
    X = np.random.default_rng(0).random((20, 2))
    outcomes = Dataset(X, np.where(X[:, :1] > 0.6, 0.5, -0.5))
    values = Problem(continuous(2), no_trials(2), (outcomes,))
    (sharp,) = SourceFits().sources_of(values)
    (classes,) = SourceFits().sources_of(replace(values, kind=ValueKind.CLASS))
    assert classes.log_lengthscales[0] > sharp.log_lengthscales[0] + 0.5
    assert np.exp(classes.theta[-2]) > 0.01 > np.exp(sharp.theta[-2])  # variance of the noise


def test_many_outputs_of_several_sources_are_kept_together() -> None:
    """Whatever is asked for in turn is fitted once, and what is in use stays longest."""
    fits, cases = SourceFits(), [problem(None, key=f"data {i}") for i in range(60)]
    first = [fits.sources_of(case)[0] for case in cases]
    for again in range(5):
        for i in range(60):
            fits.sources_of(problem(None, key=f"other {again} {i}"))
        assert [fits.sources_of(case)[0] for case in cases] == first
