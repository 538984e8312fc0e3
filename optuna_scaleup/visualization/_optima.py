"""Where the optimum of every source is, judged by its own trials."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.data.encoding import NumericEncoding
from optuna_scaleup.data.sizes import Scale
from optuna_scaleup.report.interval import LEVELS
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.suggest.activity import activity_of
from optuna_scaleup.suggest.composition import draw_functions
from optuna_scaleup.suggest.modeller import Modeller
from optuna_scaleup.suggest.optima import fine_steps
from optuna_scaleup.suggest.optima import optimum_draws
from optuna_scaleup.suggest.seeds import good_points
from optuna_scaleup.types import Problem
from optuna_scaleup.visualization._model import Surrogate
from optuna_scaleup.visualization._model import View


_N_PATHS = 64


def source_optima(view: View) -> list[tuple[str, Scale, dict[str, Interval]]]:
    """Label, sizes and optimum of every source that says anything, small to large."""
    modeller = Modeller()
    found = []
    for source in view.snapshot.sources:
        surrogate = view.source(source, modeller)
        if surrogate is not None:
            found.append((source.label, source.scale, _optimum(surrogate, modeller)))
    return found


def _optimum(surrogate: Surrogate, modeller: Modeller) -> dict[str, Interval]:
    """Intervals of the best value of every numeric parameter that the source varied."""
    rng = np.random.default_rng(0)
    X, space = surrogate.data.X, surrogate.space
    problem = Problem(space.unit, surrogate.data, fixed=space.fixed({}))
    models = modeller.limited([surrogate.mixture], problem, rng)
    functions = draw_functions(models, _N_PATHS, rng)
    seeds = good_points(problem, rng)
    steps = fine_steps(is_limited=bool(models.limits))
    draws = optimum_draws(
        functions, space.unit, seeds, problem.fixed, rng, activity_of(problem), steps
    )
    optimum = {}
    for j, name, encoding in space.open_columns():
        places = draws[~np.isnan(draws[:, j]), j]
        if isinstance(encoding, NumericEncoding) and not np.isnan(X[:, j]).all() and len(places):
            quantiles = np.quantile(places, LEVELS)
            optimum[name] = Interval.of([encoding.decode(float(u)) for u in quantiles])
    return optimum
