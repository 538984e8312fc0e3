"""What to run next, and how much of it is to be believed."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.suggest import forecast as forecasting
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.forecast import forecast
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from tests.fakes import continuous
from tests.fakes import no_trials
from tests.fakes import quadratic_study


def test_few_optima_are_where_no_source_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """No source is a fifth of a search, but not of what is told: its optimum lies at 0.2."""
    monkeypatch.setattr(forecasting, "fine_steps", lambda is_limited: (0.1,))
    source = quadratic_study(25, 1, 0.2, np.random.default_rng(0))
    problem = Problem(continuous(1), no_trials(1), (source,))
    optima = [
        forecast(Engine(), problem, 1, (0.5,), np.random.default_rng(seed), problem).optima
        for seed in range(2)
    ]
    assert 0.01 < np.mean(np.concatenate(optima) > 0.65) < 0.06


@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_allows_for_noise_of_any_size(seed: int) -> None:
    """A search takes values at their word for longer."""
    rng = np.random.default_rng(seed)
    X = rng.random((25, 2))
    problem = Problem(continuous(2), Dataset(X, rng.standard_normal((25, 1))))
    told, sought = (
        Modeller().fit(problem, np.random.default_rng(seed), is_wary=is_wary).log_evidence
        for is_wary in (True, False)
    )
    assert told > sought + 2.0


def limited_study(n: int, limit: str) -> Dataset:
    """Larger ``x`` is better; the constraint is broken by yes or no from 0.3 on, or everywhere."""
    X = np.random.default_rng(0).random((n, 1))
    broken = 1.0 + X[:, 0] if limit == "everywhere" else (X[:, 0] > 0.3).astype(float)
    return Dataset(X, X.copy(), constraints={"c": broken})


@pytest.fixture
def _coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the optimum lies is another matter, and takes longer."""
    monkeypatch.setattr(forecasting, "fine_steps", lambda is_limited: (0.1,))


@pytest.mark.usefixtures("_coarse")
def test_a_guess_from_sources_alone_likely_keeps_the_constraint() -> None:
    problem = Problem(continuous(1), no_trials(1), (limited_study(30, "from 0.3 on"),))
    told = forecast(Engine(), problem, 1, (0.5,), np.random.default_rng(0), problem)
    assert told.X[0, 0] < 0.35


@pytest.mark.usefixtures("_coarse")
def test_where_nothing_is_feasible_the_least_infeasible_point_is_told() -> None:
    """A search goes where it knows least; there it is likelier that the constraint holds."""
    problem = Problem(continuous(1), limited_study(5, "everywhere"))
    told = forecast(Engine(), problem, 1, (0.5,), np.random.default_rng(0), problem)
    assert told.X[0, 0] < 0.05
