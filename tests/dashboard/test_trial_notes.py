"""Why each trial was tried: every reason that is given is true."""

from __future__ import annotations

import json
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from typing import Literal

import optuna
import pytest
from optuna.trial import TrialState


pytest.importorskip("plotly", reason="the dashboard shows figures")

from optuna_scaleup.dashboard._history import History
from optuna_scaleup.dashboard._history import Known
from optuna_scaleup.dashboard._trial_notes import trial_note


HOUR = datetime(2024, 1, 1, 12)
SPACE: dict[str, optuna.distributions.BaseDistribution] = {
    "lr": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
    "n": optuna.distributions.IntDistribution(1, 4),
    "kind": optuna.distributions.CategoricalDistribution(["a", "b"]),
}


def note(
    interval: tuple[float, float, float],
    best: float | None = None,
    *,
    known: Known | None = None,
    lr: float = 0.02,
    direction: Literal["minimize", "maximize"] = "minimize",
) -> str:
    known = known or Known(best, is_first=False)
    study = optuna.create_study(direction=direction)
    trial = optuna.create_trial(
        params={"lr": lr, "n": 2, "kind": "b"},
        distributions=SPACE,
        value=1.0,
        system_attrs={
            "scaleup:prediction:0": json.dumps(
                {"value_interval": interval, "source_weights": [0.9, 0.1]}
            ),
        },
    )
    return trial_note(study, trial, known, ["small", "no source"])


def test_a_value_cut_off_at_zero_has_one_end() -> None:
    assert "- predicted: **at most 2** with 90 % probability" in note((0.0, 0.0, 2.0), 1.0)
    assert "- predicted: **0**, between -1 and 2 with" in note((-1.0, 0.0, 2.0), 1.0)


def test_hope_goes_the_way_of_the_study() -> None:
    assert "unsure enough that it may be: down to 0.5." in note((0.5, 1.5, 2.0), 1.0)
    up = note((0.5, 1.5, 2.0), 1.75, direction="maximize")
    assert "unsure enough that it may be: up to 2." in up


def test_the_centre_is_tried_for_what_it_tells() -> None:
    """It stands in the plan whatever is expected there."""
    assert "the centre of the space, which tells whether" in note((0.5, 1.5, 2.0), 1.0, lr=0.01)
    assert "the centre of the space, which tells whether" in note((1.2, 1.5, 2.0), 1.0, lr=0.01)
    assert "centre" not in note((0.5, 1.5, 2.0), 1.0, lr=0.011)
    assert "**Exploit**" in note((0.5, 0.9, 2.0), 1.0, lr=0.01)


def test_only_the_first_trial_is_the_best_guess() -> None:
    """Later ones, that start before any value is known, look elsewhere."""
    interval = (0.5, 0.9, 2.0)
    first = note(interval, known=Known())
    assert "**Exploit**: the best guess from the sources alone." in first
    later = note(interval, known=Known(is_first=False))
    assert "**Explore**: a look elsewhere, no value being known yet." in later
    broken = note(interval, known=Known(is_first=False, has_broken=True))
    assert "**Explore**: a look for what keeps the constraints" in broken


def timed(*trials: tuple[int, int | None, float | None]) -> list[optuna.trial.FrozenTrial]:
    """Trials that start and end in these minutes with these values, or fail, or run."""
    made = []
    for number, (start, end, value) in enumerate(trials):
        state = TrialState.COMPLETE if value is not None else TrialState.FAIL
        trial = optuna.create_trial(state=state, value=value)
        trial.number = number
        trial.datetime_start = HOUR + timedelta(minutes=start)
        trial.datetime_complete = None if end is None else HOUR + timedelta(minutes=end)
        trial.state = TrialState.RUNNING if end is None else state
        made.append(trial)
    return made


def test_what_runs_beside_a_trial_is_not_known_to_it() -> None:
    study = optuna.create_study()
    trials = timed((0, 5, 0.1), (1, 2, 0.7), (3, 4, 0.9), (6, 7, 0.5), (7, None, None))
    history = History(study, trials)
    assert [history.before(t).best for t in trials] == [None, None, 0.7, 0.1, 0.1]
    assert [history.before(t).is_first for t in trials] == [True, *[False] * 4]


def test_what_is_known_is_the_best_feasible_value() -> None:
    study = optuna.create_study(direction="maximize")
    trials = timed((0, 1, 9.0), (1, 2, None), (2, 3, 0.2), (3, 4, 0.4), (4, 5, 0.3))
    trials[0].system_attrs["constraints"] = (1.0,)
    history = History(study, trials)
    assert [history.before(t).best for t in trials] == [None, None, None, 0.2, 0.4]
    assert [history.before(t).has_broken for t in trials] == [False, *[True] * 4]


def test_a_trial_without_times_goes_by_its_number() -> None:
    study = optuna.create_study()
    trials = timed((0, 5, 0.1), (1, 2, 0.7))
    trials[1].datetime_start = None
    assert History(study, trials).before(trials[1]) == Known(0.1, is_first=False)
    two = optuna.create_study(directions=["minimize"] * 2)
    assert History(two, trials).before(trials[1]).best is None


def test_what_starts_before_an_enqueued_one_is_first() -> None:
    study = optuna.create_study()
    trials = timed((3, 4, 0.1), (1, 2, 0.7))
    assert History(study, trials).before(trials[1]).is_first


def test_a_trial_of_another_program_may_name_its_time_zone() -> None:
    study = optuna.create_study()
    trials = [optuna.create_trial(value=0.5), optuna.create_trial(value=0.7)]
    for number, one in enumerate(trials):
        one.number = number
        one.datetime_start = one.datetime_complete = HOUR + number * timedelta(hours=1)
    aware = HOUR.astimezone(timezone.utc)
    trials[0].datetime_start = trials[0].datetime_complete = aware
    assert History(study, trials).before(trials[1]) == Known(0.5, is_first=False)
