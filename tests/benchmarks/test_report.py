"""The page stands on its own, with pictures beside it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.report import write_page
from benchmarks.suites import select_rows


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (family, f"{family}1", method, seed, trial, 0.0, 1 / (trial + seed), 0.1, None)
            for family in ("shift", "ladder")
            for method in ("scaleup", "gp_cold")
            for seed in (0, 1)
            for trial in range(1, 6)
        ],
        columns=[
            "family",
            "task",
            "method",
            "seed",
            "trial",
            "value",
            "regret",
            "seconds",
            "cost",
        ],
    )


@pytest.mark.parametrize(
    ("families", "expected"),
    [
        (None, {"shift1", "ladder1", "shift_2d"}),
        (["ladder"], {"ladder1"}),
        (["synthetic"], {"shift_2d"}),
        (["public"], {"shift1", "ladder1"}),
    ],
)
def test_families_are_selected_by_name_and_by_kind(
    rows: pd.DataFrame, families: list[str] | None, expected: set[str]
) -> None:
    made = rows[rows["family"] == "shift"].assign(task="shift_2d")
    arguments = Namespace(tasks=None, methods=["gp_cold"], families=families)
    selected = select_rows(pd.concat([rows, made]), arguments)
    assert set(selected["task"]) == expected
    assert set(selected["method"]) == {"gp_cold"}


def test_page_is_self_contained(rows: pd.DataFrame, tmp_path: Path) -> None:
    write_page(rows, "a < b", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "a &lt; b" in page
    assert "<script src=" not in page
    assert {path.name for path in tmp_path.iterdir()} == {
        "page.html",
        "regret.png",
        "regret_by_family.png",
    }


def test_page_has_a_figure_by_cost_where_costs_are_known(
    rows: pd.DataFrame, tmp_path: Path
) -> None:
    write_page(rows, "", tmp_path / "without.html")
    write_page(rows.assign(cost=2.0), "", tmp_path / "with.html")
    assert "By training cost" not in (tmp_path / "without.html").read_text()
    assert "By training cost" in (tmp_path / "with.html").read_text()
