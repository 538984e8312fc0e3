"""Names and values of the user's as labels: short, told apart, and as plotly shows them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import takewhile
from typing import Any
from typing import Final

from optuna_scaleup.data.labels import numbered
from optuna_scaleup.report.interval import choice_text


_MAX_LABEL: Final = 16
_DIGITS: Final = "0123456789"
_NUMBER_WIDTH: Final = 5  # characters of " (12)"


def escaped(text: str) -> str:
    """A text that plotly shows as it is: not as HTML, nor as a formula where MathJax is loaded."""
    return html.escape(text, quote=False).replace("$", "&#36;")


def cut(label: str, n_characters: int = _MAX_LABEL) -> str:
    """A text without the middle of a long one: names often differ at their end."""
    if len(label) <= n_characters:
        return label
    n_last = (n_characters - 1) // 2
    return f"{label[: n_characters - 1 - n_last]}…{label[-n_last:]}"


def shortened(label: str, n_characters: int = _MAX_LABEL) -> str:
    """A label that fits below an axis."""
    return escaped(cut(label, n_characters))


def shortened_together(labels: Sequence[str], n_characters: int = _MAX_LABEL) -> list[str]:
    """Labels of one axis or legend, all different."""
    groups: dict[str, list[str]] = {}
    for label in dict.fromkeys(labels):
        groups.setdefault(cut(label, n_characters), []).append(label)
    short = {
        label: text
        for alike in groups.values()
        for label, text in zip(alike, _told_apart(alike, n_characters), strict=True)
    }
    texts = [short[label] for label in labels]
    if len(set(texts)) < len(texts):
        texts = numbered([cut(text, n_characters - _NUMBER_WIDTH) for text in texts])
    return [escaped(text) for text in texts]


def short(value: Any) -> str:
    """A number or choice as text for labels."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return choice_text(value)
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def _told_apart(labels: Sequence[str], n_characters: int) -> list[str]:
    """Different labels that look alike when cut: what they differ in, and how they begin."""
    if len(labels) == 1:
        return [cut(labels[0], n_characters)]
    # Of a number all digits are shown.
    start = _common_start(labels).rstrip(_DIGITS)
    rests = [label[len(start) :] for label in labels]
    end = _common_start([rest[::-1] for rest in rests])[::-1].lstrip(_DIGITS)
    texts = []
    for rest in rests:
        core = rest[: len(rest) - len(end)] + ("…" if end else "")
        n_left = n_characters - len(core) - 1
        begin = f"{start[:n_left]}…" if n_left > 0 and start else ""
        texts.append(cut(begin + core, n_characters))
    return texts


def _common_start(labels: Sequence[str]) -> str:
    columns = zip(*labels, strict=False)
    return "".join(column[0] for column in takewhile(lambda c: len(set(c)) == 1, columns))
