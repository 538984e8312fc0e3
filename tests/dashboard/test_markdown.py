"""Names and choices of users stand in notes as they are."""

from __future__ import annotations

import pytest


pytest.importorskip("plotly", reason="the dashboard shows figures")

from optuna_scaleup.dashboard._markdown import escaped
from optuna_scaleup.dashboard._markdown import prose
from optuna_scaleup.dashboard._markdown import table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("learning_rate", "learning_rate"),
        ("-0.5, 1e-3 (90 %)", "-0.5, 1e-3 (90 %)"),
        ("_private_", r"\_private\_"),
        ("__init__", r"\_\_init\_\_"),
        ("<b>*bold*</b>", r"\<b\>\*bold\*\</b\>"),
        ("[a](http://b)", r"\[a](http://b)"),
        ("`x` | ~~y~~", r"\`x\` \| \~\~y\~\~"),
        (r"C:\*", r"C:\\\*"),
        ("R&D &lt;", r"R&D \&lt;"),
        ("two\nlines", "two lines"),
    ],
)
def test_markup_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_code_of_ours_stays_code() -> None:
    assert (
        prose("Not shown: 'a*b'; `source=` gives it") == r"Not shown: 'a\*b'; `source=` gives it"
    )


def test_a_cell_is_one_line() -> None:
    assert table(("a", "b"), [("x|y\nz", "1")]) == "| a | b |\n| --- | --- |\n| x\\|y z | 1 |"
