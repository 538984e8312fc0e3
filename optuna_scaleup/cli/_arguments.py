"""The command line: what may be given, and what the help says."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from collections.abc import Mapping
from typing import Final
from typing import NoReturn

import optuna_scaleup
from optuna_scaleup.cli._wording import redacted
from optuna_scaleup.data.drift_presets import PRESETS


STORAGE_VARIABLE: Final = "OPTUNA_SCALEUP_STORAGE"
_DESCRIPTION: Final = (
    "optuna-scaleup: recommendations, reports and the dashboard for studies kept in a storage."
)

Run = Callable[[argparse.Namespace, str], str]
"""A command: from the flags and the storage's URL to what it prints."""

_EPILOG: Final = f"""\
examples:
  what to run first at the large scale
    optuna-scaleup recommend --storage sqlite:///tuning.db --source small
  three settings to run at once, for a study that has begun, as JSON
    optuna-scaleup recommend --storage sqlite:///tuning.db --target large -n 3 --json
  two small studies of known size, and how large the large one is
    optuna-scaleup recommend --storage sqlite:///tuning.db --target large \\
        --source tiny@params=6e7,tokens=1e9 --source small@params=2e8,tokens=4e9 \\
        --scale params=1e9,tokens=2e10 --drift-prior steplaw
  what the large study learnt from its sources, which it remembers
    optuna-scaleup report --storage sqlite:///tuning.db --target large
  notes and figures for optuna-dashboard
    optuna-scaleup publish --storage sqlite:///tuning.db --target large

A storage is a URL as Optuna takes it, or the path of a journal file. {STORAGE_VARIABLE} in the
environment stands in for --storage, and keeps a password out of the list of processes.

exit codes: 0 done; 1 the storage or the studies cannot serve; 2 wrong command line; 3 a bug
"""


class _Parser(argparse.ArgumentParser):
    """Never echoes a password."""

    def error(self, message: str) -> NoReturn:
        super().error(redacted(message))


def parser_of(recommend: Run, report: Run, publish: Run) -> argparse.ArgumentParser:
    """The parser of all commands.

    Args:
        recommend: Runs the command of that name.
        report: The same.
        publish: The same.
    """
    parser = _Parser(
        prog="optuna-scaleup",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = optuna_scaleup.__version__
    parser.add_argument("--version", action="version", version=f"%(prog)s {version}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        name: str, run: Run, text: str, needs_target: bool = True
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        sub.add_argument("--storage", help=f"URL or journal file (default: ${STORAGE_VARIABLE})")
        sub.add_argument(
            "--source",
            action="append",
            type=_named_source,
            metavar="NAME[@SIZES]",
            help="a small study, from small to large if several; "
            "sizes as in params=2e8,tokens=4e9 or a number (default: as --target remembers); "
            "a name that holds an @ needs one more at its end",
        )
        sub.add_argument("--target", metavar="NAME", required=needs_target, help="the large study")
        sub.add_argument("--scale", type=_sizes, metavar="SIZES", help="sizes of the large study")
        sub.add_argument(
            "--drift-prior", choices=[*PRESETS], help="preset: what is believed about the drift"
        )
        sub.add_argument("--json", action="store_true", help="print JSON")
        return sub

    text = "print what to run next at the large scale"
    one = command("recommend", recommend, text, needs_target=False)
    one.add_argument(
        "-n", "--n", type=_count, default=1, help="how many to run at once (default: 1)"
    )
    command("report", report, "print what the large study learnt from its sources")
    command("publish", publish, "write notes and figures for optuna-dashboard")
    return parser


def _named_source(text: str) -> tuple[str, float | Mapping[str, float] | None]:
    """``NAME`` or ``NAME@SIZES``; a name that holds an ``@`` itself may end with one."""
    name, at, sizes = text.rpartition("@")
    if not at:
        return text, None
    try:
        return name, _sizes(sizes) if sizes else None
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(
            f"{error}; a name that holds an @ needs one more at its end: {text}@"
        ) from None


def _sizes(text: str) -> float | dict[str, float]:
    """``2e8`` or ``params=2e8,tokens=4e9``."""
    is_named = "=" in text
    try:
        pairs = [part.split("=") for part in text.split(",")] if is_named else [["", text]]
        sizes = {name.strip(): float(size) for name, size in pairs}
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"sizes are a number, or names and numbers as in params=2e8,tokens=4e9; got {text!r}"
        ) from None
    if len(sizes) < len(pairs):
        raise argparse.ArgumentTypeError(f"a size is named twice in {text!r}")
    if not all(0.0 < size < math.inf for size in sizes.values()):
        raise argparse.ArgumentTypeError(f"a size is positive and finite; got {text!r}")
    return sizes if is_named else sizes[""]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number, at least 1; got {text!r}")
    return int(text)
