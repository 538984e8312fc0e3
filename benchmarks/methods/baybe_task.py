"""BayBE (``baybe`` 0.15) with a task parameter: source rows as measurements of other tasks.

Its default Bayesian recommender. It has no log scale, so numbers are given as places on their own
scale: set points where the whole space is a small grid, continuous otherwise and rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import flat_with_sources
from benchmarks.methods.source_params import told_rows
from benchmarks.methods.unit_cube import MAX_GRID_ROWS
from benchmarks.methods.unit_cube import levels_of
from benchmarks.methods.unit_cube import n_configurations
from benchmarks.methods.unit_cube import place_of
from benchmarks.methods.unit_cube import value_at
from benchmarks.tasks import Task


STUDY, TARGET, VALUE = "_study", "target", "_value"


class _BaybeSession:
    """A campaign that starts with the sources' measurements."""

    def __init__(self, task: Task, sources: Sequence[Study], seed: int) -> None:
        from baybe import Campaign
        from baybe.objectives import SingleTargetObjective
        from baybe.parameters import TaskParameter
        from baybe.recommenders import BotorchRecommender
        from baybe.searchspace import SearchSpace
        from baybe.targets import NumericalTarget

        self._task = task
        self._seed = seed
        self._row: dict[str, Any] = {}
        self._n_trials = 0
        studies = [TARGET, *(f"source {i}" for i in range(len(sources)))]
        is_grid = (n_configurations(task.search_space) or MAX_GRID_ROWS + 1) <= MAX_GRID_ROWS
        parameters = [_parameter(n, d, is_grid) for n, d in task.search_space.items()]
        parameters.append(TaskParameter(STUDY, studies, active_values=[TARGET]))
        target = NumericalTarget(VALUE, minimize=task.direction == "minimize")
        self._campaign = Campaign(
            SearchSpace.from_product(parameters),
            SingleTargetObjective(target),
            BotorchRecommender(),
        )
        for study, source in zip(studies[1:], sources, strict=True):
            told = told_rows(task.search_space, source)
            self._add([{**self._to_row(p), STUDY: study, VALUE: v} for p, v in told])

    def suggest(self) -> dict[str, Any]:
        """The campaign's recommendation; the sources stand in for initial random points."""
        from baybe.settings import Settings

        with Settings(random_seed=(self._seed + self._n_trials) % 2**32):
            recommended = self._campaign.recommend(batch_size=1)
        self._row = recommended.iloc[0].to_dict()
        self._n_trials += 1
        return {n: self._from_cell(d, n) for n, d in self._task.search_space.items()}

    def observe(self, value: float) -> None:
        """Adds a measurement of the target."""
        self._add([{**self._row, VALUE: value}])

    def _add(self, rows: list[dict[str, Any]]) -> None:
        import pandas as pd

        self._campaign.add_measurements(pd.DataFrame(rows))

    def _to_row(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {n: _to_cell(d, params[n]) for n, d in self._task.search_space.items()}

    def _from_cell(self, distribution: BaseDistribution, name: str) -> Any:
        cell = self._row[name]
        if isinstance(distribution, CategoricalDistribution):
            return distribution.choices[[str(c) for c in distribution.choices].index(cell)]
        return value_at(distribution, float(cell))


def _to_cell(distribution: BaseDistribution, value: Any) -> str | float:
    if isinstance(distribution, CategoricalDistribution):
        return str(value)
    return place_of(distribution, value)


def _parameter(name: str, distribution: BaseDistribution, is_grid: bool) -> Any:
    from baybe.parameters import CategoricalParameter
    from baybe.parameters import NumericalContinuousParameter
    from baybe.parameters import NumericalDiscreteParameter

    if isinstance(distribution, CategoricalDistribution):
        return CategoricalParameter(name, [str(c) for c in distribution.choices])
    if is_grid:
        places = [place_of(distribution, level) for level in levels_of(distribution) or ()]
        return NumericalDiscreteParameter(name, places)
    return NumericalContinuousParameter(name, (0.0, 1.0))


METHOD = Method(
    "baybe",
    "BayBE with a task parameter",
    flat_with_sources(_BaybeSession, "conditional parameters are not translated"),
    needs=("baybe",),
)
