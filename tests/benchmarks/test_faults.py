"""Workers that are processes, killed or not."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from pathlib import Path

import optuna
import pandas as pd
from optuna.trial import FrozenTrial

from benchmarks.__main__ import main
from benchmarks.faults import n_distinct
from benchmarks.faults import n_identical


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


def test_command_on_a_storage_that_is_there(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'studies.db'}"
    command = "faults --tasks shift_2d --workers 2 --seeds 0 --n-trials 4 --sleep 0.05"
    assert (
        main([*command.split(), "--kills", "0", "1", "--storage", storage, "--out", str(tmp_path)])
        == 0
    )
    rows = pd.read_csv(tmp_path / "faults.csv")
    assert list(rows["kills"]) == [0, 1]
    assert (rows["complete"] >= 4).all()
    assert not rows[["lost", "identical"]].to_numpy().any()
    assert (rows["first batch"] == 2).all()
