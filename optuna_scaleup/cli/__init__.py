"""``optuna-scaleup``: recommendations, reports and the dashboard for studies kept in a storage."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from optuna_scaleup.cli._arguments import STORAGE_VARIABLE
from optuna_scaleup.cli._arguments import parser_of
from optuna_scaleup.cli._wording import in_flags
from optuna_scaleup.cli._wording import log_in_flags
from optuna_scaleup.cli._wording import redacted
from optuna_scaleup.dashboard import publish
from optuna_scaleup.data.recall import recall
from optuna_scaleup.data.user_source import Source
from optuna_scaleup.recommending import recommend
from optuna_scaleup.sampler import ScaleUpSampler


if TYPE_CHECKING:
    from optuna.study import Study


__all__ = ["main", "redacted"]

_FAILED, _USAGE, _BROKEN = 1, 2, 3
_NO_SIZE: Final = (
    "--scale is of no use: no source has a size. "
    "Give one as in --source small@2e8, or leave --scale out."
)
_SQLITE_PATH: Final = re.compile(r"sqlite(?:\+\w+)?:///(?!:memory:|file:)([^?]+)")


class _Failure(Exception):
    """Something that the user can put right."""


class _Misuse(Exception):
    """A command line that means nothing, whatever the storage holds."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    flags = parser_of(_recommend, _report, _publish).parse_args(argv)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    url = flags.storage or os.environ.get(STORAGE_VARIABLE, "")
    try:
        with log_in_flags():
            print(flags.run(flags, url))
    except _Misuse as error:
        print(f"optuna-scaleup: {error}", file=sys.stderr)
        return _USAGE
    except (_Failure, ImportError, TypeError, ValueError) as error:
        print(f"optuna-scaleup: {in_flags(redacted(str(error), url))}", file=sys.stderr)
        return _FAILED
    except Exception:
        print(redacted(traceback.format_exc(), url), file=sys.stderr)
        return _BROKEN
    return 0


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
        raise _Misuse(f"No storage: give --storage, or set {STORAGE_VARIABLE}.")
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
        told = ", ".join(map(repr, optuna.get_all_study_names(storage))) or "none"
        raise _Failure(f"The storage has no study {name!r}. It has: {told}.") from None


def _sources(flags: argparse.Namespace, storage: Any) -> list[Source]:
    return [
        Source(_source_study(name, scale, storage), scale=scale) for name, scale in flags.source
    ]


def _source_study(name: str, scale: Any, storage: Any) -> Study:
    """The study of a source; what was read as its size may be a part of its name."""
    try:
        return _study(name, storage)
    except _Failure as error:
        names = optuna.get_all_study_names(storage)
        longer = [n for n in names if scale is not None and n.startswith(f"{name}@")]
        if not longer:
            raise
        raise _Failure(
            f"{error} A name that holds an @ needs one more at its end: --source {longer[0]}@"
        ) from None


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
