"""Syne Tune (``syne-tune`` 0.16) with quantile-based transfer (Salinas et al., ICML 2020).

The values of each source become normal quantiles, one gradient-boosted regressor is fitted to all
of them, and the target's configurations are drawn by Thompson sampling. It never looks at the
target's values, and it only minimises.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import flat_with_sources
from benchmarks.methods.source_params import told_rows
from benchmarks.methods.steps import step_values
from benchmarks.methods.steps import with_step_values
from benchmarks.tasks import Task


METRIC = "objective"


class _SyneSession:
    """A searcher fitted once to the sources."""

    def __init__(self, task: Task, sources: Sequence[Study], seed: int) -> None:
        from syne_tune.optimizer.schedulers.transfer_learning.quantile_based import (
            quantile_based_searcher,
        )

        self._search_space = task.search_space
        space = {n: _domain(d) for n, d in task.search_space.items()}
        evaluations = {f"source {i}": _evaluations(task, space, s) for i, s in enumerate(sources)}
        with contextlib.redirect_stdout(io.StringIO()):  # It prints how long it took.
            self._searcher = quantile_based_searcher.QuantileBasedSurrogateSearcher(
                space, evaluations, random_seed=seed % 2**32
            )

    def suggest(self) -> dict[str, Any]:
        """The configuration with the lowest sample."""
        given = self._searcher.suggest()
        return {n: _plain(d, given[n]) for n, d in self._search_space.items()}

    def observe(self, value: float) -> None:
        """Nothing: the searcher does not use the target's values."""


def _evaluations(task: Task, space: Mapping[str, Any], source: Study) -> Any:
    import pandas as pd
    from syne_tune.optimizer.schedulers.transfer_learning import transfer_learning_task_evaluation

    told = told_rows(task.search_space, source)
    return transfer_learning_task_evaluation.TransferLearningTaskEvaluations(
        configuration_space=dict(space),
        hyperparameters=pd.DataFrame([with_step_values(p, task.search_space) for p, _ in told]),
        objectives_names=[METRIC],
        objectives_evaluations=-task.sign * np.array([v for _, v in told])[:, None, None, None],
    )


def _domain(distribution: BaseDistribution) -> Any:
    from syne_tune import config_space

    if isinstance(distribution, CategoricalDistribution):
        return config_space.choice(list(distribution.choices))
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        values = step_values(distribution)
        return config_space.finrange(values[0], values[-1], len(values))
    if isinstance(distribution, IntDistribution):
        of_range = config_space.lograndint if distribution.log else config_space.randint
        return of_range(distribution.low, distribution.high)
    if isinstance(distribution, FloatDistribution):
        uniform = config_space.loguniform if distribution.log else config_space.uniform
        return uniform(distribution.low, distribution.high)
    raise TypeError(f"Unknown distribution: {distribution!r}.")


def _plain(distribution: BaseDistribution, value: Any) -> Any:
    """The value without numpy's types."""
    if isinstance(distribution, IntDistribution):
        return int(value)
    return float(value) if isinstance(distribution, FloatDistribution) else value


METHOD = Method(
    "syne_tune",
    "Syne Tune's quantile transfer",
    flat_with_sources(_SyneSession, "the searcher has no conditional parameters"),
    needs=("syne_tune", "xgboost"),
)
