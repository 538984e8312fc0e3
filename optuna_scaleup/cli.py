"""``optuna-scaleup``: recommendations, reports and the dashboard for studies kept in a storage."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import sys
import traceback
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NoReturn
from urllib.parse import unquote
from urllib.parse import urlsplit

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from optuna_scaleup.dashboard import publish
from optuna_scaleup.data.drift_presets import PRESETS
from optuna_scaleup.data.recall import recall
from optuna_scaleup.data.user_source import Source
from optuna_scaleup.recommending import recommend
from optuna_scaleup.sampler import ScaleUpSampler


if TYPE_CHECKING:
    from optuna.study import Study


_STORAGE_VARIABLE: Final = "OPTUNA_SCALEUP_STORAGE"
_FAILED, _USAGE, _BROKEN = 1, 2, 3
_NO_SIZE: Final = (
    "--scale is of no use: no source has a size. "
    "Give one as in --source small@2e8, or leave --scale out."
)
# `user:password@`, up to the last @ of the word, and `?password=…` as drivers take it.
_PASSWORD: Final = re.compile(r"(://[^:/@\s]*):\S+@|(\b(?:password|passwd|pwd)=)[^&\s'\"]+", re.I)
_SQLITE_PATH: Final = re.compile(r"sqlite(?:\+\w+)?:///(?!:memory:|file:)([^?]+)")

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

A storage is a URL as Optuna takes it, or the path of a journal file. {_STORAGE_VARIABLE} in the
environment stands in for --storage, and keeps a password out of the list of processes.

exit codes: 0 done; 1 the storage or the studies cannot serve; 2 wrong command line; 3 a bug
"""


class _Failure(Exception):
    """Something that the user can put right."""


class _Misuse(Exception):
    """A command line that means nothing, whatever the storage holds."""


class _Parser(argparse.ArgumentParser):
    """Never echoes a password."""

    def error(self, message: str) -> NoReturn:
        super().error(redacted(message))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    flags = _parser().parse_args(argv)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    url = flags.storage or os.environ.get(_STORAGE_VARIABLE, "")
    try:
        print(flags.run(flags, url))
    except _Misuse as error:
        print(f"optuna-scaleup: {error}", file=sys.stderr)
        return _USAGE
    except (_Failure, ImportError, TypeError, ValueError) as error:
        print(f"optuna-scaleup: {redacted(str(error), url)}", file=sys.stderr)
        return _FAILED
    except Exception:
        print(redacted(traceback.format_exc(), url), file=sys.stderr)
        return _BROKEN
    return 0


def redacted(text: str, url: str = "") -> str:
    """``text`` without the password of ``url``, and without that of any other URL in it."""
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        password = ""
    # Drivers take what follows an `@` that is not written as `%40` for the host.
    tails = {f"{password[i:]}@" for i, letter in enumerate(password, 1) if letter == "@"}
    for secret in sorted({password, unquote(password), *tails} - {""}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _PASSWORD.sub(lambda m: f"{m[2]}***" if m[2] else f"{m[1]}:***@", text)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="optuna-scaleup",
        description=__doc__.replace("``", "") if __doc__ else None,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[..., str], text: str, needs_target: bool = True
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        sub.add_argument("--storage", help=f"URL or journal file (default: ${_STORAGE_VARIABLE})")
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
    one = command("recommend", _recommend, text, needs_target=False)
    one.add_argument("-n", type=_count, default=1, help="how many to run at once (default: 1)")
    command("report", _report, "print what the large study learnt from its sources")
    command("publish", _publish, "write notes and figures for optuna-dashboard")
    return parser


def _recommend(flags: argparse.Namespace, url: str) -> str:
    if flags.target is None and not flags.source:
        raise _Misuse("recommend needs --source, --target, or both.")
    if flags.target is None and flags.scale is not None and not any(s for _, s in flags.source):
        raise _Misuse(_NO_SIZE)
    storage = _storage(url)
    if flags.target is None:
        found = recommend(
            _sources(flags, storage), scale=flags.scale, n=flags.n, drift_prior=flags.drift_prior
        )
    else:
        study = _study(flags.target, storage)
        found = _sampler(flags, study, storage).recommend(study, flags.n)
    if flags.json:
        return json.dumps([one.to_dict() for one in found], indent=2)
    return "\n\n".join(map(str, found))


def _report(flags: argparse.Namespace, url: str) -> str:
    storage = _storage(url)
    study = _study(flags.target, storage)
    report = _sampler(flags, study, storage).diagnose(study)
    return json.dumps(report.to_dict(), indent=2) if flags.json else str(report)


def _publish(flags: argparse.Namespace, url: str) -> str:
    storage = _storage(url)
    study = _study(flags.target, storage)
    study.sampler = _sampler(flags, study, storage)
    publish(study)
    if flags.json:
        return json.dumps({"published": study.study_name})
    return (
        f"Published notes and figures of study {study.study_name!r}; optuna-dashboard shows them."
    )


def _storage(url: str) -> Any:
    """What Optuna takes as a storage.

    Raises:
        _Misuse: If none is named.
        _Failure: If there is none that can be reached.
    """
    if not url:
        raise _Misuse(f"No storage: give --storage, or set {_STORAGE_VARIABLE}.")
    try:
        if "://" in url:
            _check_file(url)
            return optuna.storages.get_storage(url)
        if not Path(url).is_file():
            raise _Failure(f"There is no journal file {url!r}. A database is given as a URL.")
        return JournalStorage(JournalFileBackend(url))
    except _Failure:
        raise
    except Exception as error:  # of whatever driver the URL names
        reason = str(error).partition("\n")[0]
        raise _Failure(f"The storage cannot be opened: {reason}") from None


def _check_file(url: str) -> None:
    """SQLite would make an empty database of a mistyped path.

    Raises:
        _Failure: If the URL names an SQLite file that is not there.
    """
    path = _SQLITE_PATH.match(url)
    if path and not Path(path[1]).is_file():
        raise _Failure(f"There is no SQLite file {path[1]!r}.")


def _study(name: str, storage: Any) -> Study:
    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        names = ", ".join(map(repr, optuna.get_all_study_names(storage))) or "none"
        raise _Failure(f"The storage has no study {name!r}. It has: {names}.") from None


def _sources(flags: argparse.Namespace, storage: Any) -> list[Source]:
    return [Source(_study(name, storage), scale=scale) for name, scale in flags.source]


def _sampler(flags: argparse.Namespace, study: Study, storage: Any) -> ScaleUpSampler:
    """A sampler with the sources named on the command line, or with those recorded."""
    recalled = recall(study, _sources(flags, storage) if flags.source else None)
    for source in recalled.missing:
        print(f"Going on without source {source}.", file=sys.stderr)
    sources = list(recalled.sources)
    if flags.scale is not None and sources and not any(source.scale for source in sources):
        raise _Failure(_NO_SIZE)
    return ScaleUpSampler(
        sources or None,
        seed=0,
        scale=recalled.scale if flags.scale is None else flags.scale,
        drift_prior=flags.drift_prior or recalled.drift_prior,
    )


def _named_source(text: str) -> tuple[str, float | Mapping[str, float] | None]:
    """``NAME`` or ``NAME@SIZES``; a name that holds an ``@`` itself may end with one."""
    name, at, sizes = text.rpartition("@")
    return (name, _sizes(sizes) if sizes else None) if at else (text, None)


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


if __name__ == "__main__":
    sys.exit(main())
