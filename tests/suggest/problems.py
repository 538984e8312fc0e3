"""Small problems with known optima, and what their suggestions are checked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import UnitSpace
from tests.fakes import continuous
from tests.fakes import no_trials
from tests.fakes import quadratic_study


def suggest(problem: Problem, engine: Engine | None = None, seed: int = 0) -> Array:
    return (engine or Engine()).suggest(problem, np.random.default_rng(seed)).x


def cold(n: int = 6) -> Problem:
    return Problem(continuous(2), quadratic_study(n, 2, 0.45, np.random.default_rng(1)))


def warm(n: int = 4, optimum: float = 0.3) -> Problem:
    source = quadratic_study(20, 2, optimum, np.random.default_rng(2))
    target = quadratic_study(n, 2, 0.45, np.random.default_rng(1)) if n else no_trials(2)
    return Problem(continuous(2), target, (source,))


def with_values(problem: Problem, factor: float, constant: float) -> Problem:
    def change(data: Dataset) -> Dataset:
        return replace(data, Y=factor * data.Y + constant)

    return replace(
        problem, target=change(problem.target), sources=tuple(map(change, problem.sources))
    )


cold_and_warm = pytest.mark.parametrize("problem", [cold(), warm()], ids=["cold", "warm"])


def expected(problem: Problem, X: Array) -> Array:
    """Expected value of each row in warped units, shape ``(q,)``."""
    mixture = Modeller().fit(problem, np.random.default_rng(0))
    return np.asarray(np.exp(mixture.log_weight) @ mixture.predict(X).mean)


def assert_same_model(a: Problem, b: Problem) -> None:
    """The same expectations but for what rounding does to the end of a fit.

    Suggestions may differ more, where two points are almost equally good.
    """
    X = np.random.default_rng(8).random((20, a.space.n_dims))
    np.testing.assert_allclose(expected(a, X), expected(b, X), atol=0.05)


def assert_legal(x: Array, space: UnitSpace, n_conditional: int = 0) -> None:
    """Every coordinate is legal; the last ``n_conditional`` may be inactive."""
    assert x.shape == (space.n_dims,)
    assert np.isfinite(x[: space.n_dims - n_conditional]).all()
    for u, axis in zip(x, space.axes, strict=True):
        in_range = 0.0 <= u <= 1.0 if axis.grid is None else u in axis.grid
        assert np.isnan(u) or in_range
