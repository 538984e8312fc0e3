"""How far an optimum may move."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.model.diagnosis import within
from optuna_scaleup.model.drift import Optimum


def test_an_optimum_moves_within_the_space() -> None:
    """One that is known, one at an end, one not known, one beyond the space, one of choices."""
    X = np.array([[0.1, 0.0, 0.0, 0.5, np.nan], [0.9, 1.0, 1.0, 1.5, np.nan]])
    optimum = Optimum(
        0, np.array([0.4, 0.95, 0.5, 1.3, 0.5]), np.array([0.05, 0.1, 1.0, 0.05, np.inf]) ** 2
    )
    far = np.array([[-9.0] * 4 + [np.nan], [9.0] * 4 + [np.nan], [0.1] * 4 + [np.nan]])
    low, high, near = within(far, optimum, X)
    np.testing.assert_allclose(low[:4], [-0.5, -1.0, -1.0, -1.4])
    np.testing.assert_allclose(high[:4], [0.7, 0.25, 1.0, -0.2])
    np.testing.assert_allclose(near[:4], [0.1, 0.1, 0.1, -0.2])
    assert np.isnan([low[4], high[4], near[4]]).all()
