"""Sources found again in the storage by what the study remembers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pytest

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source
from optuna_scaleup.data.lineage import Lineage
from optuna_scaleup.data.lineage import SourceRecord
from optuna_scaleup.data.lineage import write_lineage
from optuna_scaleup.data.recall import recall


def study_of(storage: str, name: str, parameter: str) -> optuna.Study:
    study = optuna.create_study(
        study_name=name, storage=storage, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    study.optimize(lambda t: t.suggest_float(parameter, 0, 1) ** 2, n_trials=4)
    return study


def test_sizes_and_names_are_recalled(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    sources = [
        Source(study_of(url, "s", "rate"), scale=1e6, rename={"rate": "lr"}),
        Source(study_of(url, "m", "lr"), scale=1e7),
        Source(
            study_of(url, "log", "log_lr"),
            scale=1e7,
            transform={"log_lr": abs},
            rename={"log_lr": "lr"},
        ),
        Source(study_of(url, "gone", "lr"), scale=1e7),
    ]
    large = optuna.create_study(
        study_name="large",
        storage=url,
        sampler=ScaleUpSampler(sources, scale=1e9, drift_prior={"lr": -0.5}, seed=0),
    )
    large.optimize(lambda t: t.suggest_float("lr", 0, 1) ** 2, n_trials=1)
    optuna.delete_study(study_name="gone", storage=url)
    recalled = recall(optuna.load_study(study_name="large", storage=url))
    assert [source.label for source in recalled.sources] == ["s", "m"]
    assert [source.scale for source in recalled.sources] == [{"size": 1e6}, {"size": 1e7}]
    assert recalled.sources[0].translation.names == {"rate": "lr"}
    assert recalled.scale == {"size": 1e9}
    assert recalled.drift_prior == {"lr": {"size": [-0.5, 0.25]}}
    log, gone = recalled.missing
    assert log.startswith("'log' (its `transform` is a function")
    assert gone == "'gone' (not in this storage any more)"


def test_a_study_that_is_named_plainly_keeps_its_size_and_names(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    small = study_of(url, "s", "rate")
    sampler = ScaleUpSampler(Source(small, scale=1e6, rename={"rate": "lr"}), scale=1e9, seed=0)
    large = optuna.create_study(study_name="large", storage=url, sampler=sampler)
    large.optimize(lambda t: t.suggest_float("lr", 0, 1) ** 2, n_trials=1)
    (named,) = recall(large, small).sources
    assert named.scale == {"size": 1e6}
    assert named.translation.names == {"rate": "lr"}
    (anew,) = recall(large, Source(small, scale=3e6)).sources
    assert anew.scale == {"size": 3e6}
    assert anew.translation.names == {"rate": "lr"}


def test_a_transformed_study_is_not_taken_as_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    small = study_of(url, "small", "lr")
    transformed = Source(small, transform={"lr": lambda x: x / 2})
    large = optuna.create_study(
        study_name="large", storage=url, sampler=ScaleUpSampler(transformed, seed=0)
    )
    large.optimize(lambda t: t.suggest_float("lr", 0, 1) ** 2, n_trials=1)
    for plain in (small, Source(small, scale=1e6)):
        recalled = recall(large, plain)
        assert not recalled.sources
        assert recalled.missing[0].startswith("'small' (its `transform` is a function")
    assert recall(large, transformed).sources == (transformed,)


@pytest.mark.parametrize(
    "prior", ["law of 2030", {"lr": {"params": -0.5}}, {"lr": "steep"}, {"lr": [10**400, 1]}]
)
def test_a_prior_that_is_not_known_here_is_left_out(
    tmp_path: Path, prior: Any, log_lines: list[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study_of(url, "small", "lr")
    large = optuna.create_study(storage=url)
    record = SourceRecord("small", "small", {"size": 1e6})
    write_lineage(large, Lineage((record,), {"size": 1e9}, prior))
    recalled = recall(large)
    assert recalled.scale == {"size": 1e9}
    assert recalled.drift_prior is None
    (line,) = log_lines
    assert line.startswith("The recorded drift prior is left out. ")
    ScaleUpSampler(recalled.sources, scale=recalled.scale, drift_prior=recalled.drift_prior)


def test_given_sources_come_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    small = study_of(url, "small", "lr")
    large = optuna.create_study(storage=url)
    assert recall(large).sources == ()
    assert recall(large, small).sources[0].study is small


def test_without_sizes_of_both_sides_none_are_recalled(tmp_path: Path) -> None:
    """Nor what was said of drift, which would mean nothing."""
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    small = study_of(url, "small", "lr")
    for source_scale, scale in (({}, {"size": 1e9}), ({"size": 1e6}, {}), ({}, {})):
        large = optuna.create_study(storage=url)
        write_lineage(large, Lineage((SourceRecord("small", "small", source_scale),), scale, {}))
        recalled = recall(large)
        assert recalled.sources[0].study is not None
        assert recalled.sources[0].study.study_name == small.study_name
        assert (recalled.scale, recalled.drift_prior) == (None, None)


def test_a_copied_study_takes_no_namesake_for_its_source(tmp_path: Path) -> None:
    """Names are all that is recorded; the source itself, copied as well, is found."""
    here, there = (f"sqlite:///{tmp_path / name}" for name in ("here.db", "there.db"))
    small = study_of(here, "small", "lr")
    large = optuna.create_study(
        study_name="large", storage=here, sampler=ScaleUpSampler(small, seed=0)
    )
    large.optimize(lambda t: t.suggest_float("lr", 0, 1) ** 2, n_trials=1)
    copies = []
    for url, copies_source in ((there, False), (f"{there}2", True)):
        optuna.copy_study(from_study_name="large", from_storage=here, to_storage=url)
        if copies_source:
            optuna.copy_study(from_study_name="small", from_storage=here, to_storage=url)
        else:
            namesake = optuna.create_study(study_name="small", storage=url)
            older = small.trials[0]
            older.datetime_start = datetime(2020, 1, 1)
            namesake.add_trial(older)
        copies.append(optuna.load_study(study_name="large", storage=url))
    assert recall(copies[0]).missing == ("'small' (another study has its name in this storage)",)
    assert [one.label for one in recall(copies[1]).sources] == ["small"]


@pytest.mark.parametrize("started", ["yesterday", "2026-13-01"])
def test_a_start_that_is_none_says_nothing(tmp_path: Path, started: str) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study_of(url, "small", "lr")
    large = optuna.create_study(storage=url)
    write_lineage(large, Lineage((SourceRecord("small", "small", started=started),)))
    assert len(recall(large).sources) == 1
