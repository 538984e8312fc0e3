"""Running trials of workers that died."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from optuna_scaleup._optuna import Notices
from optuna_scaleup.data import liveness
from optuna_scaleup.data.liveness import without_dead


NOW = datetime(2026, 1, 1)
MINUTE = timedelta(minutes=1)


def complete(number: int, duration: timedelta) -> FrozenTrial:
    trial = optuna.create_trial(value=0.0)
    trial.number = number
    trial.datetime_start, trial.datetime_complete = NOW - duration, NOW
    return trial


def running(number: int, age: timedelta) -> FrozenTrial:
    trial = optuna.create_trial(state=TrialState.RUNNING)
    trial.number = number
    trial.datetime_start = NOW - age
    return trial


def alive(trials: list[FrozenTrial]) -> list[int]:
    study = optuna.create_study(study_name="large")
    asking = running(len(trials), timedelta(0))
    return [t.number for t in without_dead(study, [*trials, asking], asking, Notices())]


def test_the_bound_grows_with_the_durations() -> None:
    trials = [running(0, 101 * MINUTE), running(1, 99 * MINUTE), complete(2, 10 * MINUTE)]
    assert alive(trials) == [1, 2, 3]
    assert alive([*trials, complete(3, 11 * MINUTE)]) == [0, 1, 2, 3, 4]


def test_whoever_asks_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a trial of `study.ask` never shows a sign of life by itself."""
    monkeypatch.setattr(liveness, "has_lost_heartbeat", lambda study: lambda trial: True)
    assert alive([running(0, MINUTE), running(1, MINUTE)]) == [2]


def test_some_minutes_are_always_granted() -> None:
    trials = [running(0, 14 * MINUTE), running(1, 16 * MINUTE), complete(2, timedelta(seconds=1))]
    assert alive(trials) == [0, 2, 3]


def test_a_trial_that_was_added_has_no_duration() -> None:
    trials = [running(0, 60 * MINUTE), complete(1, timedelta(0))]
    assert alive(trials) == [0, 1, 2]


def test_nobody_knows_how_long_the_first_trials_take() -> None:
    pruned = complete(1, MINUTE)
    pruned.state = TrialState.PRUNED
    assert alive([running(0, timedelta(days=30)), pruned]) == [0, 1, 2]


def test_times_that_cannot_be_are_survived() -> None:
    ages = [-timedelta(days=1), timedelta(days=500_000)]
    trials = [running(i, age) for i, age in enumerate(ages)]
    trials[0].datetime_start = None
    assert alive([*trials, complete(2, timedelta(days=700_000))]) == [0, 1, 2, 3]
    assert alive([*trials, complete(2, -timedelta(days=1))]) == [0, 2, 3]


def test_it_is_told_once(log_lines: list[str]) -> None:
    study = optuna.create_study(study_name="large")
    trials = [running(0, 60 * MINUTE), complete(1, MINUTE), running(2, timedelta(0))]
    notices = Notices()
    for _ in range(2):
        without_dead(study, trials, trials[-1], notices)
    assert log_lines == ["Trial 0 of study 'large' seems dead; it no longer counts."]


def silence(storage: optuna.storages.RDBStorage, trial: optuna.Trial) -> None:
    """Dates its last heartbeat back, so that nothing has to wait and a stall changes nothing."""
    an_hour_ago = "UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour')"
    with storage.engine.begin() as connection:
        connection.execute(
            sqlalchemy.text(f"{an_hour_ago} WHERE trial_id = :id"), {"id": trial._trial_id}
        )


@pytest.mark.filterwarnings("ignore:Heartbeat of storage:UserWarning")  # no optimize() here
def test_the_heartbeat_of_the_storage_counts(tmp_path: Path) -> None:
    storage = optuna.storages.RDBStorage(
        f"sqlite:///{tmp_path / 'heart.db'}", heartbeat_interval=60, grace_period=600
    )
    study = optuna.create_study(storage=storage)
    silent, beating, asking = study.ask(), study.ask(), study.ask()
    for trial in (silent, beating):
        storage.record_heartbeat(trial._trial_id)

    def alive_now() -> list[int]:
        now = study.trials
        return [t.number for t in without_dead(study, now, now[asking.number], Notices())]

    assert alive_now() == [0, 1, 2]
    silence(storage, silent)
    assert alive_now() == [1, 2]
    assert study.trials[0].state == TrialState.RUNNING


@pytest.mark.filterwarnings("ignore:Heartbeat of storage:UserWarning")  # no optimize() here
def test_beside_a_heartbeat_durations_hardly_count(tmp_path: Path) -> None:
    """A long trial that beats is alive; one of `study.ask` never beats."""
    storage = optuna.storages.RDBStorage(
        f"sqlite:///{tmp_path / 'heart.db'}", heartbeat_interval=60
    )
    study = optuna.create_study(storage=storage)
    ages = [140 * MINUTE, 160 * MINUTE]
    trials = [*map(running, range(2), ages), complete(2, timedelta(seconds=1))]
    asking = running(3, timedelta(0))
    now = without_dead(study, [*trials, asking], asking, Notices())
    assert [trial.number for trial in now] == [0, 2, 3]
    trials[2].datetime_start, trials[2].datetime_complete = datetime.min, datetime.max
    assert len(without_dead(study, [*trials, asking], asking, Notices())) == 4


@pytest.mark.parametrize("state", [TrialState.FAIL, TrialState.WAITING, TrialState.PRUNED])
def test_only_running_trials_die(state: TrialState) -> None:
    trials = [running(0, 60 * MINUTE), complete(1, MINUTE)]
    trials[0].state = state
    assert alive(trials) == [0, 1, 2]
