"""Which of the long tests run."""

from __future__ import annotations

import os

import pytest


# Each asks for 100 suggestions and finishes none of the trials: ten seconds with a source.
_HUNDRED_SUGGESTIONS = {
    "test_float",
    "test_int",
    "test_categorical",
    "test_multi_objective_sample_independent",
}
_LONGEST = {"test_multi_objective_sample_independent"}
_SHORT_FORM = {"none", "matching"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without ``HYPOTHESIS_PROFILE=ci`` the longest tests run with two kinds of source of four.

    With several objectives even CI leaves them out, half a minute each; ``explore`` runs them all.
    """
    profile = os.environ.get("HYPOTHESIS_PROFILE", "")
    long = {"ci": _LONGEST, "explore": set()}.get(profile, _HUNDRED_SUGGESTIONS)
    left_out = [item for item in items if _is_long(item, long)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_long(item: pytest.Item, long: set[str]) -> bool:
    if not isinstance(item, pytest.Function) or item.originalname not in long:
        return False
    return item.callspec.params.get("source_kind") not in {None, *_SHORT_FORM}
