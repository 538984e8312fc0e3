"""A source's best configurations as a user would copy them into the target study."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import Study
from optuna.trial import TrialState

from benchmarks.tasks import Task
from benchmarks.tasks.random_params import at_quantile


def best_source_params(
    task: Task, sources: Sequence[Study], n_params: int | None = None
) -> list[dict[str, Any]]:
    """The largest source's distinct configurations, best first, moved into the target's space.

    Parameters that the target lacks, and choices that it does not know, are left out; numbers are
    clipped to the target's range. What the source lacks stays open for the sampler.
    """
    if not sources:
        return []
    trials = sources[-1].get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    trials.sort(key=lambda t: task.sign * t.values[0], reverse=True)
    moved: list[dict[str, Any]] = []
    for trial in trials:
        params = into_space(trial.params, task.search_space)
        if params and params not in moved:
            moved.append(params)
    return moved[:n_params]


def told_rows(
    search_space: Mapping[str, BaseDistribution], source: Study
) -> list[tuple[dict[str, Any], float]]:
    """A source's complete trials as complete configurations of a space, with their raw values.

    A trial that failed has no value: told with any number, it would be a good one or a bad one.
    """
    done = source.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [(complete(t.params, search_space), float(t.values[0])) for t in done]


def first_params(task: Task, sources: Sequence[Study]) -> dict[str, Any]:
    """The largest source's best configuration as a complete one of the target.

    Raises:
        IndexError: If no source has a finished trial.
    """
    return complete(best_source_params(task, sources, 1)[0], task.search_space)


def complete(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """``params`` moved into the space, with the middle of what they do not know."""
    moved = into_space(params, search_space)
    return {n: moved.get(n, at_quantile(d, 0.5)) for n, d in search_space.items()}


def into_space(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """The part of ``params`` that the space knows, numbers clipped to its ranges."""
    moved: dict[str, Any] = {}
    for name, value in params.items():
        distribution = search_space.get(name)
        if isinstance(distribution, FloatDistribution | IntDistribution):
            moved[name] = min(max(value, distribution.low), distribution.high)
        elif isinstance(distribution, CategoricalDistribution) and value in distribution.choices:
            moved[name] = value
    return moved
