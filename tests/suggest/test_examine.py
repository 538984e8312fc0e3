"""From a problem to what is known about its sources."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.model.diagnosis import diagnose
from optuna_scaleup.model.gp import VALUES
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.suggest.examine import Examination
from optuna_scaleup.suggest.examine import examine
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.suggest.outputs import objective_outputs
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.suggest.source_fits import SourceFits
from optuna_scaleup.types import Problem
from tests.fakes import feature_map
from tests.suggest.problems import warm


def examined(problem: Problem, *, is_deterministic: bool = False) -> Examination:
    return examine(Modeller(is_deterministic), problem, np.random.default_rng(0))


@pytest.mark.parametrize("is_deterministic", [False, True])
def test_a_source_is_examined_by_what_is_known_of_noise(is_deterministic: bool) -> None:
    problem = objective_outputs(warm(5))[0].problem
    X, y = problem.target.X, problem.target.Y[:, 0]
    (source,), rng = SourceFits().sources_of(problem), np.random.default_rng(0)
    expected = diagnose(
        Rows.of(feature_map(problem.space, X), X, y),
        source,
        lambda n_points, n_dims: sobol(n_points, n_dims, rng),
        VALUES.noise_free() if is_deterministic else VALUES,
    )
    (found,) = examined(warm(5), is_deterministic=is_deterministic).sources
    np.testing.assert_array_equal(found.motion, expected.motion)
    np.testing.assert_array_equal(found.predicted, expected.predicted)


@pytest.mark.parametrize("n_trials", [0, 5])
def test_what_runs_says_nothing_of_a_source(n_trials: int) -> None:
    problem = warm(n_trials)
    alone, beside = examined(problem), examined(problem.with_pending(np.array([0.2, 0.9])))
    np.testing.assert_array_equal(beside.sources[0].motion, alone.sources[0].motion)
    assert (beside.weights, beside.own_share) == (alone.weights, alone.own_share)
