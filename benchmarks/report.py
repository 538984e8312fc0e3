"""``python -m benchmarks report``: the tables of finished results."""

from __future__ import annotations

import argparse

import pandas as pd

from benchmarks.report_tables import markdown_report
from benchmarks.results import read_missing
from benchmarks.results import read_results


def run_report(arguments: argparse.Namespace) -> None:
    """Prints the tables of one or several results files."""
    rows = _select(read_results(arguments.results), arguments)
    missing = _select(read_missing(arguments.results), arguments)
    print(markdown_report(rows, missing))


def _select(frame: pd.DataFrame, arguments: argparse.Namespace) -> pd.DataFrame:
    for column, wanted in (
        ("task", arguments.tasks),
        ("family", arguments.families),
        ("method", arguments.methods),
    ):
        if wanted is not None:
            frame = frame[frame[column].isin(wanted)]
    return frame
