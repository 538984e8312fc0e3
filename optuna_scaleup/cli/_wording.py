"""What the command line says: in its own terms, and without passwords."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import unquote
from urllib.parse import urlsplit


_LOGGER: Final = "optuna.optuna_scaleup"
# What the package calls an argument, in the order in which it is looked for.
_FLAGS: Final = {
    "`scale` to the sampler": "--scale",
    "`Source(study, scale=...)`": "--source NAME@SIZES",
    "`scale`": "--scale",
    "`drift_prior`": "--drift-prior",
}
# `user:password@`, up to the last @ of the word, and `?password=…` as drivers take it.
_PASSWORD: Final = re.compile(r"(://[^:/@\s]*):\S+@|(\b(?:password|passwd|pwd)=)[^&\s'\"]+", re.I)


def in_flags(text: str) -> str:
    """A message of the package with the flags that stand for the arguments that it names."""
    for argument, flag in _FLAGS.items():
        text = text.replace(argument, flag)
    return text


@contextmanager
def log_in_flags() -> Iterator[None]:
    """Log lines of the package name flags, too."""
    logger, said = logging.getLogger(_LOGGER), _InFlags()
    logger.addFilter(said)
    try:
        yield
    finally:
        logger.removeFilter(said)


class _InFlags(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = in_flags(record.getMessage()), None
        return True


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
