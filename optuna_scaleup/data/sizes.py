"""How large the studies are: checked sizes, their order, and what they mean to the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final

import numpy as np

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import as_float
from optuna_scaleup._optuna import is_number
from optuna_scaleup._optuna import logger
from optuna_scaleup.data.drift_prior import DriftPrior
from optuna_scaleup.data.drift_prior import slope_beliefs
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.types import Scales


PLAIN: Final = "size"
"""Name of the one size of a study whose scale is a plain number."""

Scale = Mapping[str, float]


@dataclass(frozen=True)
class Sizes:
    """The large study's side of a ladder.

    Attributes:
        target: Its sizes by name; empty if not known.
        prior: What the user or the literature believes about drift.
    """

    target: Scale = field(default_factory=dict)
    prior: DriftPrior = field(default_factory=DriftPrior)

    def scales(
        self, sources: Sequence[Scale], space: SearchSpace, notices: Notices
    ) -> Scales | None:
        """Sizes and beliefs in the numerics' units; :obj:`None` if no ratio of sizes is known.

        Args:
            sources: Sizes of each source, empty where not known.
            space: The parameters to suggest.
            notices: Where beliefs that mean nothing here are told of.
        """
        if not self.target or not any(sources):
            return None
        names = tuple(sorted(self.target))
        ratios = [[_log_ratio(self.target[n], scale.get(n)) for n in names] for scale in sources]
        mean, std = slope_beliefs(self.prior, space, names, notices)
        return Scales(np.array(ratios), mean, std)


def checked_scale(scale: Any, whose: str) -> dict[str, float]:
    """Sizes by name; none for :obj:`None`, :data:`PLAIN` for a plain number.

    Raises:
        TypeError: If it is neither a number nor a mapping of names to numbers.
        ValueError: If a size is not positive and finite, or there is none in the mapping.
    """
    if scale is None:
        return {}
    if is_number(scale):
        return {PLAIN: _checked_size(scale, f"`scale` of {whose}")}
    if not isinstance(scale, Mapping):
        raise TypeError(
            f"`scale` of {whose} is a positive number or a mapping of names to positive numbers "
            f"such as {{'params': 2e8}}; got {scale!r}."
        )
    if not scale:
        raise ValueError(f"`scale` of {whose} is empty. Leave it out if it is not known.")
    for name in scale:
        if not isinstance(name, str) or not name:
            raise TypeError(f"`scale` of {whose} has the name {name!r}; a name is a text.")
    return {n: _checked_size(size, f"`scale` of {whose}, {n!r},") for n, size in scale.items()}


def check_scales(sources: Sequence[tuple[str, Scale]], target: Scale) -> None:
    """Raises ValueError unless all known sizes go by the same names.

    Args:
        sources: Label and sizes of each source.
        target: Sizes of the large study.
    """
    if target and sources and not any(scale for _, scale in sources):
        raise ValueError(
            f"`scale` says how large the large study is ({_names(target)}), but no source has a "
            "scale. Give theirs as `Source(study, scale=...)`, or leave `scale` out."
        )
    sized = [(f"source {label!r}", scale) for label, scale in sources if scale]
    if target:
        sized.append(("the large study", target))
    if len({frozenset(scale) for _, scale in sized}) > 1:
        told = "; ".join(f"{whose} has {_names(scale)}" for whose, scale in sized)
        raise ValueError(f"The names of the scales differ: {told}. Use the same names for all.")
    if sized and not target:
        logger.warning(
            "The sources have a scale, but the large study has none: how far its optimum moves "
            "is not known in advance. Give `scale` to the sampler."
        )


def size_order(scales: Sequence[Scale]) -> list[int]:
    """Positions of the sources from small to large; as given unless all sizes are known.

    Of several sizes the product counts, as parameters times tokens do for compute.
    """
    if not all(scales):
        return list(range(len(scales)))
    logs = [sum(map(math.log, scale.values())) for scale in scales]
    return sorted(range(len(scales)), key=lambda i: logs[i])


def _log_ratio(target: float, source: float | None) -> float:
    return math.nan if source is None else math.log(target) - math.log(source)


def _checked_size(size: Any, what: str) -> float:
    if not is_number(size):
        raise TypeError(f"{what} is a positive number; got {size!r}.")
    value = as_float(size)
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(f"{what} is positive and finite; got {size!r}.")
    return value


def _names(scale: Scale) -> str:
    return ", ".join(repr(name) for name in sorted(scale))
