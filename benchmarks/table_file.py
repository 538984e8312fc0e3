"""One tidy table on disk, CSV or Parquet by its suffix."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd


SUFFIXES = (".csv", ".parquet")


def read_table(path: Path) -> pd.DataFrame:
    """The table of a CSV or Parquet file."""
    return pd.read_parquet(path) if _is_parquet(path) else pd.read_csv(path)


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Replaces the file in one step: a crash leaves the old one."""
    partial = path.with_suffix(".partial")
    if _is_parquet(path):
        frame.to_parquet(partial, index=False)
    else:
        frame.to_csv(partial, index=False)
    partial.replace(path)


def kept_rows(path: Path, rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """All rows as a frame; a CSV file that has those so far at any time replaces ``path``."""
    path.unlink(missing_ok=True)
    made: list[dict[str, Any]] = []
    for row in rows:
        append_rows(path, list(row), [row])
        made.append(row)
    return pd.DataFrame(made)


def append_rows(path: Path, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Adds rows at the end; a file that lacks columns gets them, empty in its older rows."""
    if path.exists() and (_is_parquet(path) or _columns(path) != list(columns)):
        table = read_table(path).reindex(columns=list(columns))
        added = pd.DataFrame(rows, columns=list(columns))
        # An empty column has no type of its own: it takes the other's.
        added = added.astype({c: table[c].dtype for c in columns if added[c].isna().all()})
        table = table.astype({c: added[c].dtype for c in columns if table[c].isna().all()})
        write_table(path, pd.concat([table, added], ignore_index=True))
    elif _is_parquet(path):
        write_table(path, pd.DataFrame(rows, columns=list(columns)))
    else:
        _append_csv(path, columns, rows)


def _append_csv(path: Path, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    if not path.exists():
        writer.writeheader()
    writer.writerows(rows)
    with path.open("a", newline="") as file:
        file.write(text.getvalue())


def _columns(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return next(csv.reader(file), [])


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"
