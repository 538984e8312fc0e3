"""From a problem to what to run next: the best expected value, and where the optimum may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.suggest.acquisition import MixtureAcquisition
from optuna_scaleup.suggest.acquisition import PosteriorMean
from optuna_scaleup.suggest.acquisition import best_mean
from optuna_scaleup.suggest.activity import activity_of
from optuna_scaleup.suggest.composition import Apart
from optuna_scaleup.suggest.composition import Models
from optuna_scaleup.suggest.composition import compose
from optuna_scaleup.suggest.composition import draw_functions
from optuna_scaleup.suggest.constraints import observed_feasibility
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.limits import Limited
from optuna_scaleup.suggest.limits import least_excess
from optuna_scaleup.suggest.limits import log_feasibility
from optuna_scaleup.suggest.optima import fine_steps
from optuna_scaleup.suggest.optima import optimum_draws
from optuna_scaleup.suggest.optimize import Term
from optuna_scaleup.suggest.optimize import is_tried
from optuna_scaleup.suggest.optimize import maximize
from optuna_scaleup.suggest.outputs import knows_success
from optuna_scaleup.suggest.outputs import objective_outputs
from optuna_scaleup.suggest.seeds import filled
from optuna_scaleup.suggest.seeds import good_points
from optuna_scaleup.types import Array
from optuna_scaleup.types import Problem


_N_PATHS = 128
# "No source" is a guard of the search: a fifth of the prior is what it takes to leave a source
# that misleads in time, more than the share of sources that do. Intervals are to be believed.
_NO_SOURCE_ODDS = 0.2


@dataclass(frozen=True)
class Forecast:
    """What to run, and how sure that is.

    Attributes:
        X: Points to run, the best guess first, shape ``(n, d)``; fewer if the space has no more.
        values: Quantiles of what each will return, larger is better, ``(n, n_levels)``.
        optima: Draws of where the optimum is, shape ``(n_draws, d)``.
        source_weights: Weight of each source in use, the largest last but one, and of "no
            source", last. Of many usable sources only the largest are in use.
    """

    X: Array
    values: Array
    optima: Array
    source_weights: tuple[float, ...]


def forecast(
    engine: Engine,
    problem: Problem,
    n_points: int,
    levels: Sequence[float],
    rng: np.random.Generator,
    later: Problem,
) -> Forecast:
    """Recommends points to run at once.

    The first has the best posterior mean, whether or not it was tried: a single value is noisy.
    Before any trial it is the one that the sampler would try first.
    Each further one is what the sampler would suggest while those before it run.

    Args:
        engine: The model, with what it knows of the sources.
        problem: With one objective and at least one finished trial or source.
        n_points: How many points.
        levels: Of the quantiles of the values.
        rng: Random numbers.
        later: What the further points are suggested for: the same, but that axes may be open to
            them that the first has settled. Nobody has tried any value there, so one for all is
            not enough.
    """
    output = objective_outputs(problem)[0]
    # What runs may still turn out anyhow.
    mixture = engine.modeller.fit(output.problem.settled(), rng, is_wary=True)
    models = engine.modeller.limited([mixture], problem, rng)
    failed = problem.target.failed
    if knows_success(problem):
        failed = failed[:0]
    else:
        # The search goes elsewhere after failures alone; they are no reason to expect the best
        # as far from them as possible, only off their points.
        models = replace(models, failure=None)
    X = [_best_mean(problem, models, failed, rng)]
    # First, so that where the best is does not depend on how many points are asked for.
    functions = draw_functions(models, _N_PATHS, rng, _NO_SOURCE_ODDS)
    seeds = filled(problem.space, np.array(X), rng)
    steps = fine_steps(is_limited=bool(models.limits))
    optima = optimum_draws(
        functions, problem.space, seeds, problem.fixed, rng, activity_of(problem), steps
    )
    while len(X) < n_points:
        later = later.with_pending(X[-1])
        x = engine.best_of(later, engine.survey(later, rng), rng).x
        if is_tried(x[None], np.array(X))[0]:
            break  # the space has no more points
        X.append(x)
    quantiles = np.array([mixture.value_quantiles(x, levels) for x in X])
    with np.errstate(over="ignore"):
        values = np.nan_to_num(output.unit * quantiles)  # JSON knows nothing infinite
    middle = values[:, len(levels) // 2]
    order = [0, *(1 + np.argsort(-middle[1:], kind="stable"))]
    weights = tuple(map(float, mixture.source_weights)) if problem.sources else ()
    return Forecast(np.array(X)[order], values[order], optima, weights)


def _best_mean(problem: Problem, models: Models, failed: Array, rng: np.random.Generator) -> Array:
    """The point with the best expected value, among those that are likely feasible.

    While nothing tried was feasible, among those where the constraints are expected to be broken
    by least. A search goes where it is most likely that they hold, however far off they may be.

    Args:
        problem: See :func:`forecast`.
        models: Of all outputs.
        failed: Points to keep off, shape ``(k, d)``.
        rng: Random numbers.
    """
    X = problem.target.X
    observed = observed_feasibility(problem.target, [*models.constraints])
    seeks_feasible = len(X) > 0 and not models.is_feasible(X, observed).any()
    acquisition: Term
    if seeks_feasible:
        (objective,) = models.objectives
        best = MixtureAcquisition(objective, PosteriorMean(), best_mean(objective, X[:0]))
        acquisition = Limited(best, [least_excess(limit) for limit in models.limits])
    else:
        acquisition = compose(models, PosteriorMean(), X, observed)
    nothing = np.empty((0, problem.space.n_dims))  # a point that was tried may be recommended
    seeds = good_points(problem, rng)
    activity = activity_of(problem)
    apart = Apart(acquisition, failed)
    x = maximize(apart, problem.space, seeds, nothing, problem.fixed, rng, activity).x
    if models.failure is None or seeks_feasible:
        return x
    legal = activity.mask(problem.space.legal(filled(problem.space, X, rng), problem.fixed))
    return _or_ended(x, legal[is_tried(legal, X)], acquisition, models.failure)


def _or_ended(x: Array, ended: Array, acquisition: Term, failure: Mixture) -> Array:
    """A point, or a better one that has returned a value, whatever the chance was.

    Args:
        x: Shape ``(d,)``.
        ended: Points that have, shape ``(n, d)``.
        acquisition: With the logarithm of the chance of a value as a term.
        failure: The model of that chance.
    """
    candidates = np.concatenate([x[None], ended])
    rated = acquisition.value(candidates)
    rated[1:] -= log_feasibility(failure).value(ended)
    return np.asarray(candidates[np.argmax(rated)])
