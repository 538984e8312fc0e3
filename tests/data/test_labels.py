"""Studies that share a name are told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optuna_scaleup.data.labels import listed
from optuna_scaleup.data.labels import numbered
from optuna_scaleup.data.labels import short_repr
from optuna_scaleup.wording import counted


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "b", "a"], ["a (1)", "b", "a (2)"]),
        (["a (2)", "a", "a"], ["a (2)", "a (1)", "a (3)"]),
        (["a", "a", "a (1)", "a (1)"], ["a (2)", "a (3)", "a (1) (1)", "a (1) (2)"]),
        ([], []),
    ],
)
def test_shared_names_are_numbered(names: list[str], expected: list[str]) -> None:
    assert numbered(names) == expected


@given(st.lists(st.sampled_from(["a", "a (1)", "a (2)", "a (1) (1)"]), max_size=6))
def test_no_two_are_called_the_same(names: list[str]) -> None:
    assert len(set(numbered(names))) == len(names)


def test_values_in_words() -> None:
    assert [short_repr(v) for v in (0.1 + 0.2, 10**50, "a", True)] == [
        "0.30000000000000004",
        f"1{'0' * 36}...",
        "'a'",
        "True",
    ]
    assert listed([]) == ""
    assert listed([2, 1, 2, "2"]) == "2, 1, '2'"
    assert listed(range(9)) == "0, 1, 2, 3, 4, ..."


def test_counts_in_words() -> None:
    assert [counted(n, "objective") for n in (0, 1, 2)] == [
        "0 objectives",
        "1 objective",
        "2 objectives",
    ]
