"""Google Vizier's GP bandit (``google-vizier`` 0.1.24) with the sources as prior studies.

``set_priors`` stacks them from small to large: each Gaussian process fits the residuals of the one
before. Its first suggestion is the centre of the space, as it comes.
"""

from __future__ import annotations

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
from benchmarks.methods.source_params import told_rows
from benchmarks.methods.steps import step_values
from benchmarks.methods.steps import with_step_values
from benchmarks.tasks import Task


METRIC = "objective"


class _VizierSession:
    """The designer, updated with one trial at a time."""

    def __init__(self, task: Task, sources: Sequence[Study], seed: int) -> None:
        import jax
        from vizier import algorithms
        from vizier._src.algorithms.designers.gp_bandit import VizierGPBandit

        jax.config.update("jax_enable_x64", True)  # The designer's own tests do the same.
        self._search_space = task.search_space
        self._trials = 0
        self._params: dict[str, Any] = {}
        self._designer = VizierGPBandit.from_problem(_problem(task), seed=seed)
        priors = [self._completed(source) for source in sources]
        self._designer.set_priors([algorithms.CompletedTrials(trials) for trials in priors])

    def suggest(self) -> dict[str, Any]:
        """The designer's suggestion in Optuna's types."""
        (suggestion,) = self._designer.suggest(1)
        given = suggestion.parameters.as_dict()
        self._params = {n: _plain(d, given[n]) for n, d in self._search_space.items()}
        return self._params

    def observe(self, value: float) -> None:
        """Updates the designer."""
        from vizier import algorithms

        self._trials += 1
        done = algorithms.CompletedTrials([self._trial(self._trials, self._params, value)])
        self._designer.update(done, algorithms.ActiveTrials())

    def _completed(self, source: Study) -> list[Any]:
        told = told_rows(self._search_space, source)
        return [self._trial(i, params, value) for i, (params, value) in enumerate(told, start=1)]

    def _trial(self, number: int, params: Mapping[str, Any], value: float) -> Any:
        from vizier import pyvizier

        given = with_step_values(params, self._search_space)
        trial = pyvizier.Trial(parameters=given, id=number)
        return trial.complete(pyvizier.Measurement(metrics={METRIC: value}))


def _problem(task: Task) -> Any:
    from vizier import pyvizier

    problem = pyvizier.ProblemStatement()
    goal = pyvizier.ObjectiveMetricGoal
    problem.metric_information.append(
        pyvizier.MetricInformation(
            METRIC, goal=goal.MINIMIZE if task.direction == "minimize" else goal.MAXIMIZE
        )
    )
    for name, distribution in task.search_space.items():
        _add_parameter(problem.search_space.root, name, distribution)
    return problem


def _add_parameter(root: Any, name: str, distribution: BaseDistribution) -> None:
    from vizier.pyvizier import ScaleType

    if isinstance(distribution, CategoricalDistribution):
        root.add_categorical_param(name, [str(c) for c in distribution.choices])
        return
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        root.add_discrete_param(name, step_values(distribution))
        return
    if not isinstance(distribution, FloatDistribution | IntDistribution):
        raise TypeError(f"Unknown distribution: {distribution!r}.")
    scale = ScaleType.LOG if distribution.log else ScaleType.LINEAR
    add = root.add_int_param if isinstance(distribution, IntDistribution) else root.add_float_param
    add(name, distribution.low, distribution.high, scale_type=scale)


def _plain(distribution: BaseDistribution, value: Any) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[[str(c) for c in distribution.choices].index(value)]
    return int(value) if isinstance(distribution, IntDistribution) else float(value)


METHOD = Method(
    "vizier",
    "Vizier's GP bandit with priors",
    flat_with_sources(_VizierSession, "the designer has no conditional parameters"),
    needs=("vizier", "jax", "equinox"),
)
