"""The search space that is modelled, and how it is read off a study's trials."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import numpy as np
from optuna.trial import TrialState

from optuna_scaleup.data.encoding import MISSING
from optuna_scaleup.data.encoding import Encoding
from optuna_scaleup.data.encoding import encoding_of
from optuna_scaleup.data.held import held_encoding
from optuna_scaleup.data.held import held_value
from optuna_scaleup.types import Array
from optuna_scaleup.types import UnitSpace
from optuna_scaleup.types import are_near


if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


_ENDED: Final = (TrialState.COMPLETE, TrialState.PRUNED)  # a failed trial may lack parameters


@dataclass(frozen=True)
class SearchSpace:
    """Named parameters as columns of an array, in alphabetical order.

    Attributes:
        names: The parameter of each column.
        encodings: The coordinates of each column.
        unit: The axes of the columns.
        held: Values of those that leave no choice here, but did elsewhere.
    """

    names: tuple[str, ...]
    encodings: tuple[Encoding, ...]
    unit: UnitSpace
    held: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        distributions: Mapping[str, BaseDistribution],
        varied: Mapping[str, BaseDistribution] | None = None,
    ) -> SearchSpace:
        """A column for each distribution that leaves a choice, here or elsewhere.

        The order does not depend on the storage, which may return parameters in any order.

        Args:
            distributions: The parameters.
            varied: As other trials sampled them, each with several values. What those tell of a
                parameter that is held here is read at the value that it has.
        """
        encodings: dict[str, Encoding | None] = {}
        for name, distribution in distributions.items():
            if not distribution.single():
                encodings[name] = encoding_of(distribution)
            elif varied is not None and name in varied:
                encodings[name] = held_encoding(distribution, varied[name])
        columns = sorted((name, e) for name, e in encodings.items() if e is not None)
        names = tuple(name for name, _ in columns)
        unit = UnitSpace(tuple(encoding.axis for _, encoding in columns))
        singles = [name for name in names if distributions[name].single()]
        held = {name: held_value(distributions[name]) for name in singles}
        return cls(names, tuple(encoding for _, encoding in columns), unit, held)

    @property
    def open_names(self) -> tuple[str, ...]:
        """The parameters that leave a choice."""
        return tuple(name for name in self.names if name not in self.held)

    def open_columns(self) -> list[tuple[int, str, Encoding]]:
        """Index, parameter and coordinates of each column that leaves a choice."""
        columns = enumerate(zip(self.names, self.encodings, strict=True))
        return [(j, name, encoding) for j, (name, encoding) in columns if name not in self.held]

    def completed(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Parameters that a trial is about to try, with those that are held."""
        return {**self.held, **params} if params else params

    def fixed(self, decided: Mapping[str, Any]) -> dict[int, float]:
        """Legal coordinates, by column, of what is held or decided."""
        coordinates = self.unit.snap(self.encode([{**decided, **self.held}]))[0]
        return {j: float(u) for j, u in enumerate(coordinates) if not np.isnan(u)}

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
        if any((name in params) != (name in others) for name in self.open_names):
            return False
        X = self.encode([{**one, **self.held} for one in (params, others)])
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

        A parameter whose coordinate is ``NaN`` is left out, and so is one that is held.
        """
        return {
            name: encoding.decode(float(coordinate))
            for name, encoding, coordinate in zip(self.names, self.encodings, point, strict=True)
            if not np.isnan(coordinate) and name not in self.held
        }

    def columns(self, names: Collection[str]) -> frozenset[int]:
        """Indices of those of the named parameters that have a column."""
        return frozenset(j for j, name in enumerate(self.names) if name in names)


def varied_distributions(trials: Iterable[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Parameters that any of the trials had a choice of, each with the latest such choice."""
    latest: dict[str, BaseDistribution] = {}
    for trial in trials:
        latest.update({name: d for name, d in trial.distributions.items() if not d.single()})
    return latest


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
    patterns = {frozenset(t.distributions) for t in trials if t.state in _ENDED}
    return len(patterns) == 1 and patterns != {frozenset()}


def is_known(trials: Iterable[FrozenTrial]) -> bool:
    """Whether a trial with parameters ran to its end, so that its study shows its space."""
    return any(t.state in _ENDED and t.distributions for t in trials)
