"""SMAC (``smac`` 2.4) told every source trial as if it were the target's own.

Its hyperparameter-optimisation facade (random forest, expected improvement) without an initial
design: the told trials stand in for it. A parameter that a source lacks is told at its middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
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


class _SmacSession:
    """SMAC's ask and tell; it only minimises, so that maximised values change their sign."""

    def __init__(self, task: Task, sources: Sequence[Study], seed: int) -> None:
        from ConfigSpace import Configuration
        from ConfigSpace import ConfigurationSpace
        from smac import HyperparameterOptimizationFacade
        from smac import Scenario
        from smac.runhistory.dataclasses import TrialInfo

        self._sign = -task.sign
        self._folder = TemporaryDirectory()
        self._asked: Any = None
        space = ConfigurationSpace(seed=seed % 2**31)
        space.add([_hyperparameter(n, d) for n, d in task.search_space.items()])
        scenario = Scenario(
            space,
            deterministic=True,
            n_trials=10_000,
            output_directory=Path(self._folder.name),
            seed=seed % 2**31,
        )
        facade = HyperparameterOptimizationFacade
        self._smac = facade(
            scenario,
            _never_called,
            initial_design=facade.get_initial_design(scenario, n_configs=0),
            logging_level=False,
            overwrite=True,
        )
        for source in sources:
            for params, value in told_rows(task.search_space, source):
                values = with_step_values(params, task.search_space)
                config = Configuration(space, values=values)
                self._tell(TrialInfo(config, seed=0), value)

    def suggest(self) -> dict[str, Any]:
        """Asks the facade."""
        self._asked = self._smac.ask()
        return {name: _plain(value) for name, value in dict(self._asked.config).items()}

    def observe(self, value: float) -> None:
        """Tells the facade."""
        self._tell(self._asked, value)

    def _tell(self, info: Any, value: float) -> None:
        from smac.runhistory.dataclasses import TrialValue

        self._smac.tell(info, TrialValue(cost=self._sign * value), save=False)


def _hyperparameter(name: str, distribution: BaseDistribution) -> Any:
    from ConfigSpace import Categorical
    from ConfigSpace import Float
    from ConfigSpace import Integer
    from ConfigSpace import OrdinalHyperparameter

    if isinstance(distribution, CategoricalDistribution):
        return Categorical(name, list(distribution.choices))
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        return OrdinalHyperparameter(name, step_values(distribution))
    if isinstance(distribution, IntDistribution):
        return Integer(name, (distribution.low, distribution.high), log=distribution.log)
    if isinstance(distribution, FloatDistribution):
        return Float(name, (distribution.low, distribution.high), log=distribution.log)
    raise TypeError(f"Unknown distribution: {distribution!r}.")


def _plain(value: Any) -> Any:
    """The value without numpy's types."""
    return value.item() if isinstance(value, np.generic) else value


def _never_called(config: Mapping[str, Any], seed: int = 0) -> float:
    raise RuntimeError("SMAC is only asked and told.")


METHOD = Method(
    "smac",
    "SMAC told the source trials",
    flat_with_sources(_SmacSession, "conditional parameters are not translated"),
    needs=("smac", "ConfigSpace"),
)
