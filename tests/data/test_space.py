"""The modelled space and how it is read off trials."""

from __future__ import annotations

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.space import is_known
from optuna_scaleup.data.space import is_settled
from optuna_scaleup.data.space import observed_distributions


UNIT = FloatDistribution(0, 1)


def trial(
    distributions: dict[str, BaseDistribution], state: TrialState = TrialState.COMPLETE
) -> FrozenTrial:
    values = {
        name: d.choices[0] if isinstance(d, CategoricalDistribution) else d.low
        for name, d in distributions.items()
        if isinstance(d, (CategoricalDistribution, FloatDistribution, IntDistribution))
    }
    is_complete = state == TrialState.COMPLETE
    return optuna.create_trial(
        state=state, value=1.0 if is_complete else None, params=values, distributions=distributions
    )


def test_columns_are_sorted_and_leave_a_choice() -> None:
    space = SearchSpace.of({"b": UNIT, "a": IntDistribution(1, 3), "one": FloatDistribution(1, 1)})
    assert space.names == ("a", "b")
    assert space.unit.n_dims == 2


def test_encode_marks_missing_and_foreign_values() -> None:
    space = SearchSpace.of({"a": UNIT, "c": CategoricalDistribution(["x", None])})
    X = space.encode([{"a": 0.25, "c": None}, {"a": "text"}, {"c": "y", "other": 1}])
    np.testing.assert_array_equal(X, [[0.25, 1.0], [np.nan, np.nan], [np.nan, np.nan]])


def test_no_rows_and_no_columns_keep_their_shape() -> None:
    assert SearchSpace.of({"a": UNIT}).encode([]).shape == (0, 1)
    assert SearchSpace.of({}).encode([{}, {}]).shape == (2, 0)


def test_decode_returns_what_optuna_would() -> None:
    space = SearchSpace.of({"c": CategoricalDistribution(["x", None]), "n": IntDistribution(1, 4)})
    params = space.decode(np.array([1.0, 0.875]))
    assert params == {"c": None, "n": 4}
    assert type(params["n"]) is int


def test_latest_range_wins_and_no_parameter_is_lost() -> None:
    wide = FloatDistribution(0, 100)
    trials = [trial({"a": UNIT, "old": UNIT}), trial({"a": wide, "new": UNIT})]
    assert observed_distributions(trials) == {"a": wide, "old": UNIT, "new": UNIT}


def test_settled_means_that_ended_trials_agree() -> None:
    one, two = trial({"a": UNIT}), trial({"a": UNIT, "b": UNIT})
    failed = trial({"a": UNIT}, TrialState.FAIL)
    assert is_settled([two, two, failed])
    assert not is_settled([one, two])
    assert not is_settled([failed])
    assert not is_settled([])
    assert not is_settled([trial({})])


def test_known_after_one_trial_that_ran_to_its_end() -> None:
    assert is_known([trial({"a": UNIT}, TrialState.PRUNED)])
    assert not is_known([trial({"a": UNIT}, TrialState.FAIL), trial({})])
