"""Tidy results on disk: one table that only grows by whole runs, so that a rerun resumes."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import fields
from datetime import datetime
from datetime import timezone
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.runner import Row
from benchmarks.runner import RunKey
from benchmarks.runner import RunResult
from benchmarks.table_file import SUFFIXES
from benchmarks.table_file import append_rows
from benchmarks.table_file import read_table
from benchmarks.table_file import write_table


COLUMNS = tuple(f.name for f in fields(Row))
MISSING_COLUMNS = ("family", "task", "method", "seed", "reason", "kind")
CRASH, LIMIT = "crash", "limit"  # kinds of missing runs
PACKAGES = ("optuna", "optuna-scaleup", "numpy", "scipy", "torch", "cmaes", "onnxruntime")


class ResultsFile:
    """The table of a comparison, the list of what is missing from it, and how it was made.

    Raises:
        ValueError: If the path is neither a CSV nor a Parquet file's.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix not in SUFFIXES:
            raise ValueError(f"Results are {' or '.join(SUFFIXES)} files, not {path.name!r}.")
        self._path = path
        self._missing_path = path.with_suffix(".missing.csv")
        self._metadata_path = path.with_suffix(".json")
        path.parent.mkdir(parents=True, exist_ok=True)

    def finished(self, n_trials: int) -> set[RunKey]:
        """Runs that are complete up to ``n_trials`` or known to be impossible."""
        rows, missing = read_results([self._path]), read_missing([self._path])
        complete = rows[rows["trial"] >= n_trials]
        return {*_keys(complete), *_keys(missing[missing["kind"] == LIMIT])}

    def forget(self, keys: Collection[RunKey]) -> None:
        """Drops runs so that they are made anew."""
        for path in (self._path, self._missing_path):
            if not path.exists():
                continue
            frame = read_table(path)
            is_kept = [key not in keys for key in _keys(frame)]
            if not all(is_kept):
                write_table(path, frame[is_kept])

    def append(self, result: RunResult) -> None:
        """Writes a whole run at once."""
        if result.missing_because is None:
            append_rows(self._path, COLUMNS, [asdict(row) for row in result.rows])
            return
        row = {
            "family": result.family,
            **asdict(result.key),
            "reason": result.missing_because,
            "kind": CRASH if result.is_crash else LIMIT,
        }
        append_rows(self._missing_path, MISSING_COLUMNS, [row])

    def add_invocation(self, arguments: dict[str, Any]) -> None:
        """Adds one line on this invocation, with versions, to the sidecar."""
        invocations: list[dict[str, Any]] = []
        if self._metadata_path.exists():
            invocations = json.loads(self._metadata_path.read_text())
        invocations.append({"arguments": arguments, **environment()})
        self._metadata_path.write_text(json.dumps(invocations, indent=1, default=str))


def read_results(paths: Sequence[Path]) -> pd.DataFrame:
    """Rows of one or several results files; columns that an older file lacks are empty."""
    frames = [read_table(path) for path in paths if path.exists()]
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return rows.reindex(columns=list(COLUMNS))


def read_missing(paths: Sequence[Path]) -> pd.DataFrame:
    """Runs that are missing, with the reason, of one or several results files.

    Older files do not say what was a crash: a reason that begins with an error's name was.
    """
    missing_paths = [path.with_suffix(".missing.csv") for path in paths]
    frames = [read_table(path) for path in missing_paths if path.exists()]
    if not frames:
        return pd.DataFrame(columns=list(MISSING_COLUMNS))
    missing = pd.concat(frames, ignore_index=True).reindex(columns=list(MISSING_COLUMNS))
    is_error = missing["reason"].astype(str).str.match(r"[\w.]*(Error|Exception|Warning)\b")
    kinds = is_error.map({True: CRASH, False: LIMIT})
    return missing.assign(kind=missing["kind"].where(missing["kind"].notna(), kinds))


def environment() -> dict[str, Any]:
    """Time, commit, versions and machine of this invocation."""
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "has_local_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "python": sys.version.split()[0],
        "machine": f"{platform.system()} {platform.machine()}",
        "versions": versions,
    }


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _keys(frame: pd.DataFrame) -> list[RunKey]:
    columns = (frame[name].tolist() for name in ("task", "method", "seed"))
    return [RunKey(str(t), str(m), int(s)) for t, m, s in zip(*columns, strict=True)]
