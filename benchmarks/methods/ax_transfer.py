"""Ax's transfer-learning adapter (``ax-platform`` 1.3): a multi-task GP over sources and target.

Set up as its constructor's documentation advises, model selection by cross-validation included
as soon as there are target trials to leave out. It cannot be fitted without target data, so the
first trial is the best of the largest source.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import flat_with_sources
from benchmarks.methods.source_params import first_params
from benchmarks.methods.source_params import told_rows
from benchmarks.methods.steps import step_values
from benchmarks.methods.steps import with_step_values
from benchmarks.tasks import Task


METRIC = "objective"
N_BEFORE_SELECTION = 3  # Leaving one out must leave two.


class _AxSession:
    """An Ax experiment with the sources as auxiliary experiments."""

    def __init__(self, task: Task, sources: Sequence[Study], seed: int) -> None:
        from ax.core.auxiliary import AuxiliaryExperimentPurpose
        from ax.core.auxiliary_source import AuxiliarySource

        logging.getLogger("ax").setLevel(logging.ERROR)
        self._seed = seed
        self._n_trials = 0
        self._params: dict[str, Any] = {}
        self._is_minimised = task.direction == "minimize"
        self._first = with_step_values(first_params(task, sources), task.search_space)
        auxiliary = []
        for surface, source in zip(task.sources, sources, strict=True):
            experiment = _experiment(surface.search_space, self._is_minimised)
            for params, value in told_rows(surface.search_space, source):
                _attach(experiment, with_step_values(params, surface.search_space), value)
            auxiliary.append(AuxiliarySource(experiment))
        self._experiment = _experiment(
            task.search_space,
            self._is_minimised,
            {AuxiliaryExperimentPurpose.TRANSFERABLE_EXPERIMENT: auxiliary},
        )

    def suggest(self) -> dict[str, Any]:
        """The best source configuration first, then what the adapter's acquisition says."""
        import botorch

        if self._n_trials == 0:
            self._params = self._first
        else:
            strategy = _strategy(has_selection=self._n_trials >= N_BEFORE_SELECTION)
            with botorch.manual_seed(self._seed + self._n_trials):
                run = strategy.gen_single_trial(self._experiment)
            self._params = dict(run.arms[0].parameters)
        return self._params

    def observe(self, value: float) -> None:
        """Attaches the value as an exact measurement."""
        _attach(self._experiment, self._params, value)
        self._n_trials += 1


def _strategy(has_selection: bool) -> Any:
    from ax.adapter.transfer_learning.adapter import (
        transfer_learning_generator_specs_constructor as specs_constructor,
    )
    from ax.generation_strategy.generation_node import GenerationNode
    from ax.generation_strategy.generation_strategy import GenerationStrategy

    specs, selector = specs_constructor(use_model_selection=has_selection)
    node = GenerationNode("transfer", generator_specs=specs, best_model_selector=selector)
    return GenerationStrategy(nodes=[node])


def _experiment(
    search_space: Mapping[str, BaseDistribution],
    is_minimised: bool,
    auxiliary: Mapping[Any, Any] | None = None,
) -> Any:
    from ax.core import Experiment
    from ax.core import Metric
    from ax.core import Objective
    from ax.core import OptimizationConfig
    from ax.core import SearchSpace

    return Experiment(
        name="target" if auxiliary else "source",
        search_space=SearchSpace([_parameter(n, d) for n, d in search_space.items()]),
        optimization_config=OptimizationConfig(
            Objective(metric=Metric(METRIC), minimize=is_minimised)
        ),
        auxiliary_experiments_by_purpose=None if auxiliary is None else dict(auxiliary),
    )


def _parameter(name: str, distribution: BaseDistribution) -> Any:
    from ax.core.parameter import ChoiceParameter
    from ax.core.parameter import ParameterType
    from ax.core.parameter import RangeParameter

    if isinstance(distribution, CategoricalDistribution):
        choices = list(distribution.choices)
        kind = ParameterType.STRING
        return ChoiceParameter(name, kind, choices, is_ordered=False, sort_values=False)
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        values = step_values(distribution)
        return ChoiceParameter(name, ParameterType.FLOAT, values, is_ordered=True)
    if isinstance(distribution, FloatDistribution | IntDistribution):
        is_int = isinstance(distribution, IntDistribution)
        kind = ParameterType.INT if is_int else ParameterType.FLOAT
        low, high = distribution.low, distribution.high
        return RangeParameter(name, kind, low, high, log_scale=distribution.log)
    raise TypeError(f"Unknown distribution: {distribution!r}.")


def _attach(experiment: Any, params: Mapping[str, Any], value: float) -> None:
    import pandas as pd
    from ax.core.arm import Arm
    from ax.core.data import Data

    trial = experiment.new_trial()
    trial.add_arm(Arm(parameters=dict(params)))
    trial.mark_running(no_runner_required=True)
    row = {
        "trial_index": trial.index,
        "arm_name": trial.arm.name,
        "metric_name": METRIC,
        "metric_signature": METRIC,
        "mean": value,
        "sem": 0.0,
    }
    experiment.attach_data(Data(df=pd.DataFrame([row])))
    trial.mark_completed()


METHOD = Method(
    "ax",
    "Ax's transfer-learning adapter",
    flat_with_sources(_AxSession, "the adapter has no conditional parameters"),
    needs=("ax", "botorch"),
)
