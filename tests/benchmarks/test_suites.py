"""Tasks by name and by family; no more are built than are wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import suites
from benchmarks.suites import select_tasks
from benchmarks.tasks import Task
from benchmarks.tasks.synthetic import build_synthetic
from benchmarks.tasks.synthetic import family_of
from benchmarks.tasks.synthetic import synthetic_ids


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the bundled tasks that are built from now on."""
    names: list[str] = []
    build = suites._build

    def spied(task_id: str) -> Task:
        names.append(task_id)
        return build(task_id)

    monkeypatch.setattr(suites, "_build", spied)
    return names


def test_only_named_tasks_are_built(tmp_path: Path, built: list[str]) -> None:
    (task,) = select_tasks(tmp_path, ids=["shift_4d"])
    assert [task.id] == built == ["shift_4d"]


def test_only_tasks_of_the_families_are_built(tmp_path: Path, built: list[str]) -> None:
    tasks = select_tasks(tmp_path, families=["ladder"])
    assert [task.id for task in tasks] == built == ["ladder_2d", "ladder_4d"]
    built.clear()
    (task,) = select_tasks(tmp_path, ids=["ladder_4d", "ladder_4d"], families=["synthetic"])
    assert [task.id] == built == ["ladder_4d"]


def test_a_name_outside_the_families_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shift_2d"):
        select_tasks(tmp_path, ids=["shift_2d"], families=["ladder"])


@pytest.mark.parametrize("task_id", synthetic_ids())
def test_a_family_is_known_without_building(task_id: str) -> None:
    assert family_of(task_id) == build_synthetic(task_id).family
