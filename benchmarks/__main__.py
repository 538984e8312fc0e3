"""Command line of the benchmarks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.anytime import run_anytime
from benchmarks.branches import OBJECTIVES
from benchmarks.branches import SAMPLERS
from benchmarks.branches import run_branches
from benchmarks.calibration import run_calibration
from benchmarks.equal_cost import SAMPLERS as COST_SAMPLERS
from benchmarks.equal_cost import run_cost
from benchmarks.faults import run_faults
from benchmarks.ladder import PARTS as LADDER_PARTS
from benchmarks.ladder import run_ladder
from benchmarks.latency import run_latency
from benchmarks.methods import METHODS
from benchmarks.outputs import MAKERS
from benchmarks.outputs import run_outputs
from benchmarks.parallel import run_parallel
from benchmarks.pruning import AVOIDING
from benchmarks.pruning import BLIND
from benchmarks.pruning import WITH_COST
from benchmarks.pruning import run_pruning
from benchmarks.publishing import run_publishing
from benchmarks.regret import run_regret
from benchmarks.report import run_report
from benchmarks.soak import run_soak
from benchmarks.suites import DEFAULT_DATA_DIR
from benchmarks.suites import MissingData
from benchmarks.tasks.outputs import OUTPUTS_TASKS


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
    for add in (
        _add_regret,
        _add_report,
        _add_anytime,
        _add_latency,
        _add_parallel,
        _add_faults,
        _add_soak,
        _add_pruning,
        _add_branches,
        _add_outputs,
        _add_cost,
        _add_ladder,
        _add_calibration,
        _add_publishing,
    ):
        add(subcommands)
    return parser


def _add_regret(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("regret", help="regret by trials, all methods side by side")
    _add_place(parser)
    _add_selection(parser)
    parser.add_argument("--name", default="regret", help="results file in --out, .csv or .parquet")
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
    parser.add_argument("results", nargs="+", type=Path, help="results files (CSV, Parquet)")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_DIR, help="public data")
    _add_selection(parser)
    parser.add_argument("--methods", nargs="+", metavar="METHOD")
    _add_page(parser)
    parser.set_defaults(run=run_report)


def _add_anytime(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("anytime", help="regret by wall-clock time")
    parser.add_argument("results", nargs="+", type=Path, help="results files (CSV, Parquet)")
    _add_selection(parser)
    parser.add_argument("--methods", nargs="+", metavar="METHOD")
    parser.add_argument("--train-seconds", nargs="+", type=float, default=[0.1, 1.0, 10.0, 100.0])
    parser.add_argument("--budgets", nargs="+", type=int, default=[3, 5, 10, 20, 30])
    parser.set_defaults(run=run_anytime)


def _add_latency(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("latency", help="seconds of one suggestion")
    _add_place(parser)
    parser.add_argument("--counts", nargs="+", type=int, default=[20, 100, 300, 1000])
    parser.add_argument("--repeats", type=int, default=9, help="suggestions timed at each count")
    parser.set_defaults(run=run_latency)


def _add_publishing(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("publish", help="seconds and bytes of publish(study)")
    _add_place(parser)
    parser.add_argument("--counts", nargs="+", type=int, default=[100, 1000], help="trials")
    parser.set_defaults(run=run_publishing)


def _add_parallel(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("parallel", help="several workers against one")
    _add_place(parser)
    _add_selection(parser)
    _add_methods(parser, ["scaleup", "gp_cold", "gp_enqueue3", "tpe_enqueue3"])
    parser.add_argument(
        "--workers",
        nargs="+",
        default=["1", "4"],
        help="how many, or batches that start together, like 32x1+16",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--n-trials", type=int, default=30, help="trials of the target")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.set_defaults(run=run_parallel)


def _add_pruning(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("pruning", help="regret by epochs with MedianPruner")
    _add_place(parser)
    _add_selection(parser)
    default = ["scaleup", WITH_COST, BLIND, AVOIDING, "scaleup_cold", "tpe", "gp_cold"]
    choices = [*METHODS, WITH_COST, BLIND, AVOIDING]
    parser.add_argument("--methods", nargs="+", choices=choices, default=default, metavar="METHOD")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--n-trainings", type=int, default=20, help="budget in full trainings")
    parser.add_argument("--n-warmup-steps", type=int, default=0, help="of MedianPruner")
    parser.set_defaults(run=run_pruning)


def _add_branches(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("branches", help="conditional spaces against TPE with groups")
    _add_out(parser)
    parser.add_argument("--objectives", nargs="+", choices=OBJECTIVES, default=list(OBJECTIVES))
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, default=list(SAMPLERS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--n-trials", type=int, default=30)
    parser.set_defaults(run=run_branches)


def _add_outputs(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("outputs", help="constraints and several objectives")
    _add_out(parser)
    parser.add_argument("--tasks", nargs="+", metavar="TASK", choices=OUTPUTS_TASKS)
    parser.add_argument(
        "--methods", nargs="+", metavar="METHOD", choices=MAKERS, default=list(MAKERS)
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--n-trials", type=int, default=40, help="trials of the target")
    parser.set_defaults(run=run_outputs)


def _add_cost(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("cost", help="regret at equal training seconds")
    _add_place(parser)
    _add_selection(parser)
    parser.add_argument(
        "--samplers", nargs="+", choices=COST_SAMPLERS, default=list(COST_SAMPLERS)
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--n-trainings", type=int, default=20, help="budget in mean trainings")
    parser.set_defaults(run=run_cost)


def _add_faults(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("faults", help="real workers on PostgreSQL, killed at random")
    _add_place(parser)
    parser.add_argument("--tasks", nargs="+", metavar="TASK", default=["shift_4d"])
    parser.add_argument("--workers", nargs="+", type=int, default=[8])
    parser.add_argument("--kills", nargs="+", type=int, default=[0, 50])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--n-trials", type=int, default=48, help="complete trials of the target")
    parser.add_argument("--sleep", type=float, default=0.3, help="seconds of a training")
    parser.add_argument("--storage", metavar="URL", help="instead of a server of its own")
    parser.set_defaults(run=run_faults)


def _add_soak(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("soak", help="memory and latency of one sampler")
    _add_place(parser)
    parser.add_argument("--n-trials", type=int, default=2000)
    parser.add_argument("--per-study", type=int, default=100, help="trials of one study")
    parser.set_defaults(run=run_soak)


def _add_ladder(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("ladder", help="what sizes are worth where drift is known")
    _add_out(parser)
    parser.add_argument("--parts", nargs="+", choices=LADDER_PARTS, default=list(LADDER_PARTS))
    parser.add_argument("--seeds", type=int, default=50, help="number of seeds")
    parser.add_argument("--quick", action="store_true", help="a glance at each part")
    parser.set_defaults(run=run_ladder)


def _add_calibration(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser("calibration", help="outcomes against predicted intervals")
    _add_place(parser)
    _add_selection(parser)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--n-trials", type=int, default=30, help="trials of the target")
    parser.add_argument("--ladders", type=int, default=50, help="ladders of each length")
    parser.add_argument("--quick", action="store_true", help="a few seconds on synthetic tasks")
    parser.set_defaults(run=run_calibration)


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_DIR, help="public data")
    _add_out(parser)


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"), help="folder")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", nargs="+", metavar="TASK", help="names of tasks")
    parser.add_argument(
        "--families", nargs="+", metavar="FAMILY", help="families; or public, synthetic, trainings"
    )


def _add_methods(parser: argparse.ArgumentParser, default: list[str]) -> None:
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=default, metavar="METHOD")


def _add_page(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report", type=Path, metavar="PAGE.html", help="write a page, pictures")


if __name__ == "__main__":
    sys.exit(main())
