"""What may be a source, and reading it afresh before each suggestion."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import is_same_trial
from optuna_scaleup._optuna import read_trials


if TYPE_CHECKING:
    from optuna.study import StudyDirection


@dataclass(frozen=True)
class SourceData:
    """The trials of one source as they stand.

    Attributes:
        label: What log lines call it.
        trials: All trials, whatever their state.
        directions: :obj:`None` for a bare list of trials, which has the target's directions.
    """

    label: str
    trials: Sequence[FrozenTrial]
    directions: tuple[StudyDirection, ...] | None

    def check_against(self, target: Study, asking: FrozenTrial) -> None:
        """Raises :exc:`ValueError` if this cannot be a source of ``target``.

        Args:
            target: The study that asks for a suggestion.
            asking: The trial that it is for.
        """
        n_objectives = len(target.directions)
        if self.directions is not None and len(self.directions) != n_objectives:
            raise ValueError(
                f"The source {self.label!r} has {len(self.directions)} objectives, but the study "
                f"to optimize has {n_objectives}."
            )
        if self.directions is not None and self._holds(asking):
            raise ValueError(
                f"The study {target.study_name!r} is its own source. Give the sampler a study of "
                "the small problem, or no source."
            )

    def _holds(self, trial: FrozenTrial) -> bool:
        """Whether the trial is one of this study's, by whatever storage URL it is reached."""
        return any(is_same_trial(t, trial) for t in self.trials[trial.number : trial.number + 1])


class SourceReader:
    """Reads one source, and remembers what it read in case the source goes away.

    Args:
        source: A study, or finished trials.
        label: What log lines call it if it has no name.

    Raises:
        TypeError: If ``source`` is neither.
    """

    def __init__(self, source: Study | Sequence[FrozenTrial], label: str) -> None:
        if isinstance(source, Study):
            self._study: Study | None = source
            self._last = SourceData(source.study_name, (), tuple(source.directions))
        elif _is_trials(source):
            self._study = None
            self._last = SourceData(label, tuple(source), None)
        else:
            raise TypeError(_not_a_source(source))

    def read(self, notices: Notices) -> SourceData:
        """The trials as they are now, or as last seen if the study was deleted."""
        if self._study is None:
            return self._last
        try:
            trials = read_trials(self._study)
        except KeyError:
            n_trials = len(self._last.trials)
            message = (
                f"The source {self._last.label!r} is no longer in its storage; going on with the "
                f"{n_trials} trials seen last."
            )
            notices.once(logging.WARNING, ("source deleted", self._last.label), message)
            return self._last
        self._last = SourceData(self._last.label, trials, self._last.directions)
        return self._last


def source_readers(source: Any) -> tuple[SourceReader, ...]:
    """Readers for what the user gave as ``source``, small to large.

    Raises:
        TypeError: If it is no study, no list of trials and no sequence of those.
    """
    if source is None:
        return ()
    if isinstance(source, Study) or (_is_trials(source) and len(source) > 0):
        return (SourceReader(source, "list of trials"),)
    if not isinstance(source, Sequence) or isinstance(source, (str, bytes)):
        raise TypeError(_not_a_source(source))
    return tuple(SourceReader(s, f"list of trials {i}") for i, s in enumerate(source))


def _is_trials(source: Any) -> bool:
    is_sequence = isinstance(source, Sequence) and not isinstance(source, (str, bytes))
    return is_sequence and all(isinstance(trial, FrozenTrial) for trial in source)


def _not_a_source(source: Any) -> str:
    return (
        "A source is a study, a list of its trials, or a sequence of those from small to large; "
        f"got an object of type {type(source).__name__!r}."  # its text may hold a password
    )
