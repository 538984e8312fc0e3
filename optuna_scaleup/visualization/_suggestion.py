"""The next suggestion of a study, how good the alternatives look, and slices through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution

from optuna_scaleup._optuna import as_legal
from optuna_scaleup.data.labels import listed
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.survey import Survey
from optuna_scaleup.types import Array
from optuna_scaleup.visualization._model import View
from optuna_scaleup.visualization._slices import ParamAxis
from optuna_scaleup.visualization._slices import across
from optuna_scaleup.visualization._slices import along


if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True)
class Next:
    """Where slices go through.

    In a conditional space a point has the parameters of its branch only, so a slice through the
    suggestion may have no such parameter: then it goes through the best trial that has it.

    Attributes:
        at: The next suggestion, shape ``(d,)``, ``NaN`` where its branch has no such parameter.
        tried: Trials of the study and its sources, the best of each first, shape ``(n, d)``.
        survey: How good a point looks.
        fixed: Values that the caller holds.
        how: What it is if it is tried whatever the acquisition function says; empty otherwise.
    """

    at: Array
    tried: Array
    survey: Survey
    fixed: Mapping[str, Any]
    how: str = ""

    def through(self, *axes: ParamAxis) -> Array:
        """A point whose branch has these parameters, shape ``(d,)``: the suggestion if it does."""
        columns = [axis.index for axis in axes]
        for x in (self.at, *self.tried):
            if not np.isnan(self._legal(x[None])[0, columns]).any():
                return np.asarray(x)
        return self.at

    def suggests(self, *axes: ParamAxis) -> bool:
        """Whether the suggestion has these parameters."""
        return not np.isnan(self.at[[axis.index for axis in axes]]).any()

    def along(self, axis: ParamAxis) -> Array:
        """Points that differ in one parameter, shape ``(n, d)``."""
        return self._legal(along(axis, self.through(axis)))

    def across(self, x: ParamAxis, y: ParamAxis) -> Array:
        """A mesh in two parameters, row by row, ``NaN`` where a branch lacks one of them."""
        return self._legal(across(x, y, self.through(x, y)))

    def acquisition(self, X: Array) -> Array:
        """How good points look, shape ``(q, d)`` to ``(q,)``."""
        return self.survey.acquisition.value(X)

    @property
    def label(self) -> str:
        """Name of the acquisition function."""
        label = self.survey.acquisition.label
        return label[:1].upper() + label[1:]

    def _legal(self, X: Array) -> Array:
        """Points with the parameters of their branch: usual values where one was missing."""
        return self.survey.activity.mask(np.where(np.isnan(X), self._usual(), X))

    def _usual(self) -> Array:
        """Of each parameter the value of the best trial that has it, or the middle."""
        rows = np.concatenate([self.tried, np.full((1, len(self.at)), 0.5)])
        first = (~np.isnan(rows)).argmax(axis=0)
        return np.asarray(rows[first, np.arange(len(self.at))])


def next_suggestion(
    view: View,
    survey: Survey,
    engine: Engine,
    fixed: Mapping[str, Any],
    rng: np.random.Generator,
) -> Next:
    """What the sampler would try next.

    Args:
        view: What was surveyed.
        survey: The fitted models.
        engine: Of which the suggestion is asked.
        fixed: Values of parameters that are to be held.
        rng: Random numbers, as the survey left them.

    Raises:
        ValueError: If a held parameter or its value does not exist.
    """
    problem, space = view.problem, view.space
    if fixed:
        problem = replace(problem, fixed={**problem.fixed, **_coordinates(fixed, view)})
    if engine.is_in_design(problem):
        at, how = engine.suggest(problem, rng), "a point of the initial design"
    elif (contrast := engine.contrast(problem, survey, rng)) is not None:
        at, how = survey.told(contrast), "the centre of the space"
    else:
        at, how = engine.best_of(problem, survey, rng), ""
    studies = (problem.target, *reversed(problem.sources))
    tried = np.concatenate([s.X[np.argsort(-s.Y[:, 0], kind="stable")] for s in studies])
    # A source's may lie outside the ranges.
    inside = np.where(np.isnan(tried), np.nan, space.unit.snap(np.nan_to_num(tried, nan=0.5)))
    return Next(survey.activity.mask(at.x[None])[0], inside, survey, fixed, how)


def _coordinates(fixed: Mapping[str, Any], view: View) -> dict[int, float]:
    distributions = view.snapshot.expected_distributions()
    for name, value in fixed.items():
        if name not in view.space.names:
            names = ", ".join(map(repr, view.space.open_names))
            raise ValueError(
                f"`fixed` has {name!r}: {value!r}, but the study has no parameter of this name "
                f"that varies. It has {names}."
            )
        if as_legal(value, distributions[name]) is None:
            raise ValueError(
                f"`fixed` has {name!r}: {value!r}, which the study may not try. Give "
                f"{_legal_text(distributions[name])}."
            )
    return {j: u for j, u in view.space.fixed(fixed).items() if view.space.names[j] in fixed}


def _legal_text(distribution: BaseDistribution) -> str:
    """The values of a distribution, in words."""
    if isinstance(distribution, CategoricalDistribution):
        return f"one of {listed(distribution.choices)}"
    low, high = distribution.low, distribution.high  # type: ignore[attr-defined]
    step = getattr(distribution, "step", None)
    steps = "" if step in (None, 1) else f" in steps of {step!r}"
    return f"a number from {low!r} to {high!r}{steps}"
