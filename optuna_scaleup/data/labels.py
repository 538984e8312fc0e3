"""Words of log lines, errors and figures: studies that share a name, values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence
from itertools import count
from typing import Any
from typing import Final


_MAX_LENGTH: Final = 40  # characters
_N_LISTED: Final = 5


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


def short_repr(value: Any) -> str:
    """A value as Python writes it, without the end of a long one."""
    text = repr(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 3]}..."


def listed(values: Iterable[Any]) -> str:
    """The first few different values, in the order they come in."""
    texts = list(dict.fromkeys(map(short_repr, values)))
    return ", ".join([*texts[:_N_LISTED], "..."] if len(texts) > _N_LISTED else texts)
