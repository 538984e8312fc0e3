"""The sources of a large study from small to large, with what is known of the sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from itertools import combinations
from typing import Any

from optuna_scaleup._optuna import is_same_study
from optuna_scaleup.data.cost import CostOf
from optuna_scaleup.data.cost import checked_cost
from optuna_scaleup.data.drift_prior import checked_prior
from optuna_scaleup.data.sizes import Sizes
from optuna_scaleup.data.sizes import check_scales
from optuna_scaleup.data.sizes import checked_scale
from optuna_scaleup.data.sizes import size_order
from optuna_scaleup.data.source import SourceReader
from optuna_scaleup.data.source import source_readers


@dataclass(frozen=True)
class Ladder:
    """Sources and sizes, and what is read of each of their trials.

    Attributes:
        readers: Small to large: by size if all sizes are known, otherwise as given.
        sizes: Of the large study, with what is believed about drift.
        cost: What a trial cost, if that matters.
    """

    readers: tuple[SourceReader, ...] = ()
    sizes: Sizes = field(default_factory=Sizes)
    cost: CostOf | None = None

    @classmethod
    def of(
        cls, source: Any, scale: Any = None, drift_prior: Any = None, cost: Any = None
    ) -> Ladder:
        """Checks what the user gave.

        Args:
            source: A source, or a sequence of sources.
            scale: How large the large study is.
            drift_prior: What is believed about drift.
            cost: What a trial costs.

        Raises:
            TypeError: If an argument is of the wrong type.
            ValueError: If a size is not positive, names of sizes differ, a name is unknown, or a
                study is given twice.
        """
        readers = source_readers(source)
        _check_once(readers)
        target = checked_scale(scale, "the large study")
        check_scales([(reader.label, reader.scale) for reader in readers], target)
        prior = checked_prior(drift_prior, sorted(target))
        order = size_order([reader.scale for reader in readers])
        return cls(tuple(readers[i] for i in order), Sizes(target, prior), checked_cost(cost))


def _check_once(readers: Sequence[SourceReader]) -> None:
    """Raises ValueError if two readers read one study: its trials would count twice."""
    studies = [reader.study for reader in readers if reader.study is not None]
    for one, other in combinations(studies, 2):
        if is_same_study(one, other):
            raise ValueError(
                f"The study {one.study_name!r} is given as a source twice, and its trials would "
                "count twice. Give each study once."
            )
