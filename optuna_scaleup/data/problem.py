"""Studies as they stand now, read into the one value that the numerics need."""

from __future__ import annotations

import time
from collections.abc import Collection
from collections.abc import Container
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import TrialState
from optuna.trial import create_trial

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import enqueued_params
from optuna_scaleup._optuna import read_trials
from optuna_scaleup.data.cost import CostOf
from optuna_scaleup.data.curves import StudyCurves
from optuna_scaleup.data.fit_shelf import StudyShelf
from optuna_scaleup.data.fit_shelf import fingerprint
from optuna_scaleup.data.liveness import without_dead
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.sizes import Sizes
from optuna_scaleup.data.source import are_in_unit
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.space import is_known
from optuna_scaleup.data.space import observed_distributions
from optuna_scaleup.data.space import varied_distributions
from optuna_scaleup.data.trials import PRUNED_SKIPPED
from optuna_scaleup.data.trials import PRUNED_USED
from optuna_scaleup.data.trials import finished_rows
from optuna_scaleup.data.trials import pending_rows
from optuna_scaleup.data.trials import unused_rows
from optuna_scaleup.data.usage import foreign_names
from optuna_scaleup.data.usage import left_out_names
from optuna_scaleup.data.usage import tell_constant
from optuna_scaleup.data.usage import tell_foreign
from optuna_scaleup.data.usage import tell_left_out
from optuna_scaleup.data.usage import tell_unshared
from optuna_scaleup.data.usage import tell_use
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import UnitSpace


if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import StudyDirection
    from optuna.trial import FrozenTrial

    from optuna_scaleup.data.ladder import Ladder
    from optuna_scaleup.data.source import SourceData


@dataclass(frozen=True)
class Unstarted:
    """Stands for a large study that does not exist yet."""

    directions: Sequence[StudyDirection]
    study_name: str = "large"


@dataclass(frozen=True)
class Snapshot:
    """The target and its sources as they stand when a trial asks.

    Attributes:
        study: The target, or what stands for it.
        asking: The trial that asks, with the parameters it has so far.
        trials: The trials of the target, without running ones whose worker died.
        sources: Small to large.
        sizes: How large the target is.
        cost: What a trial cost, if that matters.
        started: When reading began, in seconds of :func:`time.perf_counter`.
    """

    study: Study | Unstarted
    asking: FrozenTrial
    trials: Sequence[FrozenTrial]
    sources: tuple[SourceData, ...]
    sizes: Sizes = field(default_factory=Sizes)
    cost: CostOf | None = None
    started: float = field(default_factory=time.perf_counter)

    @classmethod
    def take(cls, study: Study, asking: FrozenTrial, ladder: Ladder, notices: Notices) -> Snapshot:
        """Reads all studies.

        Raises:
            ValueError: If a source cannot serve this study.
        """
        started = time.perf_counter()
        sources = tuple(reader.read(notices) for reader in ladder.readers)
        for source in sources:
            source.check_against(study, asking)
        trials = without_dead(study, read_trials(study), asking, notices)
        return cls(study, asking, trials, sources, ladder.sizes, ladder.cost, started)

    @classmethod
    def of_onlooker(cls, study: Study, ladder: Ladder, notices: Notices) -> Snapshot:
        """Reads all studies for somebody who runs no trial.

        Raises:
            ValueError: If a source cannot serve this study, or is this study.
        """
        snapshot = cls.take(study, create_trial(state=TrialState.RUNNING), ladder, notices)
        for trial in read_trials(study)[:1]:
            for source in snapshot.sources:
                source.check_against(study, trial)
        return snapshot

    @classmethod
    def before(
        cls, directions: Sequence[StudyDirection], ladder: Ladder, notices: Notices
    ) -> Snapshot:
        """Reads the sources of a large study that does not exist yet.

        Raises:
            ValueError: If a source has another number of objectives.
        """
        sources = tuple(reader.read(notices) for reader in ladder.readers)
        nobody = create_trial(state=TrialState.RUNNING)
        for source in sources:
            source.check_against(Unstarted(directions), nobody)
        return cls(Unstarted(directions), nobody, (), sources, ladder.sizes, ladder.cost)

    def finished(self) -> set[int]:
        """Numbers of the target's trials that were over."""
        return {trial.number for trial in self.trials if trial.state.is_finished()}

    def n_before(self, trial: FrozenTrial) -> int:
        """How many trials of the target started before one of them."""
        earlier = (one for one in self.trials if one.number < trial.number)
        return sum(one.state != TrialState.WAITING for one in earlier)

    def age(self) -> float:
        """Seconds since reading began."""
        return time.perf_counter() - self.started

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

    def space_of(self, distributions: Mapping[str, BaseDistribution]) -> SearchSpace:
        """The columns of a model of these parameters and of what the studies tell of them."""
        if not any(d.single() for d in distributions.values()):  # reading all trials takes time
            return SearchSpace.of(distributions)
        studies = (*(source.trials for source in self.sources), self.trials)
        return SearchSpace.of(distributions, varied_distributions(chain(*studies)))

    def decided_params(self) -> dict[str, Any]:
        """Parameters of the asking trial that are no longer open."""
        return {**enqueued_params(self.asking), **self.asking.params}

    def held_params(self, open_names: Container[str]) -> dict[str, Any]:
        """Parameters that are not open, at the values of the latest trials.

        Somebody else decides them, for instance :class:`~optuna.samplers.PartialFixedSampler`,
        and likely as before; if not, the trial's plan is drawn anew.
        """
        latest: dict[str, Any] = {}
        for trial in self.trials:
            latest.update(trial.params)
        return {name: value for name, value in latest.items() if name not in open_names}

    def problem(
        self,
        space: SearchSpace,
        decided: Mapping[str, Any],
        notices: Notices,
        shown: Collection[str] = (),
    ) -> Problem:
        """All of it in the coordinates of ``space``.

        Args:
            space: The parameters to suggest.
            decided: Values that the suggestion has to keep.
            notices: Where special trials are told of.
            shown: Parameters that the asking trial is known to have, beside those it has already.

        Raises:
            ValueError: If a source has another number of objectives.
        """
        signs = signs_of(self.study.directions)
        curves = self._source_curves()
        target, kinds, unused = finished_rows(
            self.trials, space, signs, curves, self.cost, notices
        )
        del kinds[PRUNED_SKIPPED], kinds[PRUNED_USED]  # Optuna has told the user
        if kinds:
            tell_use(f"study {self.study.study_name!r}", target, kinds, notices)
        usable = self.usable_sources(space, notices)
        sources = tuple(dataset for _, dataset in usable)
        known_sizes = [source.scale for source, _ in usable]
        return Problem(
            space=space.unit,
            target=target,
            sources=sources,
            X_pending=pending_rows(self.trials, self.asking, space, notices),
            X_unused=unused_rows(unused, space),
            fixed=space.fixed(decided),
            shown=space.columns({*self.asking.params, *shown}),
            source_keys=tuple(fingerprint(dataset, space.unit) for dataset in sources),
            scales=self.sizes.scales(known_sizes, space, notices),
            shelf=StudyShelf(self.study, notices) if isinstance(self.study, Study) else None,
            n_before=None if self.asking.number < 0 else self.n_before(self.asking),
        )

    def _source_curves(self) -> list[StudyCurves]:
        """Learning curves of the sources, if any trial was pruned that they may say more of."""
        if len(self.study.directions) > 1 or all(
            trial.state != TrialState.PRUNED for trial in self.trials
        ):
            return []
        return [
            StudyCurves.of(source.trials, float(self._signs_of(source)[0]))
            for source in self.sources
        ]

    def _signs_of(self, source: SourceData) -> Array:
        return signs_of(source.directions or self.study.directions)

    def is_unit_known(self, target: Dataset, space: SearchSpace, notices: Notices) -> bool:
        """Whether values are predicted in the unit that the study is judged by.

        Args:
            target: What the study's own trials say.
            space: The parameters to suggest.
            notices: Where special trials are told of.
        """
        directions = self.study.directions
        if target.n_trials or are_in_unit(self.sources, directions):  # of most: costs no reading
            return True
        usable = self.usable_sources(space, notices)
        return are_in_unit([source for source, _ in usable], directions)

    def usable_sources(
        self, space: SearchSpace, notices: Notices
    ) -> list[tuple[SourceData, Dataset]]:
        """Sources that say anything about any of the parameters, with what they say."""
        usable = []
        for source in self.sources:
            signs = self._signs_of(source)
            dataset, kinds, _ = finished_rows(source.trials, space, signs, cost=self.cost)
            label = f"source {source.label!r}"
            tell_use(label, dataset, kinds, notices, is_source=True)
            all_of_it, dataset = dataset, _without_foreign_ranges(dataset, space.unit)
            foreign = foreign_names(all_of_it, dataset, space)
            tell_foreign(label, foreign, source.trials, space, notices)
            if not np.isnan(dataset.X).all():
                usable.append((source, dataset))
                tell_constant(label, dataset, notices)
                tell_left_out(label, left_out_names(source.trials, self.trials), notices)
            elif dataset.n_trials and space.names and not foreign:
                tell_unshared(label, notices)
        return usable


def _without_foreign_ranges(dataset: Dataset, unit: UnitSpace) -> Dataset:
    """Drops ordered columns of which no value lies in the target's range.

    A model of such a column says nothing in the range, and would hide what it knows of the others.
    """
    X, X_failed = dataset.X, dataset.X_failed
    is_kept = np.any((X >= 0.0) & (X <= 1.0), axis=0) | unit.is_categorical
    return replace(
        dataset,
        X=np.where(is_kept, X, np.nan),
        X_failed=None if X_failed is None else np.where(is_kept, X_failed, np.nan),
    )
