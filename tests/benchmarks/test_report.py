"""The page stands on its own, with pictures beside it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.report import write_page


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (family, f"{family}1", method, seed, trial, 0.0, 1 / (trial + seed), 0.1)
            for family in ("shift", "ladder")
            for method in ("scaleup", "gp_cold")
            for seed in (0, 1)
            for trial in range(1, 6)
        ],
        columns=["family", "task", "method", "seed", "trial", "value", "regret", "seconds"],
    )


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
