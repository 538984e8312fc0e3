"""Random Chebyshev scalarisation keeps what is better, better."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.suggest.scalarize import chebyshev
from optuna_scaleup.suggest.scalarize import draw_weights


Y = np.random.default_rng(0).random((20, 3)) * np.array([1.0, 1e6, 1e-6])


def test_weights_lie_on_the_simplex() -> None:
    for seed in range(5):
        w = draw_weights(3, np.random.default_rng(seed))
        assert (w >= 0.0).all()
        assert w.sum() == pytest.approx(1.0)


def test_one_objective_keeps_its_order() -> None:
    y = Y[:, :1]
    np.testing.assert_array_equal(np.argsort(chebyshev(y, np.ones(1))), np.argsort(y[:, 0]))


def test_a_dominating_row_wins() -> None:
    better = Y[:10] + 0.1 * np.ptp(Y, axis=0)
    for seed in range(5):
        w = draw_weights(3, np.random.default_rng(seed))
        value = chebyshev(np.concatenate([Y[:10], better]), w)
        assert (value[10:] > value[:10]).all()


def test_units_do_not_matter() -> None:
    w = np.array([0.2, 0.5, 0.3])
    np.testing.assert_allclose(
        chebyshev(Y, w), chebyshev(Y * [7.0, 1e-3, 1e9] - [1.0, 2.0, 3.0], w), rtol=1e-6
    )


def test_every_weight_has_a_winner_on_the_front() -> None:
    """Two objectives on a concave front: the winner moves along it with the weights."""
    angle = np.linspace(0.0, np.pi / 2.0, 21)
    front = np.column_stack([np.sin(angle), np.cos(angle)])
    winners = [int(chebyshev(front, np.array([w, 1.0 - w])).argmax()) for w in (0.1, 0.5, 0.9)]
    assert winners[0] < winners[1] == 10 < winners[2]


def test_constant_objective() -> None:
    constant = np.column_stack([np.ones(4), np.arange(4.0)])
    value = chebyshev(constant, np.array([0.5, 0.5]))
    assert np.isfinite(value).all()
    assert value.argmax() == 3
