"""Source studies are reproducible and survive the cache."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.study import Study

from benchmarks.sources import source_studies
from benchmarks.sources import source_study
from benchmarks.tasks.synthetic import build_synthetic


def _contents(study: Study) -> list[object]:
    return [(t.number, t.params, t.distributions, t.value) for t in study.trials]


@pytest.mark.parametrize("task_id", ["shift_2d", "mixed_0", "conditional_1"])
def test_cache_gives_the_same_study(task_id: str, tmp_path: Path) -> None:
    task = build_synthetic(task_id)
    fresh = source_study(task, 0, seed=3, n_trials=12, cache_dir=tmp_path)
    cached = source_study(task, 0, seed=3, n_trials=12, cache_dir=tmp_path)
    again = source_study(task, 0, seed=3, n_trials=12)
    assert _contents(fresh) == _contents(cached) == _contents(again)
    assert cached.direction == fresh.direction


def test_seeds_and_sources_differ() -> None:
    task = build_synthetic("ladder_2d")
    studies = source_studies(task, seed=0, n_trials=3)
    assert len(studies) == len(task.sources)
    params = [study.trials[0].params for study in studies]
    params.append(source_study(task, 0, seed=1, n_trials=3).trials[0].params)
    assert len({str(p) for p in params}) == len(params)
