"""What is kept with a trial of what was expected of it."""

from __future__ import annotations

from typing import Any
from typing import Literal

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.prediction import read_prediction
from optuna_scaleup.data.prediction import tell_if_misled
from optuna_scaleup.data.prediction import write_prediction
from optuna_scaleup.types import Suggestion


MISLED, HELPED = (0.01, 0.99), (0.5, 0.5)


@pytest.mark.parametrize(
    ("weights", "told_at"),
    [
        ([HELPED, MISLED, HELPED, MISLED, HELPED], None),  # a single trial may err
        ([HELPED, MISLED, MISLED, MISLED], 2),
        ([HELPED, (), MISLED], None),
        ([MISLED], None),
    ],
)
def test_sources_that_mislead_twice_running_are_told_of_once(
    weights: list[tuple[float, ...]], told_at: int | None, log_lines: list[str]
) -> None:
    study, notices = optuna.create_study(study_name="large"), Notices()
    for weight in weights:
        number = study.ask().number
        trial = study.trials[number]
        suggestion = Suggestion(np.zeros(1), (0.0, 1.0, 2.0), weight)
        write_prediction(study, trial, suggestion, np.array([-1.0]), 0.0)
        tell_if_misled(study, trial, study.trials, weight, notices)
    told = [line for line in log_lines if "mislead" in line]
    assert len(told) == (told_at is not None)
    assert all(f"trial {told_at} is suggested without them" in line for line in told)


def test_a_prediction_is_read_in_the_sign_of_the_objective() -> None:
    study = optuna.create_study()
    study.ask()
    suggestion = Suggestion(np.zeros(1), (-3.0, -2.0, -1.0), MISLED)
    write_prediction(study, study.trials[0], suggestion, np.array([-1.0]), 0.25)
    found = read_prediction(study.trials[0])
    assert (found.value_interval, found.source_weights) == ((1.0, 2.0, 3.0), MISLED)
    assert found.seconds == 0.25


def test_nothing_infinite_is_stored() -> None:
    """JSON has no name for it."""
    study = optuna.create_study()
    study.ask()
    suggestion = Suggestion(np.zeros(1), (-np.inf, -2.0, -1.0), HELPED)
    write_prediction(study, study.trials[0], suggestion, np.array([-1.0]), 0.25)
    assert "inf" not in str(study.trials[0].system_attrs).lower()
    found = read_prediction(study.trials[0])
    assert (found.value_interval, found.source_weights) == (None, HELPED)


@pytest.mark.parametrize("kind", ["other", "same", "list", "other but says nothing"])
def test_nothing_is_expected_in_a_unit_that_nobody_has_told(kind: str) -> None:
    """A source of accuracies does not tell which loss to expect, until the study has one."""
    sources: list[Any] = [line("maximize" if kind == "other" else "minimize")]
    if kind == "list":
        sources = [line("maximize").trials]
    elif kind == "other but says nothing":
        sources.insert(0, line("maximize", name="y"))
    space = {"x": FloatDistribution(0, 1)}
    study = optuna.create_study(sampler=ScaleUpSampler(sources, seed=0, search_space=space))
    study.optimize(lambda trial: 100.0 + trial.suggest_float("x", 0, 1), n_trials=2)
    first, second = (read_prediction(trial) for trial in study.trials)
    assert (first.value_interval is None) == (kind == "other")
    assert len(first.source_weights) == 2
    assert second.value_interval is not None


def line(direction: Literal["minimize", "maximize"], name: str = "x") -> optuna.Study:
    study = optuna.create_study(direction=direction)
    for x in np.linspace(0, 1, 5).tolist():
        study.add_trial(
            optuna.create_trial(
                value=x, params={name: x}, distributions={name: FloatDistribution(0, 1)}
            )
        )
    return study
