"""From a problem to one suggested point: fit the model, maximise the acquisition function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

import numpy as np

from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.model.mixture import fit_mixture
from optuna_scaleup.model.sources import Source
from optuna_scaleup.suggest.acquisition import CRITERIA
from optuna_scaleup.suggest.acquisition import Criterion
from optuna_scaleup.suggest.acquisition import MixtureAcquisition
from optuna_scaleup.suggest.acquisition import PosteriorMean
from optuna_scaleup.suggest.initial_design import DESIGNS
from optuna_scaleup.suggest.initial_design import centre
from optuna_scaleup.suggest.initial_design import design_point
from optuna_scaleup.suggest.initial_design import n_design_points
from optuna_scaleup.suggest.optimize import maximize
from optuna_scaleup.suggest.quasi_random import sobol
from optuna_scaleup.suggest.scalarize import chebyshev
from optuna_scaleup.suggest.scalarize import draw_weights
from optuna_scaleup.suggest.source_fits import SourceFits
from optuna_scaleup.suggest.source_fits import feature_map_of
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Suggestion


_N_SEEDS = 3
_INTERVAL = (0.05, 0.5, 0.95)
_MAX_UNIT_RATIO = 1e30


@dataclass
class Engine:
    """Suggests points; keeps nothing but the fits of sources.

    Attributes:
        acquisition: Name of a criterion or an object like one.
        initial_design: What a cold start tries first.
        n_startup_trials: Trials of the initial design without a usable source; 0: as the design
            advises.
        deterministic_objective: Whether values have no noise.
        design_seed: Seed of the initial design, the same for every trial of a study.

    Raises:
        ValueError: If the acquisition function or the design is not known.
    """

    acquisition: str | Criterion = "log_ei"
    initial_design: str = "auto"
    n_startup_trials: int = 0
    deterministic_objective: bool = False
    design_seed: int = 0
    _fits: SourceFits = field(default_factory=SourceFits, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.acquisition, str) and self.acquisition not in CRITERIA:
            raise ValueError(
                f"`acquisition` must be one of {', '.join(map(repr, CRITERIA))} or a callable "
                f"criterion, but got {self.acquisition!r}."
            )
        if not isinstance(self.acquisition, str) and not callable(self.acquisition):
            raise ValueError(
                f"`acquisition` must be one of {', '.join(map(repr, CRITERIA))} or a callable "
                f"criterion, but got an object of type {type(self.acquisition).__name__!r}."
            )
        if self.initial_design not in DESIGNS:
            raise ValueError(
                f"`initial_design` must be one of {', '.join(map(repr, DESIGNS))}, but got "
                f"{self.initial_design!r}."
            )

    def suggest(self, problem: Problem, rng: np.random.Generator) -> Suggestion:
        """One legal point of ``problem.space``."""
        has_one_objective = problem.target.Y.shape[1] == 1
        problem, unit = _normalized(_single_objective(problem, rng))
        sources = self._fits.sources_of(problem)
        if not sources and self._is_in_design(problem):
            return Suggestion(self._design_point(problem, rng))
        mixture = self._fit(problem, sources, rng)
        tried = np.concatenate([problem.target.X, _pending(problem)])
        criterion = self._criterion() if len(tried) else PosteriorMean()
        acquisition = MixtureAcquisition(mixture, criterion, tried)
        seeds = _seeds(problem, rng)
        x = maximize(acquisition, problem.space, seeds, tried, problem.fixed, rng).x
        weights = tuple(map(float, mixture.source_weights)) if sources else ()
        if not has_one_objective:
            return Suggestion(x, None, weights)
        low, median, high = (unit * mixture.value_quantiles(x, _INTERVAL)).tolist()
        return Suggestion(x, (low, median, high), weights)

    def fit(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        """The model of a problem with one objective."""
        return self._fit(problem, self._fits.sources_of(problem), rng)

    def _fit(
        self, problem: Problem, sources: Sequence[Source], rng: np.random.Generator
    ) -> Mixture:
        return fit_mixture(
            feature_map_of(problem),
            problem.target.X,
            problem.target.Y[:, 0],
            problem.target.noise_var,
            sources,
            _pending(problem),
            lambda n_points, n_dims: sobol(n_points, n_dims, rng),
            self.deterministic_objective,
        )

    def _criterion(self) -> Criterion:
        if isinstance(self.acquisition, str):
            return CRITERIA[self.acquisition]()
        return self.acquisition

    def _is_in_design(self, problem: Problem) -> bool:
        n_design = n_design_points(self.initial_design, problem.space, self.n_startup_trials)
        return problem.target.n_trials == 0 or _n_started(problem) < n_design

    def _design_point(self, problem: Problem, rng: np.random.Generator) -> Array:
        """The design's next point; a random one where that is taken."""
        space = problem.space
        design_rng = rng
        if self.initial_design == "sobol":
            design_rng = np.random.default_rng(self.design_seed)
        x = design_point(self.initial_design, _n_started(problem), space, design_rng)
        x = np.array(space.snap(x[None])[0])
        for j, u in problem.fixed.items():
            x[j] = u
        tried = np.concatenate([problem.target.X, _pending(problem)])
        if not (tried == x).all(axis=1).any():
            return x
        seeds = np.empty((0, space.n_dims))
        return maximize(_Indifference(rng), space, seeds, tried, problem.fixed, rng).x


class _Indifference:
    """Rates points at random."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def value(self, X: Array) -> Array:
        return self._rng.random(len(X))

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        return 0.0, np.zeros_like(x)


def _pending(problem: Problem) -> Array:
    if problem.X_pending is None:
        return np.empty((0, problem.space.n_dims))
    return problem.X_pending


def _n_started(problem: Problem) -> int:
    return problem.target.n_trials + len(_pending(problem))


def _single_objective(problem: Problem, rng: np.random.Generator) -> Problem:
    n_objectives = problem.target.Y.shape[1]
    if n_objectives == 1:
        return problem
    weights = draw_weights(n_objectives, rng)

    def scalar(data: Dataset) -> Dataset:
        Y = chebyshev(data.Y, weights)[:, None] if data.n_trials else data.Y[:, :1]
        return Dataset(data.X, Y)

    keys = tuple(f"{key}{weights.tobytes().hex()}" for key in problem.source_keys)
    return replace(
        problem,
        target=scalar(problem.target),
        sources=tuple(scalar(source) for source in problem.sources),
        source_keys=keys,
    )


def _normalized(problem: Problem) -> tuple[Problem, float]:
    """All studies' values divided by one number, so that no difference overflows.

    The number is the source's, so that a fit of the source outlives new extremes of the target. A
    study of quite another magnitude has another unit and is divided by its own largest value.

    Returns:
        The problem, and the number that the target's values were divided by.
    """
    common = _largest((problem.target, *problem.sources)[-1])

    def divisor(data: Dataset) -> float:
        own = _largest(data)
        is_comparable = common / _MAX_UNIT_RATIO < own < common * _MAX_UNIT_RATIO
        return common if is_comparable or not data.n_trials else own

    def divide(data: Dataset) -> Dataset:
        by = divisor(data)
        noise_var = None if data.noise_var is None else data.noise_var / by / by
        return replace(data, Y=data.Y / by, noise_var=noise_var)

    keys = tuple(
        f"{key}{divisor(source)!r}"
        for key, source in zip(problem.source_keys, problem.sources, strict=False)
    )
    divided = replace(
        problem,
        target=divide(problem.target),
        sources=tuple(divide(source) for source in problem.sources),
        source_keys=keys,
    )
    return divided, divisor(problem.target)


def _largest(data: Dataset) -> float:
    """Largest magnitude of a study's values, one where there is none."""
    return float(np.abs(data.Y).max(initial=0.0)) or 1.0


def _seeds(problem: Problem, rng: np.random.Generator) -> Array:
    """Best trials of the target and of the largest source, complete and legal."""
    X = [np.empty((0, problem.space.n_dims))]
    for data in (problem.target, *problem.sources[-1:]):
        X.append(data.X[np.argsort(-data.Y[:, 0], kind="stable")[:_N_SEEDS]])
    points = np.concatenate(X)
    return problem.space.snap(np.where(np.isnan(points), centre(problem.space, rng), points))
