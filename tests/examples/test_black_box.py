"""The network of black_box.py is really trained; corners and grid are what they are called."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import optuna
import pytest


pytest.importorskip("plotly", reason="the example draws with plotly")

import black_box
from tests.oracles import finite_difference


@pytest.mark.parametrize("hidden", [[3], [3, 5]], ids="AB")
def test_gradient_with_dropout(hidden: list[int]) -> None:
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(n + 1, m)) for n, m in pairwise([4, *hidden, 4])]
    X, target = rng.normal(size=(8, 4)), rng.random((8, 4))
    kept = (rng.random((8, 3)) >= 0.3) / 0.7
    for i, slope in enumerate(black_box.gradient(weights, X, target, kept)):

        def loss(flat: np.ndarray, i: int = i) -> float:
            moved = [*weights[:i], flat.reshape(weights[i].shape), *weights[i + 1 :]]
            return float(np.sum((black_box.forward(moved, X, kept)[-1] - target) ** 2) / 16)

        expected = finite_difference(loss, weights[i].ravel())
        np.testing.assert_allclose(slope.ravel(), expected, atol=1e-7)


def test_training_helps_and_is_repeatable() -> None:
    params = {"encoder": 16, "decoder": "A", "noise": 0.2, "probability": 0.1}
    errors = [black_box.train(params, black_box.Scale(100, n)) for n in (1, 8, 8)]
    assert errors[1] < 0.8 * errors[0]
    assert errors[1] == errors[2]


def test_sixteen_corners() -> None:
    corners = black_box.grid(2)
    assert len(corners) == 16
    assert {c["encoder"] for c in corners} == set(black_box.ENCODER)
    assert {c.get("probability", 0.0) for c in corners} == {0.0, black_box.DROPOUT[1]}
    assert len(black_box.grid(4)) == 128


def test_the_probability_is_there_only_with_dropout() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(black_box.make_objective(black_box.Scale(50, 1)), n_trials=8)
    assert {t.params["dropout"] for t in study.trials} == {False, True}
    assert all(("probability" in t.params) == t.params["dropout"] for t in study.trials)


def test_a_study_that_never_got_there_counts_as_more_than_all() -> None:
    table = black_box.goal_table({"a": [1, math.inf, math.inf], "b": [2.0, 3.0, 4.0]}, 9)
    assert [row.split(" | ")[1:] for row in table.splitlines()[2:]] == [
        ["3     ", "2, 3, 4     |"],
        ["> 9   ", "1, > 9, > 9 |"],
    ]
