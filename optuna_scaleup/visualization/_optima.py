"""Where the optimum of every source is, judged by its own trials."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.data.encoding import NumericEncoding
from optuna_scaleup.data.lineage import Scale
from optuna_scaleup.report.interval import LEVELS
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.optima import optimum_draws
from optuna_scaleup.visualization._model import Surrogate
from optuna_scaleup.visualization._model import View


_N_PATHS = 64


def source_optima(view: View) -> list[tuple[str, Scale, dict[str, Interval]]]:
    """Label, sizes and optimum of every source that says anything, small to large."""
    engine = Engine()
    found = []
    for source in view.snapshot.sources:
        surrogate = view.source(source, engine)
        if surrogate is not None:
            found.append((source.label, source.scale, _optimum(surrogate)))
    return found


def _optimum(surrogate: Surrogate) -> dict[str, Interval]:
    """Intervals of the best value of every numeric parameter that the source varied."""
    rng = np.random.default_rng(0)
    X, space = surrogate.data.X, surrogate.space
    best = X[np.argsort(-surrogate.data.Y[:, 0], kind="stable")[:3]]
    seeds = space.unit.snap(np.where(np.isnan(best), 0.5, best))
    draws = optimum_draws(surrogate.mixture.sample(_N_PATHS, rng), space.unit, seeds, {}, rng)
    optimum = {}
    for j, (name, encoding) in enumerate(zip(space.names, space.encodings, strict=True)):
        if isinstance(encoding, NumericEncoding) and not np.isnan(X[:, j]).all():
            quantiles = np.quantile(draws[:, j], LEVELS)
            optimum[name] = Interval.of([encoding.decode(float(u)) for u in quantiles])
    return optimum
