"""Studies as they stand now, read into the one value that the numerics need."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Container
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import numpy as np

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import enqueued_params
from optuna_scaleup._optuna import read_trials
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.space import is_known
from optuna_scaleup.data.space import observed_distributions
from optuna_scaleup.data.trials import PRUNED_USED
from optuna_scaleup.data.trials import finished_rows
from optuna_scaleup.data.trials import pending_rows
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import UnitSpace


if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from optuna_scaleup.data.source import SourceData
    from optuna_scaleup.data.source import SourceReader


@dataclass(frozen=True)
class Snapshot:
    """The target and its sources as they stand when a trial asks.

    Attributes:
        study: The target.
        asking: The trial that asks, with the parameters it has so far.
        trials: All trials of the target.
        sources: Small to large.
    """

    study: Study
    asking: FrozenTrial
    trials: Sequence[FrozenTrial]
    sources: tuple[SourceData, ...]

    @classmethod
    def take(
        cls, study: Study, asking: FrozenTrial, readers: Sequence[SourceReader], notices: Notices
    ) -> Snapshot:
        """Reads all studies.

        Raises:
            ValueError: If a source cannot serve this study.
        """
        sources = tuple(reader.read(notices) for reader in readers)
        for source in sources:
            source.check_against(study, asking)
        return cls(study, asking, read_trials(study), sources)

    def expected_distributions(self) -> dict[str, BaseDistribution]:
        """The parameters that a trial of the target is likely to ask for.

        Before any trial of the target ran to its end these are the sources', corrected by what
        the target has shown so far.
        """
        expected: dict[str, BaseDistribution] = {}
        if not is_known(self.trials):
            for source in self.sources:
                expected.update(observed_distributions(source.trials))
        return {**expected, **observed_distributions(self.trials)}

    def decided_params(self) -> dict[str, Any]:
        """Parameters of the asking trial that are no longer open."""
        return {**enqueued_params(self.asking), **self.asking.params}

    def held_params(self, open_names: Container[str]) -> dict[str, Any]:
        """Parameters that are not open, at the values of the latest trials.

        Somebody else decides them, for instance :class:`~optuna.samplers.PartialFixedSampler`,
        and likely as before.
        """
        latest: dict[str, Any] = {}
        for trial in self.trials:
            if trial.number != self.asking.number:
                latest.update(trial.params)
        return {name: value for name, value in latest.items() if name not in open_names}

    def problem(self, space: SearchSpace, decided: Mapping[str, Any], notices: Notices) -> Problem:
        """All of it in the coordinates of ``space``.

        Args:
            space: The parameters to suggest.
            decided: Values that the suggestion has to keep.
            notices: Where special trials are told of.

        Raises:
            ValueError: If a source has another number of objectives.
        """
        signs = signs_of(self.study.directions)
        target, kinds = finished_rows(self.trials, space, signs)
        del kinds["skipped as pruned"], kinds[PRUNED_USED]  # Optuna has told the user
        if kinds:
            _tell_use(notices, f"study {self.study.study_name!r}", target, kinds)
        sources = self._usable_sources(space, signs, notices)
        coordinates = space.unit.snap(space.encode([decided]))[0]
        return Problem(
            space=space.unit,
            target=target,
            sources=sources,
            X_pending=pending_rows(self.trials, self.asking, space, notices),
            fixed={j: float(u) for j, u in enumerate(coordinates) if not np.isnan(u)},
            source_keys=tuple(_fingerprint(dataset, space.unit) for dataset in sources),
        )

    def _usable_sources(
        self, space: SearchSpace, signs: Array, notices: Notices
    ) -> tuple[Dataset, ...]:
        """Sources that say anything about any of the parameters."""
        usable = []
        for source in self.sources:
            own_signs = signs if source.directions is None else signs_of(source.directions)
            dataset, kinds = finished_rows(source.trials, space, own_signs)
            label = f"source {source.label!r}"
            _tell_use(notices, label, dataset, kinds)
            dataset = replace(dataset, X=_without_foreign_ranges(dataset.X, space.unit))
            if not np.isnan(dataset.X).all():
                usable.append(dataset)
            elif dataset.n_trials:
                message = f"The {label} has no parameter in common with the study; not used."
                notices.once(logging.INFO, ("nothing shared", label), message)
        return tuple(usable)


def _without_foreign_ranges(X: Array, unit: UnitSpace) -> Array:
    """Drops ordered columns of which no value lies in the target's range.

    A model of such a column says nothing in the range, and would hide what it knows of the others.
    """
    reaches = np.any((X >= 0.0) & (X <= 1.0), axis=0)
    return np.where(reaches | unit.is_categorical, X, np.nan)


def _tell_use(notices: Notices, label: str, dataset: Dataset, kinds: Counter[str]) -> None:
    used = f"Using {dataset.n_trials} finished trials of the {label}"
    told = "; ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    notices.once(logging.INFO, ("use", label), f"{used}; {told}." if told else f"{used}.")


def _fingerprint(dataset: Dataset, unit: UnitSpace) -> str:
    """Equal in any process if, and only if, the arrays and the kinds of axes are equal."""
    digest = hashlib.sha256(repr((dataset.X.shape, dataset.Y.shape)).encode())
    for array in (dataset.X, dataset.Y, unit.is_categorical, dataset.noise_var):
        digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
    for name, column in dataset.constraints.items():
        digest.update(name.encode())
        digest.update(column.tobytes())
    return digest.hexdigest()
