"""Measures and spaces of the example are what their names say."""

from __future__ import annotations

import math

import numpy as np
import optuna
import pytest


pytest.importorskip("torch", reason="needs torch")

import torch

import _cnn
import _torch
import cnn_cost_constraints as example
from optuna_scaleup import recommend


CONFIG = _cnn.Config(learning_rate=0.1, momentum=0.9, dropout=0.5, batch_size=8, channels=4)


def test_memory_counts_parameters_three_times_and_maps_once_per_image() -> None:
    n_parameters = (9 * 4 + 4) + (9 * 4 * 8 + 8) + (8 * 49 * 10 + 10)
    n_values = 2 * 4 * 28**2 + 4 * 14**2 + 2 * 8 * 14**2 + 3 * 8 * 7**2 + 10
    assert _cnn.n_parameters(_cnn.build(CONFIG)) == n_parameters
    expected = 4 * (3 * n_parameters + 8 * n_values) / 2**20
    assert _cnn.memory_of(CONFIG) == pytest.approx(expected)


def test_every_image_judges_in_one_fold_only(monkeypatch: pytest.MonkeyPatch) -> None:
    images = (torch.arange(10.0), torch.arange(10))
    seen: list[tuple[list[int], list[int]]] = []
    lab = _cnn.Lab(_cnn.Scale(n_images=8, n_epochs=1), images, images, seed=0)

    def error(_: _cnn.Lab, train: _torch.Images, valid: _torch.Images, __: _cnn.Config) -> float:
        seen.append((train[1].tolist(), valid[1].tolist()))
        return len(seen) / 10

    monkeypatch.setattr(_cnn.Lab, "_error", error)
    assert lab.error_of_folds(CONFIG) == pytest.approx(0.2)
    assert sorted(number for _, valid in seen for number in valid) == list(range(8))
    assert all(sorted(train + valid) == list(range(8)) for train, valid in seen)


def test_the_small_study_recommends_on_the_grid() -> None:
    small = optuna.create_study()
    for learning_rate in (0.002, 0.01, 0.3):
        params = {
            "learning_rate": learning_rate,
            "momentum": 0.5,
            "dropout": 0.2,
            "batch_size": 32,
        }
        small.enqueue_trial(params)
    small.optimize(lambda trial: abs(math.log10(example.suggest(trial).learning_rate) + 2), 3)
    grid = optuna.create_study()
    grid.optimize(lambda trial: float(example.suggest_on_grid(trial).batch_size), n_trials=1)
    space = grid.trials[0].distributions
    [best] = recommend(example.as_grid(small), search_space=space)
    assert set(best.params) == set(space)
    assert best.params["log10_learning_rate"] == pytest.approx(-2)
    assert best.params["log2_batch_size"] == 5


def test_hypervolume_is_the_area_that_random_points_find() -> None:
    study = optuna.create_study(directions=["minimize", "minimize"])
    values = [(0.5, 1e3), (0.2, 5e3), (0.6, 2e2), (0.55, 4e3), (0.95, 1e2), (0.1, 1e6)]
    study.add_trials([optuna.create_trial(values=list(v)) for v in values])
    error, size = np.random.default_rng(0).random((2, 200_000)) * np.array([[0.9], [4.5]])
    is_dominated = np.zeros(error.shape, dtype=bool)
    for e, n in values:
        is_dominated |= (error >= e) & (size >= math.log10(n))
    area = is_dominated.mean() * 0.9 * 4.5
    assert example.hypervolume(study) == pytest.approx(area, rel=0.02)


def test_an_error_counts_only_if_it_keeps_to_the_constraint() -> None:
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.create_trial(value=0.1, constraints={"memory": 0.5}),
            optuna.create_trial(value=0.3, constraints={"memory": -0.5}),
        ]
    )
    assert example.feasible_error(study) == 0.3
