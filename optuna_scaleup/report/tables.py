"""Tables and paragraphs in plain text, and for a notebook."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final


_MAX_WIDTH: Final = 60  # characters of a column; eight long choices would take hundreds


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in plain text, its columns aligned; what is too wide takes several lines."""
    cells = [line for row in (header, *rows) for line in _lines_of(row)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def _lines_of(row: Sequence[str]) -> Iterator[Sequence[str]]:
    """A row as one line or, where a text is wrapped, as several."""
    wrapped = (
        textwrap.wrap(text, _MAX_WIDTH, break_on_hyphens=False)
        if len(text) > _MAX_WIDTH
        else [text]
        for text in row
    )
    return zip_longest(*wrapped, fillvalue="")


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same table for a notebook."""

    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', header)}</thead><tbody>{body}</tbody></table>"


def html_paragraph(text: str) -> str:
    """A line for a notebook."""
    return f"<p>{html.escape(text)}</p>"
