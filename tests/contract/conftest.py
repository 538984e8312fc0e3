"""Which of the long tests run."""

from __future__ import annotations

import os

import pytest


# Each asks for 100 suggestions and finishes none of the trials: seconds with a source, half a
# minute with several objectives.
_HUNDRED_SUGGESTIONS = {
    "test_float",
    "test_int",
    "test_categorical",
    "test_multi_objective_sample_independent",
}
_LONGEST = {"test_multi_objective_sample_independent"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out tests of one hundred suggestions that differ from another one in a range only.

    Without a source all of them run. With a matching one the first float, int and categorical
    distribution do, with the others the first. ``HYPOTHESIS_PROFILE=ci`` runs all for one
    objective and a matching source, ``explore`` every one.
    """
    profile = os.environ.get("HYPOTHESIS_PROFILE", "")
    seen: set[tuple[object, ...]] = set()
    left_out = [item for item in items if _is_left_out(item, profile, seen)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_left_out(item: pytest.Item, profile: str, seen: set[tuple[object, ...]]) -> bool:
    if not isinstance(item, pytest.Function) or item.originalname not in _HUNDRED_SUGGESTIONS:
        return False
    params = dict(item.callspec.params)
    source = params.pop("source_kind", "none")
    is_matching = source == "matching"
    is_thorough = profile == "ci" and is_matching and item.originalname not in _LONGEST
    if source == "none" or profile == "explore" or is_thorough:
        return False
    kind = (item.originalname, source, *(map(type, params.values()) if is_matching else ()))
    is_known = kind in seen
    seen.add(kind)
    return is_known
