"""The models behind the figures, fitted afresh from what the storage holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
from optuna.trial import TrialState

from optuna_scaleup.data.outcomes import is_feasible
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.problem import Snapshot
from optuna_scaleup.data.recall import recall
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.trials import finished_rows
from optuna_scaleup.data.user_source import SourcesLike
from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.sampler import ScaleUpSampler
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.suggest.outputs import objective_outputs
from optuna_scaleup.suggest.survey import Survey
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from optuna_scaleup.data.source import SourceData
    from optuna_scaleup.report.transfer import TransferReport


SEED = 0  # of what is fitted here; what a sampler recommends and reports depends on its own


@dataclass(frozen=True)
class Surrogate:
    """What the model makes of one study.

    Attributes:
        label: Name of the study.
        space: The parameters.
        data: The finished trials.
        mixture: The model.
        sign: One if larger values are better in this study, else minus one.
        unit: What the model's values are multiplied by to be the study's.
        is_feasible: Whether a complete trial breaks no constraint that it has, shape ``(n,)``; of
            pruned ones it is not asked.
    """

    label: str
    space: SearchSpace
    data: Dataset
    mixture: Mixture
    sign: float
    unit: float
    is_feasible: Array

    @property
    def values(self) -> Array:
        """Values of the finished trials in the objective's own sign, shape ``(n,)``."""
        return np.asarray(self.sign * self.data.Y[:, 0])

    @property
    def is_estimated(self) -> Array:
        """Whether a value is an estimate from the curve of a pruned trial, shape ``(n,)``."""
        noise_var = self.data.noise_var
        return np.zeros(self.data.n_trials, bool) if noise_var is None else noise_var > 0.0

    def quantiles(self, X: Array, levels: Sequence[float]) -> Array:
        """Quantiles of what trials will return, in the objective's own sign.

        Args:
            X: Points, shape ``(q, d)``.
            levels: Probabilities in ascending order, symmetric around one half.

        Returns:
            Shape ``(q, len(levels))``, ascending along the rows.
        """
        values = np.array([self.mixture.value_quantiles(x, levels) for x in X])
        values = self.unit * values.reshape(len(X), len(levels))
        return values if self.sign > 0.0 else -values[:, ::-1]


@dataclass(frozen=True)
class View:
    """A study, its sources, and the parameters that they are shown in.

    Attributes:
        study: The large study.
        sampler: One with the sources of the study, and the settings of its own sampler if known.
        snapshot: The trials of the study and of its sources.
        space: The parameters that vary.
        missing: Label of each recorded source that cannot be read, and why.
    """

    study: Study
    sampler: ScaleUpSampler
    snapshot: Snapshot
    space: SearchSpace
    missing: tuple[str, ...]

    @classmethod
    def of(cls, study: Study, source: SourcesLike | None = None) -> View:
        """Reads a study and its sources.

        Args:
            study: The large study.
            source: As the sampler takes it; :obj:`None` for those of the study's own sampler, or
                in another process for those that it recorded, as far as they are in the storage.

        Raises:
            ValueError: If a source cannot serve this study, or is this study.
        """
        sampler, missing = sampler_of(study, source)
        snapshot = Snapshot.of_onlooker(study, sampler.planner.ladder, sampler.notices)
        space = snapshot.space_of(snapshot.expected_distributions())
        return cls(study, sampler, snapshot, space, missing)

    @property
    def has_data(self) -> bool:
        """Whether there is anything that a model can be made of."""
        studies = (self.problem.target, *self.problem.sources)
        return any(data.n_trials for data in studies)

    @property
    def knows_settings(self) -> bool:
        """Whether the study's own sampler is at hand: no storage holds its settings."""
        return isinstance(self.study.sampler, ScaleUpSampler)

    def engine(self) -> Engine:
        """What suggests the next point; with fits of its own, as the sampler may be at work."""
        engine = self.sampler.planner.engine
        return replace(engine, modeller=Modeller(engine.modeller.deterministic_objective))

    def notes(self) -> list[str]:
        """What the reader of a figure has to know of the sources."""
        if self.missing:
            return [f"Not shown: source {', '.join(self.missing)}; `source=` gives it"]
        return []

    def why_empty(self, reason: str = "") -> str:
        """The text of a figure that has nothing to show."""
        nothing = "Nothing to model yet: the study has no finished trial and no source"
        if self.snapshot.sources:
            nothing += " with a usable trial"
        return ". ".join([reason or nothing, *self.notes()])

    @cached_property
    def problem(self) -> Problem:
        """The problem as the sampler sees it."""
        problem = self.snapshot.problem(self.space, {}, self.sampler.notices)
        return replace(problem, shelf=None)  # a figure writes nothing

    def report(self) -> TransferReport | None:
        """What the study learnt from its sources, if it has any."""
        if not self.snapshot.sources or len(self.study.directions) != 1:
            return None
        return self.sampler.diagnose(self.study)

    def target(self, survey: Survey, objective: int) -> Surrogate:
        """The large study's model, as a survey of the problem found it."""
        signs = signs_of(self.study.directions)
        sign = float(signs[objective])
        mixture = survey.models.objectives[objective]
        data, unit = _with_objective(self.problem.target, objective), survey.units[objective]
        finished = finished_rows(self.snapshot.trials, self.space, signs)
        holds = _holds(self.snapshot.trials, finished.unused, data.n_trials)
        return Surrogate(self.study.study_name, self.space, data, mixture, sign, unit, holds)

    def largest_source(self, modeller: Modeller, objective: int) -> Surrogate | None:
        """The model of the largest source that has something to show, on its own."""
        for source in reversed(self.snapshot.sources):
            surrogate = self.source(source, modeller, objective)
            if surrogate is not None:
                return surrogate
        return None

    def source(
        self, source: SourceData, modeller: Modeller, objective: int = 0
    ) -> Surrogate | None:
        """The model of one source on its own; :obj:`None` if it says nothing."""
        directions = source.directions or self.study.directions
        signs = signs_of(directions)
        data, _, unused = finished_rows(source.trials, self.space, signs)
        if not data.n_trials or np.isnan(data.X).all():
            return None
        output = objective_outputs(Problem(self.space.unit, data))[objective]
        mixture = modeller.fit(output.problem, np.random.default_rng(SEED))
        data, sign = _with_objective(data, objective), float(signs[objective])
        holds = _holds(source.trials, unused, data.n_trials)
        return Surrogate(source.label, self.space, data, mixture, sign, output.unit, holds)


def _with_objective(data: Dataset, objective: int) -> Dataset:
    return replace(data, Y=data.Y[:, [objective]])


def _holds(trials: Sequence[FrozenTrial], unused: Sequence[FrozenTrial], n_rows: int) -> Array:
    """Whether rows break no constraint: those of complete trials come first, then pruned ones.

    Asked of the trials, as columns do not tell a constraint that is ``NaN`` from one not there.
    """
    left_out = {id(trial) for trial in unused}
    complete = [t for t in trials if t.state == TrialState.COMPLETE and id(t) not in left_out]
    holds = [is_feasible(trial) for trial in complete]
    return np.array(holds + [True] * (n_rows - len(complete)), dtype=bool)


def sampler_of(
    study: Study, source: SourcesLike | None = None
) -> tuple[ScaleUpSampler, tuple[str, ...]]:
    """A sampler with the sources of a study, and the labels of those that cannot be read."""
    own = study.sampler if isinstance(study.sampler, ScaleUpSampler) else None
    if source is None and own is not None and own.planner.ladder.readers:
        return own, ()
    recalled = recall(study, source)
    if own is not None and not recalled.sources and not recalled.missing:
        return own, ()
    sampler = ScaleUpSampler(
        list(recalled.sources) or None,
        seed=SEED,
        scale=recalled.scale,
        drift_prior=recalled.drift_prior,
        **({} if own is None else _settings(own)),
    )
    return sampler, recalled.missing


def _settings(sampler: ScaleUpSampler) -> dict[str, Any]:
    """The arguments that a sampler was made with, but for its sources and its seed."""
    planner, engine = sampler.planner, sampler.planner.engine
    return {
        "search_space": planner.search_space,
        "acquisition": engine.acquisition,
        "initial_design": engine.initial_design,
        "n_startup_trials": engine.n_startup_trials,
        "cost": planner.ladder.cost,
        "deterministic_objective": engine.modeller.deterministic_objective,
    }
