"""Uncertain numbers and choices, and how they are written."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Final

import numpy as np

from optuna_scaleup.types import Array


LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles that make an :class:`Interval`."""

_N_SHOWN: Final = 8  # choices
_N_DIGITS: Final = 4
_MAX_DIGITS: Final = 15  # of a float


@dataclass(frozen=True)
class Interval:
    """A number that is known with an error.

    Attributes:
        median: As likely too low as too high.
        inner: Central interval that holds it with 50 % probability.
        outer: The same with 90 %.
    """

    median: float
    inner: tuple[float, float]
    outer: tuple[float, float]

    @classmethod
    def of(cls, quantiles: Sequence[float]) -> Interval:
        """From the quantiles at :data:`LEVELS`, in any direction."""
        # Added to zero, so that none is "-0".
        low, low_half, median, high_half, high = sorted(float(q) + 0.0 for q in quantiles)
        return cls(median, (low_half, high_half), (low, high))

    @classmethod
    def of_draws(cls, draws: Array, weights: Array | None = None) -> Interval:
        """From draws, shape ``(n,)``, equally likely unless weights are given."""
        order = np.argsort(draws)
        weights = np.ones(len(draws)) if weights is None else weights
        # Half of its weight lies on either side of a draw.
        rank = (np.cumsum(weights[order]) - weights[order] / 2.0) / weights.sum()
        return cls.of(np.interp(LEVELS, rank, draws[order]).tolist())

    def __str__(self) -> str:
        low, high = map(self.number, self.outer)
        return f"{self.number(self.median)} [{low}, {high}]"

    def number(self, value: Any) -> str:
        """A number in as many digits as tell the ends of the interval apart, four at least."""
        return number(value, span=self.outer[1] - self.outer[0])

    @property
    def bound(self) -> str:
        """``at most 0.07`` or ``at least -0.07`` of a value that is cut off at zero.

        Losses do not fall below zero, so all that would lie there is put on zero itself. A median
        there says that the value may be as good as that, not that it is. Empty if it lies
        elsewhere.
        """
        low, high = self.outer
        if self.median != 0.0 or (low == 0.0) == (high == 0.0):
            return ""
        return f"at most {self.number(high)}" if low == 0.0 else f"at least {self.number(low)}"

    def to_dict(self) -> dict[str, Any]:
        return {"median": self.median, "inner": list(self.inner), "outer": list(self.outer)}


@dataclass(frozen=True)
class Odds:
    """How likely each choice of a categorical parameter is the best.

    Attributes:
        probabilities: By choice, in the order of the distribution; by its text where the choice
            cannot be a key, such as a list.
    """

    probabilities: Mapping[Any, float]

    @classmethod
    def of(cls, choices: Sequence[Any], probabilities: Sequence[float]) -> Odds:
        """Of some choices, each with its probability; equal ones, as 1 and True, are one."""
        total: dict[Any, float] = {}
        for key, p in zip(map(_key, choices), probabilities, strict=True):
            total[key] = total.get(key, 0.0) + p
        return cls(total)

    def __str__(self) -> str:
        ranked = sorted(self.probabilities.items(), key=lambda item: -item[1])
        shown = [(choice, p) for choice, p in ranked[:_N_SHOWN] if p >= 0.005] or ranked[:1]
        rest = sum(p for _, p in ranked[len(shown) :])
        texts = [f"{choice_text(choice)} {_percent(p)}" for choice, p in shown]
        if rest >= 0.005:
            texts.append(f"{len(ranked) - len(shown)} others {_percent(rest)}")
        return ", ".join(texts)

    def to_dict(self) -> dict[str, float]:
        """Probabilities by the text of each choice; as code where two have the same text."""
        counts = Counter(map(str, self.probabilities))
        return {
            str(choice) if counts[str(choice)] == 1 else repr(choice): p
            for choice, p in self.probabilities.items()
        }


def choice_text(choice: Any) -> str:
    """A choice as people tell it from others: "1" in quotes, beside 1."""
    return number(choice) if isinstance(choice, str) else str(choice)


def _percent(p: float) -> str:
    return f"{100 * p:.0f} %" if p >= 0.005 else f"{100 * p:.1g} %"


def _key(choice: Any) -> Any:
    try:
        hash(choice)
    except TypeError:  # Optuna warns of such choices, and takes them
        return str(choice)
    return choice


def number(value: Any, span: float = 0.0) -> str:
    """A number in four digits, or more; anything else as its text.

    A text that reads like a number, ``True``, ``False`` or ``None`` stands in quotes.

    Args:
        value: What to write.
        span: If not zero, numbers that differ by a tenth of it are told apart.
    """
    if isinstance(value, str):
        return repr(value) if _seems_no_text(value) else value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) and abs(value) < 1e9:
        return str(value)
    if not math.isfinite(value):
        return str(value)
    digits = _N_DIGITS
    if value and span > 0.0 and math.isfinite(span):
        needed = math.floor(math.log10(abs(value))) + 1 + math.ceil(1.0 - math.log10(span))
        digits = min(max(digits, needed), _MAX_DIGITS)
    return f"{value:.{digits}g}"


def _seems_no_text(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text.strip() in ("", "None", "True", "False")
    return True
