"""A parameter that a study holds at one value, on the axis along which others varied it."""

from __future__ import annotations

import math

from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution

from optuna_scaleup._optuna import as_float
from optuna_scaleup.data.encoding import CategoricalEncoding
from optuna_scaleup.data.encoding import Encoding
from optuna_scaleup.data.encoding import NumericEncoding
from optuna_scaleup.data.encoding import encoding_of


def held_value(single: BaseDistribution) -> object:
    """The only value of a distribution."""
    return encoding_of(single).decode(0.0)


def held_encoding(single: BaseDistribution, varied: BaseDistribution) -> Encoding | None:
    """The coordinates of a held parameter; :obj:`None` if it has none in common with the others.

    Of a number, those of the others' range as far as it takes to hold the value. Beyond another
    range on either side the value says no more about that range. Of a choice, its own: all other
    choices are as foreign to it as one that it lacks.

    Args:
        single: With one value.
        varied: As another study sampled it, with several values.
    """
    if isinstance(single, CategoricalDistribution):
        return CategoricalEncoding(single)
    value = as_float(held_value(single))
    ends = _ends(varied)
    if ends is None or not math.isfinite(value):
        return None
    low, high, is_log = ends
    if is_log and value > 0.0:
        bounds = low * (low / high), high * (high / low)
    else:
        is_log = False
        bounds = low - (high - low), high + (high - low)
    low, high = min(low, max(value, bounds[0])), max(high, min(value, bounds[1]))
    if not math.isfinite(high - low):
        return None
    return encoding_of(FloatDistribution(low, high, log=is_log))


def _ends(varied: BaseDistribution) -> tuple[float, float, bool] | None:
    """Lowest and highest number, and whether between them logarithms count."""
    if isinstance(varied, CategoricalDistribution):
        numbers = [as_float(choice) for choice in varied.choices]
        known = [number for number in numbers if math.isfinite(number)]
        return (min(known), max(known), False) if len(set(known)) > 1 else None
    encoding = encoding_of(varied)
    assert isinstance(encoding, NumericEncoding)
    low, high = map(as_float, encoding.bounds)
    return (low, high, encoding.is_log) if low < high else None
