"""What may be a source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.lineage import SourceRecord
from optuna_scaleup.data.lineage import read_lineage
from optuna_scaleup.data.source import source_readers


def finished_study(**arguments: Any) -> optuna.Study:
    study = optuna.create_study(**arguments)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    return study


def test_what_is_accepted() -> None:
    study = finished_study()
    for source, lengths in [
        (None, []),
        ([], []),
        (study, [3]),
        (study.trials, [3]),
        ([study], [3]),
        ([study, study.trials[:2], []], [3, 2, 0]),
        ((study, study), [3, 3]),
    ]:
        readers = source_readers(source)
        assert [len(reader.read(Notices()).trials) for reader in readers] == lengths


@pytest.mark.parametrize("source", ["study", b"s", 3, object(), {"a": 1}, iter([])])
def test_what_is_not(source: Any) -> None:
    with pytest.raises(TypeError, match="A source is a study"):
        source_readers(source)


def test_mixtures_are_not_accepted() -> None:
    study = finished_study()
    for source in ([study, study.trials[0]], [study, "x"], [[study]]):
        with pytest.raises(TypeError, match="A source is a study"):
            source_readers(source)


def test_later_trials_are_seen() -> None:
    study = finished_study()
    (reader,) = source_readers(study)
    assert len(reader.read(Notices()).trials) == 3
    study.optimize(lambda trial: 0.0, n_trials=2)
    assert len(reader.read(Notices()).trials) == 5


def storages(path: Path) -> dict[str, Any]:
    return {
        "memory": optuna.storages.InMemoryStorage(),
        "sqlite": f"sqlite:///{path / 'a.db'}",
        "journal": JournalStorage(JournalFileBackend(str(path / "a.log"))),
    }


@pytest.mark.parametrize("kind", ["memory", "sqlite", "journal"])
def test_a_deleted_source_serves_what_was_seen_last(
    kind: str, tmp_path: Path, log_lines: list[str]
) -> None:
    storage = storages(tmp_path)[kind]
    study = finished_study(storage=storage, study_name="small")
    (reader,) = source_readers(study)
    (never_read,) = source_readers(study)
    reader.read(Notices())
    optuna.delete_study(study_name="small", storage=storage)
    assert len(reader.read(Notices()).trials) == 3
    assert len(never_read.read(Notices()).trials) == 0
    assert log_lines == [
        f"The source 'small' is no longer in its storage; going on with the {n} trials seen last."
        for n in (3, 0)
    ]


def lose(storage: optuna.storages.RDBStorage, path: Path) -> None:
    """Deletes the file of an SQLite storage."""
    storage.remove_session()
    storage.engine.dispose()
    path.unlink()


def test_a_source_whose_storage_is_gone_serves_what_was_seen_last(
    tmp_path: Path, log_lines: list[str]
) -> None:
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / 'secret.db'}")
    small = finished_study(storage=storage, study_name="small")
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    lose(storage, tmp_path / "secret.db")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert len(study.get_trials(states=(TrialState.COMPLETE,))) == 3
    (line,) = [line for line in log_lines if "cannot be read" in line]
    assert "'small' cannot be read (StorageInternalError); going on with the 3 trials" in line
    assert "secret" not in line


@pytest.mark.parametrize("name", ["small", "large"])
def test_a_source_that_is_gone_from_the_start_stops_no_study(tmp_path: Path, name: str) -> None:
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / 'gone.db'}")
    small = finished_study(storage=storage, study_name="small")
    study = optuna.create_study(study_name=name, sampler=ScaleUpSampler(small, seed=0))
    lose(storage, tmp_path / "gone.db")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert read_lineage(study).sources == (SourceRecord("small"),)


@pytest.mark.parametrize("kind", ["memory", "sqlite", "journal"])
def test_a_study_is_known_as_itself_by_any_path(kind: str, tmp_path: Path) -> None:
    storage = storages(tmp_path)[kind]
    target = finished_study(storage=storage, study_name="one")
    other_path = storages(tmp_path)[kind] if kind != "memory" else storage
    again = optuna.load_study(study_name="one", storage=other_path)
    other = finished_study(storage=other_path, study_name="two")
    target.ask()
    asking = target.trials[-1]
    (own,) = source_readers(again)
    with pytest.raises(ValueError, match="its own source"):
        own.read(Notices()).check_against(target, asking)
    (fine,) = source_readers(other)
    fine.read(Notices()).check_against(target, asking)


def test_a_study_is_not_the_copy_of_its_source() -> None:
    """Trials that were added to another study keep their ids and times."""
    small, large = finished_study(), optuna.create_study()
    large.add_trials(small.trials)
    (reader,) = source_readers(small)
    reader.read(Notices()).check_against(large, large.trials[0])
    with pytest.raises(ValueError, match="is its own source"):
        reader.read(Notices()).check_against(small, small.trials[0])


def test_sources_of_one_name_are_told_apart() -> None:
    studies = [finished_study(study_name=name) for name in ("s", "t", "s", "s (2)")]
    labels = [reader.label for reader in source_readers(studies)]
    assert labels == ["s (1)", "t", "s (3)", "s (2)"]


@pytest.mark.parametrize(
    ("n_own", "n_wanted", "message"),
    [
        (1, 2, "'s' has 1 objective, but the study to optimize has 2. Leave it out, or give a "),
        (2, 1, "'s' has 2 objectives, but the study to optimize has 1. Leave it out, or copy "),
    ],
)
def test_another_number_of_objectives_is_an_error(n_own: int, n_wanted: int, message: str) -> None:
    study = optuna.create_study(study_name="s", directions=["minimize"] * n_own)
    study.add_trial(optuna.create_trial(values=[1.0] * n_own))
    target = optuna.create_study(directions=["maximize"] * n_wanted)
    target.ask()
    for given in (study, study.trials):
        (reader,) = source_readers(given)
        told = message if given is study else message.replace("'s'", "'list of trials'")
        with pytest.raises(ValueError, match=re.escape(told)):
            reader.read(Notices()).check_against(target, target.trials[0])


@pytest.mark.parametrize("is_listed", [False, True])
def test_a_table_as_a_source_is_told_its_way(is_listed: bool) -> None:
    table = pytest.importorskip("pandas", reason="needs pandas").DataFrame({"x": [1.0]})
    with pytest.raises(TypeError, match=r"type 'DataFrame'.*`Source.from_dataframe`"):
        source_readers([table] if is_listed else table)
    with pytest.raises(TypeError, match=r"type 'dict'\.$"):
        source_readers({"small": finished_study()})
