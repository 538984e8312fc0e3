"""Storages as fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storages.places import PLACES
from tests.storages.places import Place


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty storage of every kind."""
    with PLACES[request.param](tmp_path) as place:
        yield place


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Place]:
    with PLACES["postgresql"](tmp_path) as place:
        yield place
