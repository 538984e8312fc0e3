"""What the model believes along one parameter or two, at both scales."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

import numpy as np

from optuna_scaleup.data.arguments import check_study
from optuna_scaleup.data.user_source import SourcesLike
from optuna_scaleup.visualization import _plotly as look
from optuna_scaleup.visualization._model import SEED
from optuna_scaleup.visualization._model import View
from optuna_scaleup.visualization._plotly import go
from optuna_scaleup.visualization._suggestion import next_suggestion
from optuna_scaleup.visualization._surrogate_map import map_figure
from optuna_scaleup.visualization._surrogate_slice import TITLE
from optuna_scaleup.visualization._surrogate_slice import Panels
from optuna_scaleup.visualization._surrogate_slice import most_telling
from optuna_scaleup.visualization._surrogate_slice import slice_figure


if TYPE_CHECKING:
    from optuna.study import Study


def plot_surrogate(
    study: Study,
    params: str | Sequence[str] | None = None,
    *,
    source: SourcesLike | None = None,
    fixed: Mapping[str, Any] | None = None,
    objective: int = 0,
    target_name: str = "Objective Value",
) -> go.Figure:
    """Plot what the model expects of a study and of its largest source along a parameter.

    Shown are the median and the 50 % and 90 % bands of what a trial would return, the trials, the
    next suggestion and, below, the acquisition function. All of it is a slice through the next
    suggestion: the trials need not lie on it. Those beyond the axis are triangles at its edge. Two
    parameters are shown as maps.

    The suggestion is that of ``study.sampler``, up to its random choices. No storage holds the
    settings of a sampler: if that is no :class:`~optuna_scaleup.ScaleUpSampler`, as in another
    process, the defaults count, and the figure says so.

    Args:
        study:
            The large study.
        params:
            The name of a parameter, or a pair of names. By default the parameter along which the
            prediction varies most.
        source:
            What the sampler was given as ``source``. By default the sources that the sampler
            recorded with the study, as far as they are in the same storage.
        fixed:
            Values of parameters that the slice goes through instead of those of the next
            suggestion; they have to be in the search space.
        objective:
            Which objective of several.
        target_name:
            Name of the objective on the axis.

    Returns:
        A :class:`plotly.graph_objects.Figure` object.

    Raises:
        ImportError: If plotly is not installed.
        TypeError: If this is no study.
        ValueError: If a parameter or the objective does not exist, ``fixed`` has a value that the
            study may not try, or the study is its own source.
    """
    look.check_plotly()
    check_study(study)
    n_objectives = len(study.directions)
    if objective not in range(n_objectives):
        raise ValueError(f"`objective` is one of 0 .. {n_objectives - 1}; got {objective!r}.")
    view = View.of(study, source)
    names = _checked_names(params, view)
    panels = prepare(view, fixed or {}, objective, target_name)
    if isinstance(panels, str):
        return look.empty_figure(TITLE, panels)
    if len(names) == 2:
        return map_figure(
            panels.target, panels.source, panels.next, names, panels.target_name, panels.notes()
        )
    return slice_figure(panels, names[0] if names else most_telling(panels)[0])


def prepare(
    view: View, fixed: Mapping[str, Any], objective: int = 0, target_name: str = "Objective Value"
) -> Panels | str:
    """Fits what the figures of one study share, or says why there is nothing to show."""
    if not view.has_data:
        return view.why_empty()
    if not view.space.open_names:
        return "No trial has a parameter that varies."
    engine, rng = view.engine(), np.random.default_rng(SEED)
    survey = engine.survey(view.problem, rng)
    shown = next_suggestion(view, survey, engine, fixed, rng)
    target = view.target(survey, objective)
    source = view.largest_source(engine.modeller, objective)
    name = look.objective_name(target_name, view.study, objective=objective)
    return Panels(view, target, source, shown, name)


def _checked_names(params: str | Sequence[str] | None, view: View) -> tuple[str, ...]:
    names = () if params is None else (params,) if isinstance(params, str) else tuple(params)
    if len(names) > 2 or len(set(names)) < len(names):
        raise ValueError(f"`params` is the name of a parameter or two of them; got {params!r}.")
    for name in names:
        if view.space.open_names and name not in view.space.open_names:
            raise ValueError(
                f"The study has no parameter {name!r} that varies. It has "
                f"{', '.join(map(repr, view.space.open_names))}."
            )
    return names
