"""A small study as the user describes it: how large it was, and how its parameters translate."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from optuna_scaleup._optuna import read_trials
from optuna_scaleup.data.arguments import checked_distributions
from optuna_scaleup.data.sizes import checked_scale
from optuna_scaleup.data.table import trials_of_table
from optuna_scaleup.data.translation import Translation


class Source:
    """A small study, how large it was, and how its parameters translate to the large study's.

    Example:

        .. code-block:: python

            small = Source(study_60m, scale={"params": 6e7, "tokens": 1e9})
            medium = Source(study_200m, scale={"params": 2e8, "tokens": 4e9})
            sampler = ScaleUpSampler([small, medium], scale={"params": 1e9, "tokens": 2e10})

            # It tuned the base-2 logarithm of what the large study calls "lr".
            Source(old, rename={"log2_lr": "lr"}, transform={"log2_lr": lambda x: 2.0**x})

    Args:
        study_or_trials:
            A study or a list of its trials. A list has no direction of its own: it is taken to
            have that of the large study.
        scale:
            How large it was: a positive number, or a mapping of names to positive numbers. All
            sources and the large study use the same names; a plain number goes by the name
            ``"size"``.
        rename:
            The large study's name of each parameter that has another name here.
        transform:
            By the parameter's name here, a function that turns its value here into the large
            study's. A sampler that is to be pickled needs functions that can be.

    Attributes:
        study: The study, if it is one.
        trials: The trials, if they were given.
        directions: Of a table of runs.
        label: What log lines and reports call it, if it has a name.
        scale: Its sizes by name; empty if not known.
        translation: Its names and values in the large study's terms.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a size is not positive and finite, or ``rename`` or ``transform`` names a
            parameter that is not there, or two parameters would get one name.
    """

    def __init__(
        self,
        study_or_trials: Study | Sequence[FrozenTrial],
        *,
        scale: float | Mapping[str, float] | None = None,
        rename: Mapping[str, str] | None = None,
        transform: Mapping[str, Callable[[Any], Any]] | None = None,
    ) -> None:
        self.study: Study | None = None
        self.trials: tuple[FrozenTrial, ...] = ()
        self.directions: tuple[StudyDirection, ...] | None = None
        self.label: str | None = None
        if isinstance(study_or_trials, Study):
            self.study = study_or_trials
            self.directions = tuple(study_or_trials.directions)
            self.label = study_or_trials.study_name
        elif is_trials(study_or_trials):
            self.trials = tuple(study_or_trials)
        else:
            raise TypeError(not_a_source(study_or_trials))
        self.scale = checked_scale(scale, self._name())
        self.translation = _translation(self._first_trials, self._name(), rename, transform)

    @classmethod
    def from_dataframe(
        cls,
        df: Any,
        search_space: Mapping[str, BaseDistribution],
        value: str,
        *,
        direction: str | StudyDirection = "minimize",
        scale: float | Mapping[str, float] | None = None,
        rename: Mapping[str, str] | None = None,
        transform: Mapping[str, Callable[[Any], Any]] | None = None,
        name: str = "table",
    ) -> Source:
        """A source from a table of runs, one a row.

        Rows without a value, or with a parameter that is missing or outside ``search_space``, are
        counted and named in one log line. An infinite value is a run that diverged, and counts.
        In what :meth:`~optuna.study.Study.trials_dataframe` returns, the column ``state`` is
        heeded: pruned rows, whose value is only their last report, are left out, and failed ones
        are trials that failed. Hand over the study itself where it is still there: it has the
        reports of pruned trials as well.

        Args:
            df:
                A data frame of pandas or polars, or a mapping of names to columns.
            search_space:
                The distribution of each parameter, by the name of its column; other columns are
                not looked at.
            value:
                Name of the column with the results.
            direction:
                ``"minimize"`` or ``"maximize"``: what the runs were judged by.
            scale:
                See :class:`Source`.
            rename:
                See :class:`Source`.
            transform:
                See :class:`Source`.
            name:
                What log lines and reports call the table.

        Raises:
            TypeError: If an argument is of the wrong type.
            ValueError: If a column is missing or not numeric, or for the reasons of
                :class:`Source`.
        """
        space = checked_distributions(
            search_space, "It names the columns of the parameters, each with its distribution."
        )
        goal = checked_direction(direction)
        if not isinstance(value, str):
            raise TypeError(f"`value` is the name of a column; got {value!r}.")
        trials = trials_of_table(df, space, value, name)
        source = cls(trials, scale=scale)
        source.directions = (goal,)
        source.label = name
        source.translation = _translation(lambda: trials, f"source {name!r}", rename, transform)
        return source

    def __repr__(self) -> str:
        # Without the study, whose text may hold a storage URL with a password.
        scale = f", scale={self.scale}" if self.scale else ""
        return f"Source({self._name()}{scale})"

    def _name(self) -> str:
        if self.label is not None:
            return f"source {self.label!r}"
        return f"a source of {len(self.trials)} trials"

    def _first_trials(self) -> Sequence[FrozenTrial]:
        """What is there to check names against; nothing if the study was deleted."""
        if self.study is None:
            return self.trials
        try:
            return read_trials(self.study)
        except KeyError:
            return ()


def _translation(
    trials_of: Callable[[], Sequence[FrozenTrial]],
    whose: str,
    rename: Mapping[str, str] | None,
    transform: Mapping[str, Callable[[Any], Any]] | None,
) -> Translation:
    """A translation that suits the trials there are: rather fails now than in a large trial."""
    translation = Translation.of(rename, transform)
    if rename or transform:
        trials = trials_of()
        if complaint := translation.complaint(parameters_of(trials), whose):
            raise ValueError(complaint)
        translation.apply(trials)
    return translation


SourceLike = Source | Study | Sequence[FrozenTrial]
"""What one source may be given as."""
SourcesLike = SourceLike | Sequence[SourceLike | FrozenTrial]
"""A source, or several from small to large."""


def as_sources(given: Any) -> tuple[Source, ...]:
    """What the user gave the sampler as its source, as a sequence.

    Raises:
        TypeError: If it is no source, no study, no list of trials and no sequence of those.
    """
    if given is None:
        return ()
    if isinstance(given, Source):
        return (given,)
    if isinstance(given, Study) or (is_trials(given) and len(given) > 0):
        return (Source(given),)
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)):
        raise TypeError(not_a_source(given))
    return tuple(one if isinstance(one, Source) else Source(one) for one in given)


def parameters_of(trials: Sequence[FrozenTrial]) -> set[str]:
    """Names of the parameters that any finished trial has; a running one may lack some yet."""
    return {name for trial in trials if trial.state.is_finished() for name in trial.distributions}


def is_trials(given: Any) -> bool:
    """Whether this is a sequence of trials, possibly empty."""
    is_sequence = isinstance(given, Sequence) and not isinstance(given, (str, bytes))
    return is_sequence and all(isinstance(trial, FrozenTrial) for trial in given)


def not_a_source(given: Any) -> str:
    """Message of the error that tells what a source is."""
    is_table = hasattr(given, "columns") and not isinstance(given, type)
    way_out = " A table of runs is made a source by `Source.from_dataframe`." if is_table else ""
    return (
        "A source is a study, a list of its trials, a `Source` of one of these, or a sequence of "
        "those from small to large; "
        f"got an object of type {type(given).__name__!r}."  # its text may hold a password
        f"{way_out}"
    )


def checked_direction(direction: Any) -> StudyDirection:
    """Raises ValueError unless this is ``"minimize"``, ``"maximize"`` or a direction."""
    for known in (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE):
        if direction == known or direction == known.name.lower():
            return known
    raise ValueError(f"`direction` is 'minimize' or 'maximize'; got {direction!r}.")
