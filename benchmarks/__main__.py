"""Command line of the benchmarks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.methods import METHODS
from benchmarks.regret import run_regret
from benchmarks.report import run_report
from benchmarks.suites import DEFAULT_DATA_DIR
from benchmarks.suites import MissingData


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a subcommand; bad input ends in one line on stderr and status 2."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (MissingData, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")
    regret = subcommands.add_parser("regret", help="regret by trials, all methods side by side")
    _add_run_arguments(regret)
    regret.set_defaults(run=run_regret)
    report = subcommands.add_parser("report", help="tables of finished results")
    report.add_argument("results", nargs="+", type=Path, help="results files (CSV)")
    _add_selection_arguments(report)
    report.add_argument("--methods", nargs="+", metavar="METHOD")
    report.set_defaults(run=run_report)
    return parser


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_DIR, help="public data")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"), help="folder")
    parser.add_argument("--name", default="regret", help="name of the results file in --out")
    _add_selection_arguments(parser)
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--n-trials", type=int, default=30, help="trials of the target")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--redo", action="store_true", help="run anew what is there already")


def _add_selection_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", nargs="+", metavar="TASK", help="names of tasks")
    parser.add_argument("--families", nargs="+", metavar="FAMILY", help="families of tasks")


if __name__ == "__main__":
    sys.exit(main())
