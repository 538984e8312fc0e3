"""Notes of optuna-dashboard, kept apart from what users wrote themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from optuna_scaleup._optuna import note_target


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


try:
    import optuna_dashboard

    _missing: ImportError | None = None
except ImportError as error:  # the sampler does without
    optuna_dashboard = None
    _missing = error


# Link definitions that nothing refers to: Markdown shows nothing of them.
_BEGIN: Final = "[//]: # (optuna-scaleup begins)"
_END: Final = "[//]: # (optuna-scaleup ends)"


def check_dashboard() -> None:
    """Raises :exc:`ImportError` with the way out unless optuna-dashboard is installed."""
    if _missing is not None:
        raise ImportError(
            "Publishing needs optuna-dashboard, which is not installed. "
            "`pip install 'optuna-scaleup[dashboard]'` installs it."
        ) from _missing


def save_study_note(study: Study, text: str) -> None:
    """Puts ``text`` into the study's note, in place of what was put there before."""
    own = f"{_BEGIN}\n\n{text}\n\n{_END}"
    note = optuna_dashboard.get_note(study)
    before, begin, rest = note.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if begin and end:
        own = f"{before}{own}{after}"
    elif note.strip():
        own = f"{note.rstrip()}\n\n{own}"
    if own != note:
        optuna_dashboard.save_note(study, own)


def save_trial_note(study: Study, trial: FrozenTrial, text: str) -> None:
    """Puts a note on a trial unless it has one: a user's own is left alone."""
    target = note_target(study, trial)
    if not optuna_dashboard.get_note(target).strip():
        optuna_dashboard.save_note(target, text)


def save_figure(study: Study, figure: object, name: str) -> None:
    """Shows a figure with the study, in place of the one of that name."""
    optuna_dashboard.save_plotly_graph_object(study, figure, graph_object_id=name)
