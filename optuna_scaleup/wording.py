"""What log lines, errors, reports and figures say in the same words."""

from __future__ import annotations


def counted(n: int, one: str, many: str = "") -> str:
    """A number of things: ``1 trial``, ``2 trials``."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def all_the_same(n_values: int, whose: str) -> str:
    """What is said of a source whose values do not differ."""
    return (
        f"All {n_values} values of {whose} are the same, so it does not tell what is good: is its "
        "objective what it should be?"
    )
