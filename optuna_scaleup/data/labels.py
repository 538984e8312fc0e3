"""What log lines and figures call studies that share a name, and how they count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count


def numbered(names: Sequence[str]) -> list[str]:
    """The names, all different: one that several share gets a number that makes no other name."""
    n_bearers = Counter(names)
    taken = set(names)
    labels = []
    for name in names:
        label = name
        if n_bearers[name] > 1:
            label = next(free for i in count(1) if (free := f"{name} ({i})") not in taken)
            taken.add(label)
        labels.append(label)
    return labels


def counted(n: int, noun: str) -> str:
    """``1 objective``, ``2 objectives``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
