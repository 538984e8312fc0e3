"""Many parameters, many choices, many failures."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from tests.contract.test_any_study import suggest


WIDE: dict[str, BaseDistribution] = {f"x{i}": FloatDistribution(0, 1) for i in range(300)}
CHOICES: dict[str, BaseDistribution] = {
    "c": CategoricalDistribution([f"choice {i}" for i in range(500)]),
    "x": FloatDistribution(0, 1),
}


@pytest.mark.parametrize("space", [WIDE, CHOICES], ids=["300 parameters", "500 choices"])
def test_large_spaces(space: dict[str, BaseDistribution]) -> None:
    source = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    for one in (source, source, source, study, study):
        trial = one.ask()
        suggest(trial, space)
        one.tell(trial, sum(v for v in trial.params.values() if isinstance(v, float)))
    assert study.trials[0].params != study.trials[1].params


def test_five_thousand_failed_trials() -> None:
    distributions: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1)}
    failed = [
        optuna.create_trial(
            state=TrialState.FAIL, params={"x": i / 5000}, distributions=distributions
        )
        for i in range(5000)
    ]
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.add_trials(failed)
    study.optimize(lambda t: (t.suggest_float("x", 0, 1) - 0.3) ** 2, n_trials=4)
    assert study.best_value < 0.05
