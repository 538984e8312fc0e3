"""Writes notes and figures through optuna-dashboard's public functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from optuna_scaleup._optuna import logger
from optuna_scaleup._optuna import read_study_attr
from optuna_scaleup._optuna import read_trials
from optuna_scaleup._optuna import write_study_attr
from optuna_scaleup.dashboard._cards import as_card
from optuna_scaleup.dashboard._history import History
from optuna_scaleup.dashboard._notes import check_dashboard
from optuna_scaleup.dashboard._notes import save_figure
from optuna_scaleup.dashboard._notes import save_study_note
from optuna_scaleup.dashboard._notes import save_trial_note
from optuna_scaleup.dashboard._study_note import Findings
from optuna_scaleup.dashboard._study_note import study_note
from optuna_scaleup.dashboard._trial_notes import ENDED
from optuna_scaleup.dashboard._trial_notes import trial_note
from optuna_scaleup.data.arguments import check_study
from optuna_scaleup.data.arguments import checked_whole_number
from optuna_scaleup.data.user_source import SourcesLike
from optuna_scaleup.data.user_source import as_sources
from optuna_scaleup.visualization import plot_recommendation
from optuna_scaleup.visualization import plot_transfer
from optuna_scaleup.visualization._drift import drift_figure
from optuna_scaleup.visualization._drift import shown_names
from optuna_scaleup.visualization._model import View
from optuna_scaleup.visualization._surrogate import prepare
from optuna_scaleup.visualization._surrogate_slice import most_telling
from optuna_scaleup.visualization._surrogate_slice import slice_figure
from optuna_scaleup.visualization._transfer import weight_labels


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


_N_SURROGATES: Final = 3  # figures of the parameters that matter most
_N_TRIAL_NOTES: Final = 40  # written at once: each costs the storage several round trips
_NOTED_ATTR: Final = "noted"


def publish(study: Study, *, source: SourcesLike | None = None) -> None:
    """Writes what the sampler knows of a study where optuna-dashboard shows it.

    A note on the study tells what its sources are, what moved and by how much, how far to trust
    it, what to run next, and how the trials stand to the constraints. Figures are updated in
    place. A note on each of the latest trials tells why it was tried; of a long study the older
    ones follow as this is called again. Notes of the user's own stay. No URL and no password is
    written.

    Args:
        study: A study that :class:`~optuna_scaleup.ScaleUpSampler` samples, in this process or in
            another.
        source: What the sampler was given as ``source``. By default the sources that the sampler
            recorded with the study, as far as they are in the same storage.

    Raises:
        ImportError: If optuna-dashboard or plotly is not installed.
        TypeError: If this is no study, or ``source`` nothing that may be one.
        ValueError: If a source cannot serve this study, or is this study.
    """
    check_dashboard()
    check_study(study)
    view = View.of(study, source)
    findings = Findings.of(view)
    save_study_note(study, study_note(view, findings))
    for name, figure in _figures(view, findings, source):
        save_figure(study, as_card(figure), name)
    save_trial_notes(study)


class DashboardCallback:
    """Publishes a study to optuna-dashboard while it runs.

    A study is worth more than its dashboard: what goes wrong here is logged, not raised.

    Example:

        .. code-block:: python

            study.optimize(objective, n_trials=50, callbacks=[DashboardCallback(every=5)])

    Args:
        every: After how many trials the notes and figures are written anew.
        source: See :func:`publish`; of use where another sampler wraps the one with the sources.

    Raises:
        ImportError: If optuna-dashboard or plotly is not installed.
        TypeError: If ``every`` is no whole number, or ``source`` nothing that may be a source.
        ValueError: If ``every`` is not positive.
    """

    def __init__(self, every: int = 5, *, source: SourcesLike | None = None) -> None:
        self._every = checked_whole_number(every, "every", "a number of trials", least=1)
        if source is not None:
            as_sources(source)  # later errors are logged only
        self._source = source
        check_dashboard()

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        if (trial.number + 1) % self._every:
            return
        try:
            publish(study, source=self._source)
        except Exception as error:  # its text may hold a storage URL
            logger.warning(
                f"Trial {trial.number}: the dashboard was not updated ({type(error).__name__})."
            )


def _figures(view: View, findings: Findings, source: SourcesLike | None) -> list[tuple[str, Any]]:
    """Figures by the name under which they are updated."""
    figures = [("scaleup-1-transfer", plot_transfer(view.study))]
    panels = prepare(view, {}) if len(view.study.directions) == 1 else "several objectives"
    if not isinstance(panels, str):
        for i, name in enumerate(most_telling(panels)[:_N_SURROGATES], start=1):
            figures.append((f"scaleup-2-surrogate-{i}", slice_figure(panels, name)))
    if findings.recommendations:
        figure = plot_recommendation(view.study, findings.recommendations, source=source)
        figures.append(("scaleup-3-recommendation", figure))
        names = shown_names(None, view)
        if names and view.snapshot.sources:
            optimum = findings.recommendations[0].optimum
            exponents = {} if findings.report is None else findings.report.exponents
            figures.append(("scaleup-4-drift", drift_figure(view, names, optimum, exponents)))
    return figures


def save_trial_notes(study: Study) -> None:
    """Notes on ended trials that have none yet, the latest first."""
    trials = read_trials(study)
    noted = _noted(study)
    waiting = [t for t in reversed(trials) if t.state in ENDED and t.number not in noted]
    waiting = waiting[:_N_TRIAL_NOTES]
    if not waiting:
        return
    history = History(study, trials)
    labels = weight_labels(study, trials)
    for trial in waiting:
        text = trial_note(study, trial, history.before(trial), labels)
        save_trial_note(study, trial, text)
    write_study_attr(study, _NOTED_ATTR, _as_ranges({*noted, *(t.number for t in waiting)}))


def _noted(study: Study) -> set[int]:
    """Numbers of the trials that have their note."""
    try:
        stored = read_study_attr(study, _NOTED_ATTR)
    except ValueError:
        return set()
    pairs = stored if isinstance(stored, list) else []
    return {
        number
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(type(end) is int for end in pair)
        for number in range(pair[0], min(pair[1], pair[0] + 1_000_000) + 1)
    }


def _as_ranges(numbers: Sequence[int] | set[int]) -> list[list[int]]:
    """``{1, 2, 3, 7}`` as ``[[1, 3], [7, 7]]``."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges
