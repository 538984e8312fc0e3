"""Fits of sources that workers share through the study."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import study_attrs
from optuna_scaleup.data.fit_shelf import StudyShelf
from tests.fakes import quadratic


def objective(trial: optuna.Trial) -> float:
    x = np.array([[trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)]])
    return float(-quadratic(x, 0.3)[0])


@pytest.fixture
def source() -> optuna.Study:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=12)
    return study


def first_params(study: optuna.Study, source: optuna.Study) -> dict[str, Any]:
    """What a sampler that has fitted nothing yet suggests."""
    trial = optuna.Trial(study, study._storage.create_new_trial(study._study_id))
    study.sampler = ScaleUpSampler(source, seed=0)
    objective(trial)
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return trial.params


def fits(study: optuna.Study) -> dict[str, Any]:
    return {k: v for k, v in study_attrs(study).items() if k.startswith("scaleup:source_fit:")}


@pytest.mark.parametrize("theta", [[1.5, -0.25], [0.1234] * 303])
def test_round_trip_in_small_pieces(theta: list[float]) -> None:
    study = optuna.create_study()
    StudyShelf(study, Notices()).put("a", np.array(theta))
    assert max(map(len, fits(study).values())) <= 2045
    np.testing.assert_array_equal(StudyShelf(study, Notices()).get("a"), theta)
    assert StudyShelf(study, Notices()).get("b") is None


def test_a_source_that_never_ends_does_not_fill_the_storage(log_lines: list[str]) -> None:
    study, notices = optuna.create_study(study_name="large"), Notices()
    for i in range(200):
        shelf = StudyShelf(study, notices)
        assert shelf.get(f"{i}") is None
        shelf.put(f"{i}", np.zeros(3))
    assert len(fits(study)) == 128
    assert sum("keeps 128 attributes with fits of sources" in line for line in log_lines) == 1


def test_workers_that_fit_at_the_same_time_are_no_news(log_lines: list[str]) -> None:
    """Not even if their machines round differently: the first one's stays."""
    study = optuna.create_study()
    for theta in ([1.5, -0.25], [1.5, -0.2501]):
        StudyShelf(study, Notices()).put("a", np.array(theta))
    np.testing.assert_array_equal(StudyShelf(study, Notices()).get("a"), [1.5, -0.25])
    assert log_lines == []


def test_what_was_refused_gives_way_unless_somebody_mended_it() -> None:
    study = optuna.create_study()
    shelf = StudyShelf(study, Notices())
    wrong, right, other = np.array([9.0]), np.array([1.0]), np.array([2.0])
    shelf.put("a", wrong)
    shelf.put("a", right, instead_of=wrong)
    shelf.put("a", other, instead_of=wrong)
    np.testing.assert_array_equal(shelf.get("a"), right)


def test_one_fit_serves_all_workers(source: optuna.Study) -> None:
    study = optuna.create_study()
    first_params(study, source)
    stored = fits(study)
    assert len(stored) == 1
    first_params(study, source)
    assert fits(study) == stored


@pytest.mark.parametrize(("n_objectives", "n_fits"), [(1, 1), (2, 4)])
def test_fits_are_there_before_the_first_worker(n_objectives: int, n_fits: int) -> None:
    """With a constraint and a cost, which need fits of their own."""

    def outputs(trial: optuna.Trial) -> list[float]:
        key = "constraints:c"
        trial.storage.set_trial_system_attr(trial._trial_id, key, objective(trial) - 0.1)
        trial._cached_frozen_trial.system_attrs[key] = objective(trial) - 0.1
        return [objective(trial), trial.params["x"]][:n_objectives]

    def cost(trial: optuna.trial.FrozenTrial) -> float:
        return 1.0 + float(trial.params["y"])

    directions = [optuna.study.StudyDirection.MINIMIZE] * n_objectives
    source = optuna.create_study(
        directions=directions, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    source.optimize(outputs, n_trials=6)
    study = optuna.create_study(directions=directions)
    ScaleUpSampler(source, cost=cost).share_fits(study)
    assert not study.trials
    shared = fits(study)
    assert len(shared) == n_fits + 2
    study.sampler = ScaleUpSampler(source, seed=0, cost=cost)
    study.optimize(outputs, n_trials=1)
    assert fits(study) == shared


def test_the_fit_of_what_fails_is_there_as_well(source: optuna.Study) -> None:
    for value in (0.8, 0.9):
        failed = source.ask({"x": FloatDistribution(value, value + 0.05)})
        source.tell(failed, state=optuna.trial.TrialState.FAIL)
    study = optuna.create_study()
    ScaleUpSampler(source).share_fits(study)
    assert len(fits(study)) == 2


def test_fits_that_were_made_before_are_shared_as_well(source: optuna.Study) -> None:
    sampler = ScaleUpSampler(source, seed=0)
    studies = [optuna.create_study(study_name=name) for name in ("one", "other")]
    sampler.recommend(studies[0])
    for study in studies:
        sampler.share_fits(study)
    assert len(fits(studies[0])) == 1
    assert fits(studies[0]) == fits(studies[1])


CORRUPT: list[Any] = ["{", "[1, null]", "[NaN]", "[1e999]", "[" * 2045, "[1" + "0" * 400 + "]", 7]


@pytest.mark.parametrize("stored", [*CORRUPT, "[0.0]", "[9.0, 9.0, 9.0, 9.0, 9.0]"])
def test_a_fit_that_is_none_is_made_anew(
    source: optuna.Study, stored: Any, log_lines: list[str]
) -> None:
    healthy, damaged = optuna.create_study(), optuna.create_study(study_name="large")
    expected = first_params(healthy, source)
    (key,) = fits(healthy)
    damaged._storage.set_study_system_attr(damaged._study_id, key, stored)
    assert first_params(damaged, source) == expected
    assert fits(damaged) == fits(healthy)
    told = "Study 'large' carries a fit of a source that is none; it is made anew."
    assert log_lines.count(told) == 1


def test_each_objective_has_fits_of_its_own() -> None:
    """With a tail of bad values and without one."""

    def both(trial: optuna.Trial) -> tuple[float, float]:
        return objective(trial), trial.params["x"]

    source = optuna.create_study(
        directions=["minimize"] * 2, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    source.optimize(both, n_trials=6)
    study = optuna.create_study(
        directions=["minimize"] * 2, sampler=ScaleUpSampler(source, seed=0)
    )
    study.optimize(both, n_trials=1)
    assert len(fits(study)) == 4
