"""A problem with several outputs as several problems with one, larger is better in objectives.

Of several objectives each is modelled with a tail of bad values or without one, whichever explains
the trials and the sources better.

Where trials fail, that they end with a value is one more constraint, which nobody sees but by its
outcome (a hidden constraint; Gelbart et al., 2014: "Bayesian optimization with unknown
constraints").
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optuna_scaleup.model import warp
from optuna_scaleup.suggest.output import Output
from optuna_scaleup.suggest.output import map_studies
from optuna_scaleup.suggest.output import one_output
from optuna_scaleup.suggest.output import with_column
from optuna_scaleup.suggest.output import without_noise
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import ValueKind


_MAX_UNIT_RATIO = 1e30
_MAX_NOISE_VAR = 1e4  # of values divided by the largest of them
_MIN_FAILED = 2


def objective_outputs(problem: Problem) -> list[Output]:
    """Every objective."""
    n_objectives = problem.target.Y.shape[1]
    return [_objective(problem, j) for j in range(n_objectives)]


def ways_to_model(objective: Output) -> tuple[Output, ...]:
    """An objective with a tail of bad values and, where it is one of several, without one."""
    if objective.problem.kind is not ValueKind.TAILED_LEVEL:
        return (objective,)
    untailed = replace(objective.problem, kind=ValueKind.LEVEL)
    return objective, replace(objective, problem=untailed)


def cost_output(problem: Problem) -> Output | None:
    """The logarithm of the cost, if any study has one; larger is dearer.

    So the outcome warp is linear among the dear trials, where costs are spent.
    """

    def log_cost(data: Dataset) -> Dataset:
        return with_column(data, None if data.cost is None else np.log(data.cost))

    one = one_output(problem, "cost", log_cost)
    if not one.target.n_trials and not one.sources:
        return None
    return Output(replace(map_studies(one, without_noise, one.source_keys), scales=None))


def failure_output(problem: Problem) -> Output | None:
    """Whether a trial fails, 0.5, or ends with a value, -0.5, if several have failed.

    A single failure may be an accident. A source without any tells nothing of what may fail. The
    numbers differ by one, which is the unit of a study that has only one of them as well.
    """
    if sum(len(data.failed) for data in (problem.target, *problem.sources)) < _MIN_FAILED:
        return None

    def outcomes(data: Dataset) -> Dataset:
        tells = data is problem.target or len(data.failed)
        n_ended = data.n_trials if tells else 0
        Y = np.repeat([-0.5, 0.5], [n_ended, len(data.failed)])
        return Dataset(np.concatenate([data.X[:n_ended], data.failed]), Y[:, None])

    one = one_output(problem, "failure", outcomes)
    return Output(replace(one, scales=None, X_unused=None, kind=ValueKind.CLASS))


def knows_success(problem: Problem) -> bool:
    """Whether any trial of a study that tells of failures ended with a value."""
    studies = (problem.target, *(source for source in problem.sources if len(source.failed)))
    return any(data.n_trials for data in studies)


def _objective(problem: Problem, j: int) -> Output:
    one = one_output(problem, f"objective {j}", lambda data: with_column(data, data.Y[:, j]))
    if problem.target.Y.shape[1] == 1:  # the worst of one objective may be the price of another
        one = map_studies(one, _without_penalty, one.source_keys)
    else:
        one = replace(one, kind=ValueKind.TAILED_LEVEL)
    return _normalized(map_studies(one, _without_extremes, one.source_keys))


def _without_penalty(data: Dataset) -> Dataset:
    return replace(data, Y=warp.lift_penalty(data.Y[:, 0])[:, None])


def _without_extremes(data: Dataset) -> Dataset:
    """Cuts off values that diverged so far that beside them the others would vanish."""
    with np.errstate(over="ignore"):
        cut = warp.winsorise(data.Y[:, 0])
    if np.abs(data.Y).max(initial=0.0) / _MAX_UNIT_RATIO <= np.abs(cut).max(initial=0.0):
        return data
    return replace(data, Y=cut[:, None])


def _normalized(problem: Problem) -> Output:
    """All studies' values divided by one number, so that no difference overflows.

    The number is the source's, so that a fit of the source outlives new extremes of the target. A
    study of quite another magnitude has another unit and is divided by its own largest value.
    """
    common = _largest((problem.target, *problem.sources)[-1])

    def divisor(data: Dataset) -> float:
        own = _largest(data)
        is_comparable = common / _MAX_UNIT_RATIO < own < common * _MAX_UNIT_RATIO
        return common if is_comparable or not data.n_trials else own

    def divide(data: Dataset) -> Dataset:
        by = divisor(data)
        noise_var = None
        if data.noise_var is not None:
            with np.errstate(over="ignore"):  # of values next to the smallest float
                noise_var = np.minimum(data.noise_var / by / by, _MAX_NOISE_VAR)
        return replace(data, Y=data.Y / by, noise_var=noise_var)

    keys = tuple(
        f"{key}/{divisor(source)!r}"
        for key, source in zip(problem.source_keys, problem.sources, strict=False)
    )
    return Output(map_studies(problem, divide, keys), divisor(problem.target))


def _largest(data: Dataset) -> float:
    """Largest magnitude of a study's values, one where there is none."""
    return float(np.abs(data.Y).max(initial=0.0)) or 1.0
