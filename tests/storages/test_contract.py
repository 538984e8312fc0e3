"""The same contract on every storage that Optuna has for several processes."""

from __future__ import annotations

import itertools

import numpy as np
import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import study_attrs
from optuna_scaleup.data.fit_shelf import StudyShelf
from optuna_scaleup.data.plan import Plan
from optuna_scaleup.data.plan import read_plan
from optuna_scaleup.data.plan import write_plan
from optuna_scaleup.data.prediction import write_prediction
from optuna_scaleup.types import Suggestion
from tests.storages.places import Place
from tests.storages.workers import create
from tests.storages.workers import first_batch
from tests.storages.workers import in_processes
from tests.storages.workers import objective
from tests.storages.workers import small_space
from tests.storages.workers import some_trials
from tests.storages.workers import source_trials


N_WORKERS = {"mariadb": 8}


def test_workers_that_start_together_spread(place: Place) -> None:
    study = create(place)
    n_workers = N_WORKERS.get(place.kind, 4)
    batch = in_processes(n_workers, first_batch, place, place.kind != "journal")
    points = np.array([[params["x"], params["y"]] for params in batch])
    gaps = np.abs(points[:, None] - points[None]).max(axis=-1) + np.eye(n_workers)
    # They draw from seeds of their own at moments of their own, so two may come close.
    assert gaps.min() > 1e-6
    assert gaps.min(axis=1).mean() > 0.02
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * n_workers


def test_a_new_process_goes_on_as_if_never_interrupted(place: Place) -> None:
    create(place)
    for _ in range(2):
        (params,) = in_processes(1, some_trials, place, 1, 7)
    alone = optuna.create_study(sampler=ScaleUpSampler(source_trials(), seed=7))
    alone.optimize(objective, n_trials=2)
    assert params == [trial.params for trial in alone.trials]
    fits = [key for key in study_attrs(create_view(place)) if "source_fit" in key]
    assert len(fits) == 1


def create_view(place: Place) -> optuna.Study:
    (summary,) = optuna.get_all_study_summaries(storage=place.open())
    return optuna.load_study(study_name=summary.study_name, storage=place.open())


def test_attributes_of_three_hundred_parameters_fit(place: Place) -> None:
    study = create(place)
    study.ask()
    trial = study.trials[0]
    params = {f"layer {i} größe 😀": i / 7 if i % 2 else f"choice {i} 😀" for i in range(300)}
    plan = Plan(params, is_relative=True)
    write_plan(study, trial, plan)
    write_prediction(
        study, trial, Suggestion(np.zeros(300), (-1e300, 0.1, 1e300), (0.1,) * 4), np.ones(1), 9.9
    )
    theta = np.linspace(-9.0, 9.0, 303).round(4)
    StudyShelf(study, Notices()).put("0123456789abcdef", theta)
    seen = create_view(place)
    assert read_plan(seen.trials[0], Notices()) == plan
    np.testing.assert_array_equal(StudyShelf(seen, Notices()).get("0123456789abcdef"), theta)


def test_no_two_workers_try_the_same(postgresql: Place) -> None:
    """On a space of 15 points, with eight workers that start together."""
    study = create(postgresql)
    in_processes(8, small_space, postgresql, 2)
    trials = study.trials
    assert [t.state for t in trials] == [TrialState.COMPLETE] * 16
    assert [
        (p.number, q.number) for p, q in itertools.combinations(trials, 2) if clash(p, q)
    ] == []


def clash(one: FrozenTrial, other: FrozenTrial) -> bool:
    """Whether one was suggested while the other was running with the same parameters."""
    first, second = sorted([one, other], key=lambda t: t.user_attrs["suggested"])
    assert first.datetime_complete is not None
    end = first.datetime_complete.timestamp()
    return first.params == second.params and second.user_attrs["suggested"] < end


def test_a_study_of_another_sampler_is_taken_over(place: Place) -> None:
    study = optuna.create_study(
        study_name="old",
        storage=place.open(),
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    study.optimize(objective, n_trials=3)
    study.sampler = ScaleUpSampler(study.trials, seed=0)
    study.optimize(objective, n_trials=2)
    assert len(study.get_trials(states=(TrialState.COMPLETE,))) == 5
