"""Numbers short enough to be stored as text, and long enough to be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from optuna_scaleup.types import Array


_N_DIGITS: Final = 6
_MAX_DIGITS: Final = 17  # of a float


def rounded(values: Array | Sequence[float]) -> list[float]:
    """Floats of six digits, or of as many as tell a hundred-thousandth of their span apart."""
    numbers = [float(v) for v in values]
    finite = [v for v in numbers if math.isfinite(v)]
    span = max(finite) / 2.0 - min(finite) / 2.0 if finite else 0.0  # half: it may overflow
    return [float(f"{v:.{_n_digits(v, 2.0 * span)}g}") for v in numbers]


def _n_digits(value: float, span: float) -> int:
    if not value or not math.isfinite(value) or math.isinf(span):
        return _N_DIGITS
    if not span:
        return _MAX_DIGITS
    n_hidden = math.ceil(math.log10(abs(value)) - math.log10(span))
    return min(max(_N_DIGITS, _N_DIGITS + n_hidden), _MAX_DIGITS)
