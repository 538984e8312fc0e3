"""What Optuna offers around a sampler works with this one."""

from __future__ import annotations

import copy
import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler


def quadratic(trial: optuna.Trial, optimum: float) -> float:
    x = trial.suggest_float("x", 0, 1)
    y = trial.suggest_float("y", 0, 1)
    return (x - optimum) ** 2 + (y - optimum) ** 2


@pytest.fixture
def source() -> optuna.Study:
    study = optuna.create_study(study_name="small", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: quadratic(trial, 0.3), n_trials=20)
    return study


def test_both_studies_in_one_storage(source: optuna.Study, tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'both.db'}"
    optuna.copy_study(from_study_name="small", from_storage=source._storage, to_storage=storage)
    small = optuna.load_study(study_name="small", storage=storage)
    large = optuna.create_study(
        study_name="large", storage=storage, sampler=ScaleUpSampler(small, seed=0)
    )
    large.optimize(lambda trial: quadratic(trial, 0.3), n_trials=4)
    assert len(small.trials) == 20
    assert large.best_value < 0.02


def test_ask_and_tell(source: optuna.Study) -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    fixed = {"x": FloatDistribution(0, 1), "c": CategoricalDistribution(["u", "v"])}
    for _ in range(3):
        trial = study.ask(fixed)
        assert set(trial.params) == {"x", "c"}
        study.tell(trial, trial.params["x"])
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 3


def test_enqueued_trials_keep_their_values_and_the_rest_is_suggested(
    source: optuna.Study,
) -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    for value in (0.9, 0.8):
        study.enqueue_trial({"x": value})
        study.optimize(lambda trial: quadratic(trial, 0.3), n_trials=1)
        assert study.trials[-1].params["x"] == value
    assert abs(study.trials[0].params["y"] - 0.3) < 0.2


@pytest.mark.filterwarnings("ignore:Fixed parameter:UserWarning")
def test_enqueued_values_outside_their_range(source: optuna.Study) -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    study.enqueue_trial({"x": 5.0})
    study.enqueue_trial({"y": -1e6})
    study.optimize(lambda trial: quadratic(trial, 0.3), n_trials=4)
    assert study.trials[0].params["x"] == 5.0
    assert all(0 <= t.params["x"] <= 1 and 0 <= t.params["y"] <= 1 for t in study.trials[2:])


def test_added_trials_count(source: optuna.Study) -> None:
    """Among them one that lacks a parameter."""
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.add_trials(source.trials)
    study.add_trial(
        optuna.create_trial(
            value=1.0, params={"x": 0.5}, distributions={"x": FloatDistribution(0, 1)}
        )
    )
    study.optimize(lambda trial: quadratic(trial, 0.3), n_trials=4)
    assert study.best_value <= source.best_value
    assert study.best_value < 0.02


@pytest.mark.parametrize("n_jobs", [2, 4])
def test_threads_get_different_points(source: optuna.Study, n_jobs: int) -> None:
    for sampler in (ScaleUpSampler(source, seed=0), ScaleUpSampler(seed=0)):
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda trial: quadratic(trial, 0.4), n_trials=8, n_jobs=n_jobs)
        assert len({tuple(trial.params.values()) for trial in study.trials}) == 8


def test_trials_asked_at_once_get_different_points(source: optuna.Study) -> None:
    for sampler in (ScaleUpSampler(source, seed=0), ScaleUpSampler(seed=0)):
        study = optuna.create_study(sampler=sampler)
        trials = [study.ask() for _ in range(5)]
        points = {(t.suggest_float("x", 0, 1), t.suggest_float("y", 0, 1)) for t in trials}
        assert len(points) == 5


@pytest.mark.parametrize("n_finished", [0, 3])
@pytest.mark.parametrize("is_warm", [False, True])
def test_workers_that_start_at_the_same_moment_get_different_points(
    source: optuna.Study, n_finished: int, is_warm: bool
) -> None:
    """None of them sees what the others are about to try."""
    sampler = ScaleUpSampler(source if is_warm else None)
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: quadratic(trial, 0.4), n_trials=n_finished)
    for _ in range(4):
        study.ask()
    points = []
    for i in range(4):
        worker = copy.deepcopy(study)  # its own storage, in which nobody else moves
        trial = optuna.Trial(worker, worker.trials[n_finished + i]._trial_id)
        points.append([trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)])
    gaps = [np.abs(np.subtract(p, q)).max() for p, q in itertools.combinations(points, 2)]
    assert min(gaps) > 0.01


def test_partial_fixed_sampler(source: optuna.Study) -> None:
    study = optuna.create_study()
    study.sampler = optuna.samplers.PartialFixedSampler({"y": 0.7}, ScaleUpSampler(source, seed=0))
    study.optimize(lambda trial: quadratic(trial, 0.3), n_trials=4)
    assert all(trial.params["y"] == 0.7 for trial in study.trials)
    assert abs(study.best_params["x"] - 0.3) < 0.2


def gap(trial: optuna.Trial) -> float:
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    return (x - y) ** 2


def test_the_rest_follows_what_partial_fixed_sampler_holds() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(gap, n_trials=20)
    study.sampler = optuna.samplers.PartialFixedSampler({"y": 0.85}, ScaleUpSampler(seed=0))
    study.optimize(gap, n_trials=4)
    assert min(abs(trial.params["x"] - 0.85) for trial in study.trials[20:]) < 0.05


def test_a_parameter_that_the_objective_loses_is_forgotten() -> None:
    def objective(trial: optuna.Trial) -> float:
        x, z = trial.suggest_float("x", 0, 1), trial.suggest_float("z", 0, 1)
        if trial.number < 3:
            trial.suggest_float("y", 0, 1)
        return (x - 0.3) ** 2 + (z - 0.6) ** 2

    sampler = ScaleUpSampler(seed=1)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=12)
    assert study.best_value < 0.01
    assert sampler.recommend(study)[0].params.keys() == {"x", "z"}


def test_the_rest_follows_a_value_that_changes() -> None:
    small = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    small.optimize(gap, n_trials=30)
    sampler = ScaleUpSampler(small, seed=0)
    study = optuna.create_study()
    for x in (0.9, 0.1, 0.5, 0.2, 0.8):
        study.sampler = optuna.samplers.PartialFixedSampler({"x": x}, sampler)
        study.optimize(gap, n_trials=1)
    assert [trial.params["x"] for trial in study.trials] == [0.9, 0.1, 0.5, 0.2, 0.8]
    assert np.median([abs(t.params["x"] - t.params["y"]) for t in study.trials]) < 0.1
    report = sampler.diagnose(study)
    assert report.calibration is not None
    assert report.calibration.n_inside == 5


@pytest.mark.parametrize(
    "pruner",
    [
        optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9, reduction_factor=3),
        optuna.pruners.MedianPruner(n_startup_trials=2),
        optuna.pruners.SuccessiveHalvingPruner(),
        optuna.pruners.PercentilePruner(25.0, n_startup_trials=2),
        optuna.pruners.PatientPruner(optuna.pruners.MedianPruner(n_startup_trials=2), patience=1),
    ],
    ids=lambda pruner: type(pruner).__name__,
)
def test_pruners(source: optuna.Study, pruner: optuna.pruners.BasePruner) -> None:
    def objective(trial: optuna.Trial) -> float:
        loss = quadratic(trial, 0.3)
        for step in range(9):
            trial.report(loss + 1.0 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss

    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0), pruner=pruner)
    study.optimize(objective, n_trials=8)
    assert {t.state for t in study.trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert study.best_value < 0.05


def test_all_trials_pruned_or_failed(source: optuna.Study) -> None:
    def objective(trial: optuna.Trial) -> float:
        quadratic(trial, 0.3)
        if trial.number % 2:
            raise optuna.TrialPruned
        raise RuntimeError

    for sampler in (ScaleUpSampler(source, seed=0), ScaleUpSampler(seed=0)):
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(sampler=sampler)
        study.optimize(objective, n_trials=6, catch=RuntimeError)
        assert all(len(trial.params) == 2 for trial in study.trials)


def test_a_point_that_fails_is_not_tried_for_ever(source: optuna.Study) -> None:
    def objective(trial: optuna.Trial) -> float:
        value = quadratic(trial, 0.3)
        return value if trial.params["x"] > 0.35 else float("nan")

    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    study.optimize(objective, n_trials=12)
    assert any(trial.state == TrialState.COMPLETE for trial in study.trials)


@pytest.mark.parametrize("copy_of", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_suggest_the_same(source: optuna.Study, copy_of: Any) -> None:
    original = ScaleUpSampler(source, seed=5)
    optuna.create_study(sampler=original).optimize(lambda t: quadratic(t, 0.4), n_trials=2)
    params = []
    for sampler in (original, copy_of(original)):
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda trial: quadratic(trial, 0.4), n_trials=3)
        params.append([trial.params for trial in study.trials])
    assert params[0] == params[1]


def test_conditional_parameters() -> None:
    def objective(trial: optuna.Trial) -> float:
        n_layers = trial.suggest_int("n_layers", 1, 3)
        widths = [trial.suggest_int(f"width_{i}", 4, 64, log=True) for i in range(n_layers)]
        return float(abs(n_layers - 2) + sum(abs(width - 16) for width in widths))

    source = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    source.optimize(objective, n_trials=15)
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    study.optimize(objective, n_trials=6)
    assert all(len(t.params) == 1 + t.params["n_layers"] for t in study.trials)
