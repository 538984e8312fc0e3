"""The synthetic families keep what their names promise."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tasks import Task
from benchmarks.tasks.synthetic import build_synthetic
from benchmarks.tasks.synthetic import synthetic_ids
from benchmarks.tasks.synthetic.landscape import random_bowl
from benchmarks.tasks.synthetic.made import unit_ball_radius


@pytest.fixture(scope="module", params=synthetic_ids())
def task(request: pytest.FixtureRequest) -> Task:
    return build_synthetic(request.param)


def test_no_configuration_beats_the_best(task: Task) -> None:
    params = task.random_params(500, seed=3)
    regrets = [task.regret(task.noise_free(p)) for p in params]
    assert min(regrets) >= 0
    assert 0.3 < float(np.median(regrets)) <= 3


def test_values_are_deterministic(task: Task) -> None:
    params = task.random_params(20, seed=1)
    np.testing.assert_array_equal(task.evaluate_many(params), task.evaluate_many(params))
    again = build_synthetic(task.id)
    np.testing.assert_array_equal(task.evaluate_many(params), again.evaluate_many(params))
    assert task.evaluate(params[0]) == pytest.approx(
        task.evaluate_many(params)[0], rel=1e-12, nan_ok=True
    )


def test_inactive_parameters_are_absent() -> None:
    params = build_synthetic("conditional_0").random_params(100, seed=0)
    for p in params:
        assert ("momentum" in p) == (p["optimizer"] == "sgd")
        assert ("beta2" in p) == (p["optimizer"] != "sgd")


@pytest.mark.parametrize("n_dims", [1, 2, 5])
def test_bowl_has_its_minimum_at_the_center(n_dims: int) -> None:
    rng = np.random.default_rng(n_dims)
    bowl = random_bowl(n_dims, rng).rotated(0.5)
    assert bowl(bowl.center[None]) == pytest.approx(0)
    assert (bowl(rng.random((1000, n_dims))) > 0).all()


def test_relations_have_the_promised_correlations() -> None:
    def rho(task_id: str) -> float:
        return build_synthetic(task_id).sources[0].rho

    assert rho("reversed_2d") == pytest.approx(-1)
    assert abs(rho("permuted_4d")) < 0.15
    assert rho("rotation_2d") > 0.8


def test_ladder_comes_closer_with_size() -> None:
    task = build_synthetic("ladder_4d")
    rhos = [source.rho for source in task.sources]
    assert rhos == sorted(rhos)
    sizes = [(source.scale or {})["size"] for source in task.sources]
    assert sizes == sorted(sizes)


def test_most_of_a_plateau_is_one_value() -> None:
    values = build_synthetic("plateau_4d").evaluate_many(
        build_synthetic("plateau_4d").random_params(2000, seed=0)
    )
    assert np.mean(values == values.max()) > 0.8
    assert np.mean(values < values.max()) > 0.05


@pytest.mark.parametrize("family", ["diverging", "memory", "flaky"])
def test_some_trials_fail_but_not_at_the_optimum(family: str) -> None:
    task = build_synthetic(f"{family}_2d")
    params = task.random_params(1000, seed=0)
    is_failed = np.isnan(task.evaluate_many(params))
    assert 0.15 < np.mean(is_failed) < 0.5
    regrets = np.array([task.regret(task.noise_free(p)) for p in params])
    assert regrets[is_failed].min() > 1.0
    assert regrets[~is_failed].min() < 0.05
    (source,) = task.sources
    assert np.isnan(source.evaluate_many(params)).any() == (family == "diverging")


def test_noise_hides_the_exact_value() -> None:
    task = build_synthetic("noisy_2d")
    params = task.random_params(500, seed=0)
    errors = [task.evaluate(p) - task.noise_free(p) for p in params]
    assert np.std(errors) == pytest.approx(0.02, rel=0.15)


def test_ball_of_given_volume() -> None:
    assert unit_ball_radius(1, 2.0) == pytest.approx(1)
    assert unit_ball_radius(2, np.pi) == pytest.approx(1)
    assert unit_ball_radius(3, 4 / 3 * np.pi) == pytest.approx(1)
