"""The types of the public names are there at run time, for tools that read them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any
from typing import get_type_hints

import pytest

import optuna_scaleup


def typed_objects(name: str) -> Iterator[Any]:
    """A public name, and what its class defines under a public name."""
    public = getattr(optuna_scaleup, name)
    yield public
    if inspect.isclass(public):
        for attribute, member in vars(public).items():
            if isinstance(member, property):
                yield member.fget
            elif isinstance(member, (classmethod, staticmethod)):
                yield member.__func__
            elif inspect.isfunction(member) and (attribute == "__init__" or attribute[0] != "_"):
                yield member


@pytest.mark.parametrize("name", optuna_scaleup.__all__)
def test_hints_can_be_read(name: str) -> None:
    for typed in typed_objects(name):
        assert get_type_hints(typed) or inspect.isclass(typed)


def test_methods_are_among_them() -> None:
    sampler, *methods = typed_objects("ScaleUpSampler")
    assert sampler is optuna_scaleup.ScaleUpSampler
    assert {"__init__", "recommend", "share_fits"} <= {method.__name__ for method in methods}
