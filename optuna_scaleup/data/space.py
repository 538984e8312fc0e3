"""The search space that is modelled, and how it is read off a study's trials."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
from optuna.trial import TrialState

from optuna_scaleup.data.encoding import MISSING
from optuna_scaleup.data.encoding import Encoding
from optuna_scaleup.data.encoding import encoding_of
from optuna_scaleup.types import Array
from optuna_scaleup.types import UnitSpace
from optuna_scaleup.types import are_near


if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class SearchSpace:
    """Named parameters as columns of an array, in alphabetical order.

    Attributes:
        names: The parameter of each column.
        encodings: The coordinates of each column.
        unit: The axes of the columns.
    """

    names: tuple[str, ...]
    encodings: tuple[Encoding, ...]
    unit: UnitSpace

    @classmethod
    def of(cls, distributions: Mapping[str, BaseDistribution]) -> SearchSpace:
        """A column for each distribution that leaves a choice.

        The order does not depend on the storage, which may return parameters in any order.
        """
        names = tuple(sorted(name for name, d in distributions.items() if not d.single()))
        encodings = tuple(encoding_of(distributions[name]) for name in names)
        return cls(names, encodings, UnitSpace(tuple(e.axis for e in encodings)))

    def encode(self, rows: Sequence[Mapping[str, Any]]) -> Array:
        """Parameters as coordinates, shape ``(n, d)``, ``NaN`` where a row lacks one."""
        columns = [
            encoding.encode([row.get(name, MISSING) for row in rows])
            for name, encoding in zip(self.names, self.encodings, strict=True)
        ]
        return np.stack(columns, axis=-1) if columns else np.empty((len(rows), 0))

    def are_near(self, params: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
        """Whether two points have the same parameters, too close to each other to run both.

        Parameters without a column do not tell them apart: a trial shows those as well, a plan
        holds none of them.
        """
        if any((name in params) != (name in others) for name in self.names):
            return False
        X = self.encode([params, others])
        return bool(are_near(X[:1], X[1:])[0, 0])

    def is_foreign(self, rows: Sequence[Mapping[str, Any]], X: Array) -> Array | None:
        """Where a row has a parameter, but no coordinate for its value; none if nowhere.

        Args:
            rows: Parameters.
            X: Their coordinates, shape ``(n, d)``.
        """
        has = np.array([[name in row for name in self.names] for row in rows], dtype=bool)
        foreign = has.reshape(X.shape) & np.isnan(X)
        return foreign if foreign.any() else None

    def decode(self, point: Array) -> dict[str, Any]:
        """Coordinates, shape ``(d,)``, as parameter values of the types that Optuna returns.

        A parameter whose coordinate is ``NaN`` is left out.
        """
        return {
            name: encoding.decode(float(coordinate))
            for name, encoding, coordinate in zip(self.names, self.encodings, point, strict=True)
            if not np.isnan(coordinate)
        }

    def columns(self, names: Collection[str]) -> frozenset[int]:
        """Indices of those of the named parameters that have a column."""
        return frozenset(j for j, name in enumerate(self.names) if name in names)


def observed_distributions(trials: Iterable[FrozenTrial]) -> dict[str, BaseDistribution]:
    """All parameters that any of the trials has, each with its latest distribution.

    A union, not an intersection: a range that changed or a branch that some trials did not take
    never empties the space.
    """
    latest: dict[str, BaseDistribution] = {}
    for trial in trials:
        latest.update(trial.distributions)
    return latest


def is_settled(trials: Iterable[FrozenTrial]) -> bool:
    """Whether trials ran to their end and all of them had the same parameters."""
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    patterns = {frozenset(t.distributions) for t in trials if t.state in ended}
    return len(patterns) == 1 and patterns != {frozenset()}


def is_known(trials: Iterable[FrozenTrial]) -> bool:
    """Whether a trial with parameters ran to its end, so that its study shows its space."""
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    return any(t.state in ended and t.distributions for t in trials)
