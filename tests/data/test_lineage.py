"""What a study remembers of its sources, and what its trials remember of their prediction."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from optuna.storages import InMemoryStorage

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import read_study_attr
from optuna_scaleup._optuna import write_attr
from optuna_scaleup._optuna import write_study_attr
from optuna_scaleup.data.lineage import Lineage
from optuna_scaleup.data.lineage import SourceRecord
from optuna_scaleup.data.lineage import read_lineage
from optuna_scaleup.data.lineage import write_lineage
from optuna_scaleup.data.prediction import Prediction
from optuna_scaleup.data.prediction import read_prediction


def objective(trial: optuna.Trial) -> float:
    return (trial.suggest_float("x", 0, 1) - 0.3) ** 2


def source(storage: str | None = None) -> optuna.Study:
    study = optuna.create_study(
        study_name="small", storage=storage, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    study.optimize(objective, n_trials=5)
    return study


def test_the_sampler_records_its_sources_without_url(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    small = source(url)
    large = optuna.create_study(study_name="large", storage=url, sampler=ScaleUpSampler(small))
    large.optimize(objective, n_trials=1)
    again = optuna.load_study(study_name="large", storage=url)
    started = small.trials[0].datetime_start
    assert started is not None
    record = SourceRecord("small", "small", started=started.isoformat())
    assert read_lineage(again).sources == (record,)
    assert "sqlite" not in str(read_study_attr(again, "sources"))
    prediction = read_prediction(again.trials[0])
    assert prediction.value_interval is not None
    low, median, high = prediction.value_interval
    assert low <= median <= high
    assert sum(prediction.source_weights) == pytest.approx(1.0)
    assert prediction.seconds is not None
    assert prediction.seconds > 0


def test_a_study_made_anew_is_told_its_sources_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    sampler = ScaleUpSampler(source(url))
    for _ in range(2):
        large = optuna.create_study(study_name="large", storage=url, sampler=sampler)
        large.optimize(objective, n_trials=2)
        (record,) = read_lineage(large).sources
        assert (record.label, record.study) == ("small", "small")
        optuna.delete_study(study_name="large", storage=url)


def test_a_record_that_could_not_be_written_is_written_by_the_next_trial() -> None:
    class Flaky(InMemoryStorage):
        fails = True

        def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
            if self.fails and key.startswith("scaleup:sources"):
                self.fails = False
                raise StorageInternalError("database is locked")
            super().set_study_system_attr(study_id, key, value)

    storage = Flaky()
    small = optuna.create_study(study_name="small", storage=storage)
    small.optimize(objective, n_trials=6)
    large = optuna.create_study(storage=storage, sampler=ScaleUpSampler(small, seed=0))
    large.optimize(objective, n_trials=2, catch=(StorageInternalError,))
    assert [t.state.name for t in large.trials] == ["FAIL", "COMPLETE"]
    (record,) = read_lineage(large).sources
    assert record.label == "small"


def test_a_source_elsewhere_has_no_name_to_load(tmp_path: Path) -> None:
    small = source()
    url = f"sqlite:///{tmp_path / 'other.db'}"
    optuna.create_study(study_name="small", storage=url)  # a namesake is another study
    for given, label in ((small, "small"), (small.trials, "list of trials")):
        large = optuna.create_study(storage=url, sampler=ScaleUpSampler(given))
        large.optimize(objective, n_trials=1)
        assert read_lineage(large).sources == (SourceRecord(label, None),)


def test_lineage_round_trip() -> None:
    study = optuna.create_study()
    assert read_lineage(study) == Lineage()
    records = [
        SourceRecord(f"s{i}", f"s{i}", {"params": 2e8, "tokens": 1e9}, {"learning_rate": "lr"})
        for i in range(40)
    ]
    long = Lineage((*records, SourceRecord("table", is_transformed=True)), {"params": 1e9})
    write_lineage(study, long)
    assert read_lineage(study) == long
    write_lineage(study, Lineage((SourceRecord("one"),)))
    assert read_lineage(study) == Lineage((SourceRecord("one"),))


def test_what_is_recorded_already_is_not_written_again() -> None:
    class Counting(InMemoryStorage):
        n_written = 0

        def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
            self.n_written += 1
            super().set_study_system_attr(study_id, key, value)

    storage = Counting()
    study = optuna.create_study(storage=storage)
    for scale in (1.0, 1.0, 2.0):
        write_lineage(study, Lineage((SourceRecord("small", scale={"size": scale}),)))
    assert storage.n_written == 2


@pytest.mark.parametrize("stored", ["text", [1], {"sources": 3}, {"sources": [3, None]}])
def test_a_foreign_record_is_no_lineage(stored: object) -> None:
    study = optuna.create_study()
    write_study_attr(study, "sources", stored)
    assert read_lineage(study) == Lineage()


@pytest.mark.parametrize("size", [10**400, math.inf, math.nan, True, 0, -1.0, "big", None, [1]])
def test_what_is_no_size_leaves_the_sizes_unknown(size: object) -> None:
    study = optuna.create_study()
    sized = {"label": "s", "scale": {"params": size, "tokens": 2.0}}
    write_study_attr(study, "sources", {"sources": [sized], "scale": {"params": size}})
    assert read_lineage(study) == Lineage((SourceRecord("s"),))


@pytest.mark.parametrize(
    "stored",
    [
        "text",
        {},
        {"value_interval": [1, 2]},
        {"value_interval": [1, 2, None]},
        {"value_interval": ["1", "2", "3"]},
        {"value_interval": [0.0, float("nan"), 1.0]},
        {"source_weights": {"a": 1}, "seconds": "long"},
    ],
)
def test_a_foreign_prediction_is_none(stored: object) -> None:
    study = optuna.create_study()
    trial = study.ask()
    write_attr(study, study.trials[trial.number], "prediction", stored)
    assert read_prediction(study.trials[trial.number]) == Prediction()
