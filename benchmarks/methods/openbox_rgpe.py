"""OpenBox (``openbox`` 0.9) with its ranking-weighted ensemble of the sources' surrogates (RGPE).

Set up as its documentation advises: automatic choice of surrogate and acquisition, and the default
warm start with the best configurations of each source. It only minimises.
"""

from __future__ import annotations

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


class _OpenBoxSession:
    """OpenBox's ask and tell; maximised values change their sign."""

    def __init__(self, task: Task, sources: Sequence[Study], seed: int) -> None:
        from openbox import Advisor
        from openbox import History

        self._task = task
        self._seed = seed
        self._n_trials = 0
        self._config: Any = None
        self._space = _space(task.search_space)
        histories = []
        for i, source in enumerate(sources):
            history = History(task_id=f"source {i}", config_space=self._space)
            for params, value in told_rows(task.search_space, source):
                config = self._configuration(params)
                history.update_observation(self._observation(config, value))
            histories.append(history)
        self._advisor = Advisor(
            self._space,
            transfer_learning_history=histories,
            output_dir=None,
            random_state=seed % 2**31,
            logger_kwargs={"level": "ERROR"},
        )

    def suggest(self) -> dict[str, Any]:
        """Asks the advisor."""
        # Its ensemble draws from numpy's global state: without a seed no run repeats.
        np.random.seed((self._seed + self._n_trials) % 2**32)  # noqa: NPY002
        self._config = self._advisor.get_suggestion()
        self._n_trials += 1
        given = self._config.get_dictionary()
        return {n: _plain(d, given[n]) for n, d in self._task.search_space.items()}

    def observe(self, value: float) -> None:
        """Tells the advisor."""
        self._advisor.update_observation(self._observation(self._config, value))

    def _configuration(self, params: Mapping[str, Any]) -> Any:
        from ConfigSpace import Configuration

        return Configuration(self._space, with_step_values(params, self._task.search_space))

    def _observation(self, config: Any, value: float) -> Any:
        from openbox import Observation

        return Observation(config=config, objectives=[-self._task.sign * value])


def _space(search_space: Mapping[str, BaseDistribution]) -> Any:
    from openbox import sp

    space = sp.Space()
    space.add_variables([_variable(n, d) for n, d in search_space.items()])
    return space


def _variable(name: str, distribution: BaseDistribution) -> Any:
    from openbox import sp

    if isinstance(distribution, CategoricalDistribution):
        return sp.Categorical(name, list(distribution.choices))
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        return sp.Ordinal(name, step_values(distribution))
    if isinstance(distribution, IntDistribution):
        return sp.Int(name, distribution.low, distribution.high, log=distribution.log)
    if isinstance(distribution, FloatDistribution):
        return sp.Real(name, distribution.low, distribution.high, log=distribution.log)
    raise TypeError(f"Unknown distribution: {distribution!r}.")


def _plain(distribution: BaseDistribution, value: Any) -> Any:
    """The value without numpy's types, inside the range that rounding may have left."""
    if isinstance(distribution, IntDistribution):
        return int(value)
    if isinstance(distribution, FloatDistribution):
        return min(max(float(value), distribution.low), distribution.high)
    return str(value)


METHOD = Method(
    "openbox",
    "OpenBox's RGPE",
    flat_with_sources(_OpenBoxSession, "conditional parameters are not translated"),
    needs=("openbox", "ConfigSpace"),
)
