"""From a problem to one suggested point: fit the models, maximise the acquisition function."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

import numpy as np

from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.acquisition import Criterion
from optuna_scaleup.suggest.acquisition import Indifference
from optuna_scaleup.suggest.acquisition import check_criterion
from optuna_scaleup.suggest.activity import activity_of
from optuna_scaleup.suggest.borders import off_borders
from optuna_scaleup.suggest.composition import Apart
from optuna_scaleup.suggest.composition import DrawnFunction
from optuna_scaleup.suggest.composition import compose
from optuna_scaleup.suggest.constraints import observed_feasibility
from optuna_scaleup.suggest.initial_design import CONTRAST_AT
from optuna_scaleup.suggest.initial_design import CONTRAST_AT_UNSIZED
from optuna_scaleup.suggest.initial_design import DESIGNS
from optuna_scaleup.suggest.initial_design import contrast_point
from optuna_scaleup.suggest.initial_design import design_point
from optuna_scaleup.suggest.initial_design import n_design_points
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.suggest.modeller import has_source
from optuna_scaleup.suggest.optimize import Term
from optuna_scaleup.suggest.optimize import is_tried
from optuna_scaleup.suggest.optimize import maximize
from optuna_scaleup.suggest.outputs import objective_outputs
from optuna_scaleup.suggest.seeds import best_rows
from optuna_scaleup.suggest.seeds import good_points
from optuna_scaleup.suggest.source_fits import telling_sources
from optuna_scaleup.suggest.survey import Survey
from optuna_scaleup.types import Array
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Suggestion


_N_AT_BORDERS = 10  # trials
_N_POLISHED = 5  # with several outputs; for one objective more starts brought nothing


@dataclass
class Engine:
    """Suggests points.

    Attributes:
        modeller: Fits the models.
        acquisition: Name of a criterion or an object like one.
        initial_design: What a cold start tries first.
        n_startup_trials: Trials of the initial design without a usable source; 0: as the design
            advises.
        design_seed: Seed of the initial design, the same for every trial of a study.

    Raises:
        ValueError: If the acquisition function or the design is not known.
    """

    modeller: Modeller = field(default_factory=Modeller)
    acquisition: str | Criterion = "log_ei"
    initial_design: str = "auto"
    n_startup_trials: int = 0
    design_seed: int = 0

    def __post_init__(self) -> None:
        check_criterion(self.acquisition)
        if self.initial_design not in DESIGNS:
            raise ValueError(
                f"`initial_design` must be one of {', '.join(map(repr, DESIGNS))}, but got "
                f"{self.initial_design!r}."
            )

    def suggest(self, problem: Problem, rng: np.random.Generator) -> Suggestion:
        """One legal point of ``problem.space``."""
        if self.is_in_design(problem):
            return Suggestion(self._design_point(problem, rng))
        return self.choose(problem, self.survey(problem, rng), rng)

    def is_in_design(self, problem: Problem) -> bool:
        """Whether the initial design decides the next point, not the models."""
        if has_source(objective_outputs(problem)):
            return False
        n_objectives = problem.target.Y.shape[1]
        n_design = n_design_points(
            self.initial_design, problem.space, self.n_startup_trials, n_objectives
        )
        return problem.target.n_trials == 0 or problem.n_started < n_design

    def survey(self, problem: Problem, rng: np.random.Generator) -> Survey:
        """Fits the models of all outputs, and says how good any point looks to them."""
        objectives = objective_outputs(problem)
        models = self.modeller.models_of(problem, objectives, rng)
        # Where trials are known to fail there is no value to improve on.
        open_points = problem.unknown if models.failure is None else problem.pending
        tried = np.concatenate([problem.target.X, open_points])
        observed = np.full((len(tried), len(models.constraints)), np.nan)
        observed[: problem.target.n_trials] = observed_feasibility(
            problem.target, [*models.constraints]
        )
        acquisition: Term
        if len(objectives) == 1 and models.failure is None and self._is_draw_due(problem):
            acquisition = DrawnFunction(models, rng)
        else:
            acquisition = compose(models, self._criterion(), tried, observed)
        return Survey(
            models,
            tuple(output.unit for output in objectives),
            acquisition,
            activity_of(problem),
            is_cold=all(len(model.source_weights) == 1 for model in models.objectives),
        )

    def _is_draw_due(self, problem: Problem) -> bool:
        """Whether every other of the trials before the first value is due.

        With trials that run, or failed, there is nothing to improve on but the source's own best.
        Near that no place is likely to be better, so an improvement seems likeliest at the far
        ends of the space: worth a look in case the source misleads, but not by all of a batch.
        """
        is_odd = not problem.target.n_trials and problem.n_started % 2 == 1
        return is_odd and self._criterion().is_log

    def choose(self, problem: Problem, survey: Survey, rng: np.random.Generator) -> Suggestion:
        """The untried point that looks best; once, where the sources do not look."""
        x = self.contrast(problem, survey, rng)
        return self.best_of(problem, survey, rng) if x is None else survey.told(x)

    def best_of(self, problem: Problem, survey: Survey, rng: np.random.Generator) -> Suggestion:
        """The untried point that looks best."""
        seeds, tried = good_points(problem, rng), _tried(problem)
        acquisition = Apart(survey.acquisition, problem.unknown)
        space, fixed, activity = problem.space, problem.fixed, survey.activity
        n_polished = _N_POLISHED if survey.models.n_outputs > 1 else 1
        x = maximize(acquisition, space, seeds, tried, fixed, rng, activity, n_polished).x
        if _leaves_borders(problem, survey):
            x = off_borders(acquisition, space, x, tried, fixed, activity, rng)
        return survey.told(x)

    def contrast(self, problem: Problem, survey: Survey, rng: np.random.Generator) -> Array | None:
        """See :func:`contrast_point`; :obj:`None` if it is not its turn, or it was tried."""
        if survey.is_cold:
            return None
        i = telling_sources(problem)[-1]
        is_sized = problem.scales is not None and problem.scales.is_known[i]
        if problem.n_started != (CONTRAST_AT if is_sized else CONTRAST_AT_UNSIZED):
            return None
        largest = problem.sources[i]
        x = contrast_point(problem.space, largest.X[best_rows(largest)[0]], rng)
        x = survey.activity.mask(problem.space.legal(x[None], problem.fixed))[0]
        return None if _is_tried(problem, x) else x

    def _criterion(self) -> Criterion:
        if isinstance(self.acquisition, str):
            return CRITERIA[self.acquisition]()
        return self.acquisition

    def _design_point(self, problem: Problem, rng: np.random.Generator) -> Array:
        """The design's next point; a random one where that is taken."""
        space = problem.space
        index = problem.n_started
        x = design_point(self.initial_design, index, space, rng, self.design_seed)
        x = np.asarray(space.legal(x[None], problem.fixed)[0])
        if not _is_tried(problem, x):
            return x
        seeds, tried = np.empty((0, space.n_dims)), _tried(problem)
        return maximize(Indifference(rng), space, seeds, tried, problem.fixed, rng).x


def _leaves_borders(problem: Problem, survey: Survey) -> bool:
    """Whether a suggestion is taken off the borders where that costs little.

    Not the first ones: corners are the quickest way to see which parameters matter. Nor with
    several objectives: part of a front may lie on a border.
    """
    is_one_logarithm = len(survey.models.objectives) == 1 and survey.acquisition.is_log
    return is_one_logarithm and problem.n_started >= _N_AT_BORDERS


def _is_tried(problem: Problem, x: Array) -> bool:
    return bool(is_tried(x[None], _tried(problem))[0])


def _tried(problem: Problem) -> Array:
    """Finished and running trials, shape ``(n, d)``."""
    return np.concatenate([problem.target.X, problem.unknown])
