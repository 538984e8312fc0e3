"""The benchmarks need packages of their own extra; without them their tests are skipped."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest


NEEDED = ("pandas", "tqdm", "plotly", "matplotlib")


class Unavailable(pytest.Module):
    """A test module that cannot be imported here."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        lacking = [name for name in NEEDED if find_spec(name) is None]
        pytest.skip(f"needs {', '.join(lacking)}", allow_module_level=True)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Says why a module is skipped, where leaving it out would look as if there were none."""
    if all(find_spec(name) for name in NEEDED):
        return None
    return Unavailable.from_parent(parent, path=module_path)
