"""How log lines, errors, reports and figures write counts."""

from __future__ import annotations


def counted(n: int, one: str, many: str = "") -> str:
    """A number of things: ``1 trial``, ``2 trials``."""
    return f"{n} {one if n == 1 else many or one + 's'}"
