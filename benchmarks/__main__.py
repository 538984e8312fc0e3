"""Command line of the benchmarks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.anytime import run_anytime
from benchmarks.latency import run_latency
from benchmarks.methods import METHODS
from benchmarks.parallel import run_parallel
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
    for add in (_add_regret, _add_report, _add_anytime, _add_latency, _add_parallel):
        add(subcommands)
    return parser


def _add_regret(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("regret", help="regret by trials, all methods side by side")
    _add_place(parser)
    _add_selection(parser)
    parser.add_argument("--name", default="regret", help="name of the results file in --out")
    _add_methods(parser, list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--n-trials", type=int, default=30, help="trials of the target")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--redo", action="store_true", help="run anew what is there already")
    parser.add_argument("--quick", action="store_true", help="a few tasks in under a minute")
    _add_page(parser)
    parser.set_defaults(run=run_regret)


def _add_report(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("report", help="tables and figures of finished results")
    parser.add_argument("results", nargs="+", type=Path, help="results files (CSV)")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_DIR, help="public data")
    _add_selection(parser)
    parser.add_argument("--methods", nargs="+", metavar="METHOD")
    _add_page(parser)
    parser.set_defaults(run=run_report)


def _add_anytime(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("anytime", help="regret by wall-clock time")
    parser.add_argument("results", nargs="+", type=Path, help="results files (CSV)")
    parser.add_argument("--train-seconds", nargs="+", type=float, default=[0.1, 1.0, 10.0, 100.0])
    parser.add_argument("--budgets", nargs="+", type=int, default=[3, 5, 10, 20, 30])
    parser.set_defaults(run=run_anytime)


def _add_latency(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("latency", help="seconds of one suggestion")
    _add_place(parser)
    parser.add_argument("--counts", nargs="+", type=int, default=[20, 100, 300, 1000])
    parser.add_argument("--repeats", type=int, default=9, help="suggestions timed at each count")
    parser.set_defaults(run=run_latency)


def _add_parallel(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("parallel", help="several workers against one")
    _add_place(parser)
    _add_selection(parser)
    _add_methods(parser, ["scaleup", "gp_cold", "gp_enqueue3", "tpe_enqueue3"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--n-trials", type=int, default=30, help="trials of the target")
    parser.set_defaults(run=run_parallel)


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_DIR, help="public data")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"), help="folder")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", nargs="+", metavar="TASK", help="names of tasks")
    parser.add_argument(
        "--families", nargs="+", metavar="FAMILY", help="families; or public, synthetic"
    )


def _add_methods(parser: argparse.ArgumentParser, default: list[str]) -> None:
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=default, metavar="METHOD")


def _add_page(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report", type=Path, metavar="PAGE.html", help="write a page, pictures")


if __name__ == "__main__":
    sys.exit(main())
