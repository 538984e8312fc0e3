"""Reading the sources afresh before each suggestion."""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

from optuna.trial import TrialState

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import is_same_trial
from optuna_scaleup._optuna import read_trials
from optuna_scaleup._optuna import study_beside
from optuna_scaleup.data.drift_prior import plain_prior
from optuna_scaleup.data.labels import numbered
from optuna_scaleup.data.lineage import Lineage
from optuna_scaleup.data.lineage import SourceRecord
from optuna_scaleup.data.lineage import start_of
from optuna_scaleup.data.lineage import write_lineage
from optuna_scaleup.data.sizes import Sizes
from optuna_scaleup.data.user_source import Source
from optuna_scaleup.data.user_source import as_sources
from optuna_scaleup.data.user_source import parameters_of
from optuna_scaleup.wording import counted


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.study import StudyDirection
    from optuna.trial import FrozenTrial


class Target(Protocol):
    """What a source has to suit: a study, or what stands for one that does not exist yet."""

    @property
    def study_name(self) -> str: ...

    @property
    def directions(self) -> Sequence[StudyDirection]: ...


@dataclass(frozen=True)
class SourceData:
    """The trials of one source as they stand.

    Attributes:
        label: What log lines call it.
        trials: All trials, whatever their state.
        directions: :obj:`None` for a bare list of trials, which has the target's directions.
        scale: Its sizes by name; empty if not known.
        study_name: :obj:`None` if these are not the trials of a study.
    """

    label: str
    trials: Sequence[FrozenTrial]
    directions: tuple[StudyDirection, ...] | None
    scale: Mapping[str, float] = field(default_factory=dict)
    study_name: str | None = None

    def check_against(self, target: Target, asking: FrozenTrial) -> None:
        """Raises :exc:`ValueError` if this cannot be a source of ``target``.

        Args:
            target: The study that asks for a suggestion.
            asking: The trial that it is for.
        """
        n_objectives = len(target.directions)
        for n_own in self._numbers_of_objectives():
            if n_own != n_objectives:
                raise ValueError(
                    f"The source {self.label!r} has {counted(n_own, 'objective')}, but the study "
                    f"to optimize has {n_objectives}. {_way_out(n_own, n_objectives)}"
                )
        # Trials that were copied to another study look like the originals.
        if self.study_name == target.study_name and self._holds(asking):
            raise ValueError(
                f"The study {target.study_name!r} is its own source. Give the sampler a study of "
                "the small problem, or no source."
            )

    def _numbers_of_objectives(self) -> set[int]:
        if self.directions is not None:
            return {len(self.directions)}
        return {len(t.values) for t in self.trials if t.state == TrialState.COMPLETE}

    def _holds(self, trial: FrozenTrial) -> bool:
        """Whether the trial is one of this study's, by whatever storage URL it is reached."""
        return any(is_same_trial(t, trial) for t in self.trials[trial.number : trial.number + 1])


def _way_out(n_own: int, n_wanted: int) -> str:
    """What makes a source with another number of objectives one that serves."""
    if n_own < n_wanted:
        return f"Leave it out, or give a source with {counted(n_wanted, 'objective')}."
    return (
        "Leave it out, or copy its trials to a study with the objectives that both have: "
        "`optuna.trial.create_trial(values=..., params=trial.params, "
        "distributions=trial.distributions)`."
    )


def are_in_unit(sources: Sequence[SourceData], directions: Sequence[StudyDirection]) -> bool:
    """Whether the values of all sources are in the unit of a study with these directions.

    A source that is judged the other way measures something else, such as accuracy for loss.
    """
    return all(source.directions in (None, tuple(directions)) for source in sources)


class SourceReader:
    """Reads one source, and remembers what it read in case the source goes away.

    Args:
        source: What the user said of it.
        label: What log lines call it.

    Raises:
        ValueError: If its trials do not translate.
    """

    def __init__(self, source: Source, label: str) -> None:
        self._source = source
        trials = tuple(source.translation.apply(source.trials))
        name = None if source.study is None else source.study.study_name
        self._last = SourceData(label, trials, source.directions, source.scale, name)

    def record(self, target: Study) -> SourceRecord:
        """How figures of ``target`` find this source again."""
        study, translation = self._source.study, self._source.translation
        is_beside = study is not None and _is_beside(study, target)
        return SourceRecord(
            label=self._last.label,
            study=self._last.study_name if is_beside else None,
            scale=self._source.scale,
            rename=translation.names,
            is_transformed=bool(translation.functions),
            started=start_of(self._last.trials) if is_beside else None,
        )

    @property
    def label(self) -> str:
        return self._last.label

    @property
    def study(self) -> Study | None:
        """:obj:`None` for trials without one."""
        return self._source.study

    @property
    def directions(self) -> tuple[StudyDirection, ...] | None:
        """:obj:`None` for a bare list of trials."""
        return self._last.directions

    @property
    def scale(self) -> Mapping[str, float]:
        """Its sizes by name; empty if not known."""
        return self._source.scale

    def read(self, notices: Notices) -> SourceData:
        """The trials as they are now, or as last seen if that fails: the large study goes on."""
        study, translation = self._source.study, self._source.translation
        if study is None:
            return self._last
        label = self._last.label
        try:
            trials = read_trials(study)
            if complaint := translation.complaint(parameters_of(trials), f"the source {label!r}"):
                notices.once(logging.WARNING, ("not there yet", label), complaint)
            self._last = replace(
                self._last, trials=translation.apply(trials, self._tell_skipped(notices))
            )
        except KeyError:
            self._tell_lost("is no longer in its storage", notices)
        except ValueError as error:
            self._tell_lost(f"no longer translates ({error})", notices)
        except Exception as error:  # of whatever storage; it may name a password
            self._tell_lost(f"cannot be read ({type(error).__name__})", notices)
        return self._last

    def _tell_lost(self, reason: str, notices: Notices) -> None:
        message = (
            f"The source {self.label!r} {reason}; going on with the {len(self._last.trials)} "
            "trials seen last."
        )
        notices.once(logging.WARNING, ("source lost", self.label), message)

    def _tell_skipped(self, notices: Notices) -> Callable[[str], None]:
        def tell(reason: str) -> None:
            message = f"Skipping what does not translate of the source {self.label!r}. {reason}"
            notices.once(logging.WARNING, ("not translated", self.label), message)

        return tell


def source_readers(source: Any) -> tuple[SourceReader, ...]:
    """Readers for what the user gave as ``source``, small to large.

    Raises:
        TypeError: If it is nothing that may be a source.
        ValueError: If its trials do not translate.
    """
    sources = as_sources(source)
    return tuple(map(SourceReader, sources, _labels(sources)))


def _labels(sources: Sequence[Source]) -> list[str]:
    """A name for each; those that share one, from several storages, are numbered."""
    return numbered(
        [
            source.label or (f"list of trials {i}" if len(sources) > 1 else "list of trials")
            for i, source in enumerate(sources)
        ]
    )


def tell_lineage(
    target: Study,
    trial: FrozenTrial,
    readers: Sequence[SourceReader],
    sizes: Sizes,
    notices: Notices,
) -> None:
    """Stores with the target what its sources are, for figures drawn in another process.

    Once, and again for a first trial: the study may have been deleted and made anew.
    """
    key = ("lineage", target.study_name)
    if readers and (trial.number == 0 or not notices.is_done(key)):
        records = tuple(reader.record(target) for reader in readers)
        write_lineage(target, Lineage(records, sizes.target, plain_prior(sizes.prior)))
        notices.mark_done(key)


def _is_beside(source: Study, target: Study) -> bool:
    """Whether a study lies in the storage of another one, by whatever URL each is reached."""
    found = study_beside(target, source.study_name)
    if found is None:
        return False
    try:
        own, other = read_trials(source)[:1], read_trials(found)[:1]
    except Exception:  # of whatever storage: one that fails is not the target's, which works
        return False
    return len(own) == len(other) and all(map(is_same_trial, own, other))
