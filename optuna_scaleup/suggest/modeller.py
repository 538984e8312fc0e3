"""From a problem to the model of each of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from itertools import chain

import numpy as np

from optuna_scaleup.model.effort import Aim
from optuna_scaleup.model.fitting import fit_mixture
from optuna_scaleup.model.gp import HYPERPRIORS
from optuna_scaleup.model.gp import PERHAPS_NOISY_VALUES
from optuna_scaleup.model.gp import Hyperprior
from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.model.sources import SIMILAR
from optuna_scaleup.model.sources import Departure
from optuna_scaleup.suggest.composition import Models
from optuna_scaleup.suggest.constraints import constraint_names
from optuna_scaleup.suggest.constraints import constraint_outputs
from optuna_scaleup.suggest.output import Output
from optuna_scaleup.suggest.outputs import cost_output
from optuna_scaleup.suggest.outputs import failure_output
from optuna_scaleup.suggest.outputs import objective_outputs
from optuna_scaleup.suggest.outputs import ways_to_model
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.suggest.source_fits import SourceFits
from optuna_scaleup.suggest.source_fits import feature_map_of
from optuna_scaleup.suggest.source_fits import telling_sources
from optuna_scaleup.types import Problem
from optuna_scaleup.types import ValueKind


# A source tells where a constraint holds, not only how it bends. But of all points those are tried
# that seem just feasible, so a model that is too sure of where that is leads astray.
_OF_CONSTRAINT = Departure(
    offset_var=0.5, residual_var=0.2, max_lengthscale=2.0, is_same_level=True
)
# Where a source fails, the study likely fails as well.
_OF_CLASS = Departure(offset_var=0.05, is_same_level=True)


@dataclass
class Modeller:
    """Fits the models; keeps nothing but the fits of sources.

    Attributes:
        deterministic_objective: Whether values have no noise.
        fits: Of the sources.
    """

    deterministic_objective: bool = False
    fits: SourceFits = field(default_factory=SourceFits, repr=False)

    def models_of(
        self, problem: Problem, objectives: Sequence[Output], rng: np.random.Generator
    ) -> Models:
        """The model of every output.

        Args:
            problem: With all outputs.
            objectives: Of the problem.
            rng: Random numbers.
        """
        aim = _aim(objectives, is_constrained=bool(constraint_names(problem)))
        mixtures = [self._fit_objective(output, rng, aim) for output in objectives]
        models, cost = self.limited(mixtures, problem, rng), cost_output(problem)
        if cost is None:
            return models
        return replace(models, log_cost=self._fit(cost.problem, rng))

    def limited(
        self, objectives: Sequence[Mixture], problem: Problem, rng: np.random.Generator
    ) -> Models:
        """Models of objectives with those of what limits them: constraints and failures."""
        constraints = {
            name: self._fit_likeliest(outputs, rng, Aim.LEVEL, _OF_CONSTRAINT)
            for name, outputs in constraint_outputs(problem).items()
        }
        failure = failure_output(problem)
        if failure is None:
            return Models(objectives, constraints)
        fails = self._fit(failure.problem, rng, departure=_OF_CLASS)
        return Models(objectives, constraints, failure=fails)

    def fit(self, problem: Problem, rng: np.random.Generator, *, is_wary: bool = False) -> Mixture:
        """The model of the only output; a wary one takes noise of any size for likely."""
        return self._fit(problem, rng, Aim.BEST, is_wary=is_wary)

    def hyperprior_of(self, problem: Problem, *, is_wary: bool = False) -> Hyperprior:
        """What is believed of the GP of the only output before any trial."""
        hyperprior = PERHAPS_NOISY_VALUES if is_wary else HYPERPRIORS[problem.kind]
        has_noise = problem.kind is ValueKind.CLASS or not self.deterministic_objective
        return hyperprior if has_noise else hyperprior.noise_free()

    def share_fits(self, problem: Problem) -> None:
        """Lays the fits of all outputs' sources on the problem's shelf."""
        constraints = chain(*constraint_outputs(problem).values())
        objectives = chain(*map(ways_to_model, objective_outputs(problem)))
        for output in (*objectives, *constraints, failure_output(problem), cost_output(problem)):
            if output is not None:
                self.fits.share(output.problem)

    def _fit_objective(self, objective: Output, rng: np.random.Generator, aim: Aim) -> Mixture:
        ways = ways_to_model(objective)
        if len(ways) > 1:
            said = [self.fits.log_evidence_of(way.problem) for way in ways]
            ways = tuple(replace(w, log_prior=s) for w, s in zip(ways, said, strict=True))
        return self._fit_likeliest(ways, rng, aim)

    def _fit_likeliest(
        self,
        ways: Sequence[Output],
        rng: np.random.Generator,
        aim: Aim,
        departure: Departure = SIMILAR,
    ) -> Mixture:
        """Of several ways to model one output the one that explains the trials best."""
        fits = [self._fit(way.problem, rng, aim, departure=departure) for way in ways]
        evidence = [
            fit.log_evidence + way.log_jacobian + way.log_prior
            for fit, way in zip(fits, ways, strict=True)
        ]
        return fits[int(np.argmax(evidence))]

    def _fit(
        self,
        problem: Problem,
        rng: np.random.Generator,
        aim: Aim = Aim.LEVEL,
        *,
        departure: Departure = SIMILAR,
        is_wary: bool = False,
    ) -> Mixture:
        return fit_mixture(
            feature_map_of(problem),
            problem.target.X,
            problem.target.Y[:, 0],
            problem.target.noise_var,
            self.fits.sources_of(problem),
            problem.unknown,
            lambda n_points, n_dims: sobol(n_points, n_dims, rng),
            self.hyperprior_of(problem, is_wary=is_wary),
            departure,
            aim,
        )


def has_source(objectives: Sequence[Output]) -> bool:
    """Whether any source tells of an objective."""
    return any(telling_sources(output.problem) for output in objectives)


def _aim(objectives: Sequence[Output], *, is_constrained: bool) -> Aim:
    """What objectives are modelled for."""
    if len(objectives) == 1:
        return Aim.BEST
    return Aim.LEVEL if is_constrained or has_source(objectives) else Aim.FRONT
