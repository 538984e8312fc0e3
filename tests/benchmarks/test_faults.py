"""Workers that are processes, killed or not."""

from __future__ import annotations

import itertools
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import optuna
import pandas as pd
import pytest
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from benchmarks.__main__ import main
from benchmarks.fault_counts import TRAINING
from benchmarks.fault_counts import in_training
from benchmarks.fault_counts import n_distinct
from benchmarks.fault_counts import n_failed
from benchmarks.fault_counts import n_identical
from benchmarks.fault_counts import n_lost
from benchmarks.faults import is_of_storage
from benchmarks.retries import retry_overlooked


EPOCH = datetime(2026, 1, 1)


def ran(x: float, start: float, end: float) -> FrozenTrial:
    trial = optuna.create_trial(
        value=0.0,
        params={"x": x},
        distributions={"x": optuna.distributions.FloatDistribution(0, 9)},
        user_attrs={"suggested": (EPOCH + timedelta(seconds=start)).timestamp()},
    )
    trial.datetime_complete = EPOCH + timedelta(seconds=end)
    return trial


def test_identical_are_pairs_that_ran_at_the_same_time() -> None:
    trials = [ran(1, 0, 5), ran(1, 4, 6), ran(1, 7, 9), ran(2, 1, 9), ran(3, 2, 3)]
    assert n_identical(trials) == 1
    assert n_distinct(trials) == 3


def numbered(number: int, state: TrialState, retries: tuple[int, ...] = ()) -> FrozenTrial:
    trial = optuna.create_trial(
        state=state,
        value=0.0 if state == TrialState.COMPLETE else None,
        system_attrs={"retry_history": list(retries)} if retries else {},
    )
    trial.number = number
    return trial


@pytest.mark.parametrize(
    ("state", "retries", "with_heartbeat", "without"),
    [
        (TrialState.RUNNING, (), 1, 0),  # without a heartbeat nobody can know
        (TrialState.FAIL, (), 1, 1),
        (TrialState.FAIL, (0,), 0, 0),
        (TrialState.FAIL, (7, 0), 0, 0),
        (TrialState.RUNNING, (0,), 0, 0),
        (TrialState.COMPLETE, (), 0, 0),
    ],
)
def test_lost_are_killed_trials_without_a_successor(
    state: TrialState, retries: tuple[int, ...], with_heartbeat: int, without: int
) -> None:
    trials = [numbered(0, state), numbered(1, TrialState.WAITING, retries)]
    assert n_lost(trials, {0}, has_heartbeat=True) == with_heartbeat
    assert n_lost(trials, {0}, has_heartbeat=False) == without
    assert n_lost(trials, (), has_heartbeat=True) == 0


def test_missing_numbers_are_lost() -> None:
    trials = [numbered(i, TrialState.COMPLETE) for i in (0, 1, 3)]
    assert n_lost(trials, (), has_heartbeat=True) == 1
    assert n_lost(trials, {4}, has_heartbeat=True) == 2


def test_failed_are_neither_killed_nor_tried_again() -> None:
    trials = [numbered(i, TrialState.FAIL) for i in range(3)]
    trials.append(numbered(3, TrialState.COMPLETE, (1,)))
    assert n_failed(trials, {0}) == 1


def test_who_has_no_successor_after_a_while_gets_one() -> None:
    study = optuna.create_study()
    for x, minutes in ((0.1, 10), (0.2, 10), (0.3, 0)):
        failed = ran(x, 0, 0)
        failed.state, failed.values = TrialState.FAIL, None
        failed.datetime_complete = datetime.now() - timedelta(minutes=minutes)
        study.add_trial(failed)
    optuna.storages.RetryHeartbeatStaleTrialCallback()(study, study.trials[0])
    assert retry_overlooked(study, timedelta(minutes=1)) == [1]
    assert retry_overlooked(study, timedelta(minutes=1)) == []
    queued = study.get_trials(states=(TrialState.WAITING,))
    assert [t.params["x"] for t in queued] == [0.1, 0.2]
    assert [t.system_attrs["retry_history"] for t in queued] == [[0], [1]]


def test_only_a_worker_in_its_training_can_be_killed() -> None:
    trials = [numbered(i, TrialState.RUNNING) for i in range(4)]
    trials.append(numbered(4, TrialState.COMPLETE))
    for number, worker, ends in ((1, "a", 9.0), (2, "a", 4.0), (3, "dead", 9.0), (4, "b", 9.0)):
        trials[number].set_user_attr(TRAINING, {"worker": worker, "ends": ends})
    assert [t.number for t in in_training(trials, ["a", "b"], now=5.0)] == [1]


def test_a_worker_that_was_taken_for_dead_goes_on() -> None:
    study = optuna.create_study()
    trial = study.ask()
    study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    with pytest.raises(ValueError, match="FAIL") as raised:
        study.tell(trial, 0.0)
    assert is_of_storage(raised.value)
    assert not is_of_storage(ValueError("Cannot tell why."))


@pytest.mark.parametrize("n_times", [1, 2])
def test_a_worker_goes_on_after_the_storage_was_away(
    n_times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = optuna.create_study()
    get_trial, asked = study._storage.get_trial, itertools.count()

    def objective(trial: optuna.Trial) -> float:
        monkeypatch.setattr(study._storage, "get_trial", away)
        return 0.0

    def away(trial_id: int) -> FrozenTrial:
        if next(asked) < n_times:
            raise optuna.exceptions.StorageInternalError("away")
        return get_trial(trial_id)

    known = (UnboundLocalError, AssertionError, optuna.exceptions.StorageInternalError)
    with pytest.raises(known) as raised:
        study.optimize(objective, n_trials=1)
    assert is_of_storage(raised.value)


def test_errors_of_others_stop_a_worker() -> None:
    def objective(trial: optuna.Trial) -> float:
        try:
            raise optuna.exceptions.StorageInternalError("away")
        except optuna.exceptions.StorageInternalError:
            raise AssertionError from None

    for error in (UnboundLocalError("another variable"), AssertionError("Should not reach.")):
        assert not is_of_storage(error)
    with pytest.raises(AssertionError) as raised:
        optuna.create_study().optimize(objective, n_trials=1)
    assert not is_of_storage(raised.value)


def run_on(storage: str, out: Path, kills: str, sleep: str) -> int:
    command = f"faults --tasks shift_2d --workers 2 --seeds 0 --n-trials 4 --sleep {sleep}"
    return main(
        [*command.split(), "--kills", *kills.split(), "--storage", storage, "--out", str(out)]
    )


def test_command_on_a_storage_that_is_there(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'studies.db'}"
    assert run_on(storage, tmp_path, kills="0 2", sleep="0.4") == 0
    rows = pd.read_csv(tmp_path / "faults.csv")
    assert list(rows["kills"]) == list(rows["killed"]) == [0, 2]
    assert (rows["complete"] >= 4).all()
    assert not rows[["lost", "failed", "identical"]].to_numpy().any()
    assert (rows["first batch"] == 2).all()
    assert n_tried_again(storage) == 2


def n_tried_again(storage: str) -> int:
    """How many trials of all studies have a successor."""
    names = optuna.get_all_study_names(storage)
    trials = [t for n in names for t in optuna.load_study(study_name=n, storage=storage).trials]
    return len({n for t in trials for n in t.system_attrs.get("retry_history", [])})


def test_a_run_without_trainings_to_hit_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = f"sqlite:///{tmp_path / 'studies.db'}"
    assert run_on(storage, tmp_path, kills="1", sleep="0") == 2
    assert "0 of 1 kills" in capsys.readouterr().err
