"""Where a parameter starts that nobody has tried yet."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.first_trial import settle_unknown_axes
from optuna_scaleup.types import Array
from optuna_scaleup.types import Axis
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import UnitSpace


ORDERED = Axis(np.array([0.1, 0.3, 0.5, 0.7, 0.9]))
CHOICES = Axis(np.arange(3.0), is_categorical=True)
SPACE = UnitSpace((Axis(), Axis(), ORDERED, CHOICES))
NO_DATA = Dataset(np.empty((0, 4)), np.empty((0, 1)))


def data(*rows: list[float]) -> Dataset:
    X: Array = np.array(rows)
    return Dataset(X, np.zeros((len(X), 1)))


def settled(problem: Problem, *, at_centre: bool = True, seed: int = 0) -> dict[int, float]:
    rng = np.random.default_rng(seed)
    return dict(settle_unknown_axes(problem, rng, at_centre=at_centre).fixed)


def test_nothing_known_is_left_to_the_initial_design() -> None:
    assert settled(Problem(SPACE, NO_DATA)) == {}
    unrelated = data([np.nan] * 4)
    assert settled(Problem(SPACE, NO_DATA, (unrelated,))) == {}
    running = np.array([[0.3, np.nan, 0.1, 1.0]])
    assert settled(Problem(SPACE, NO_DATA, X_pending=running)) == {}


def test_all_known_is_left_to_the_model() -> None:
    assert settled(Problem(SPACE, data([0.1, 0.2, 0.3, 1.0]))) == {}


def test_unknown_axes_start_at_their_centre() -> None:
    source = data([0.2, np.nan, np.nan, np.nan])
    fixed = settled(Problem(SPACE, NO_DATA, (source,)))
    assert fixed.pop(3) in (0.0, 1.0, 2.0)
    assert fixed == {1: 0.5, 2: 0.5}


def test_target_and_source_know_together() -> None:
    source = data([0.2, np.nan, np.nan, 1.0])
    target = data([np.nan, 0.3, 0.1, np.nan])
    assert settled(Problem(SPACE, target, (source,))) == {}


def test_what_is_decided_stays() -> None:
    source = data([0.2, np.nan, 0.1, 1.0])
    assert settled(Problem(SPACE, NO_DATA, (source,), fixed={1: 0.9})) == {1: 0.9}


def test_a_running_trial_there_leaves_the_axis_to_the_model() -> None:
    source = data([0.2, np.nan, 0.1, 1.0])
    pending = np.array([[0.3, 0.5, 0.1, 1.0]])
    assert settled(Problem(SPACE, NO_DATA, (source,), X_pending=pending)) == {}


@pytest.mark.parametrize("seed", range(5))
def test_random_starts_are_legal_and_follow_the_generator(seed: int) -> None:
    problem = Problem(SPACE, NO_DATA, (data([0.2, np.nan, np.nan, np.nan]),))
    fixed = settled(problem, at_centre=False, seed=seed)
    assert fixed == settled(problem, at_centre=False, seed=seed)
    assert fixed != settled(problem, at_centre=False, seed=seed + 1)
    assert 0.0 <= fixed[1] <= 1.0
    assert fixed[2] in np.asarray(ORDERED.grid)
    assert fixed[3] in (0.0, 1.0, 2.0)
