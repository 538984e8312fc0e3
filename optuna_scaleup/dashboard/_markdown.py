"""Text of users in Markdown, which would take parts of it for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Final


# An underscore within a word is none, and most names have one.
_MARKUP: Final = re.compile(r"[\\`*<>\[|~]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
_CODE: Final = re.compile(r"(`[^`]*`)")


def escaped(text: str) -> str:
    """Text as it is, whatever it holds."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}", text.replace("\n", " "))


def prose(text: str) -> str:
    """The same for a sentence of ours, but for what stands between backticks."""
    parts = _CODE.split(text)
    return "".join(p if i % 2 else escaped(p) for i, p in enumerate(parts))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts."""
    lines = [[escaped(c) for c in header], ["---"] * len(header)]
    lines += [[escaped(c) for c in row] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
