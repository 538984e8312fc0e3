"""A problem with several outputs as several problems with one, larger is better in objectives.

An output is modelled from the rows that have it, with transfer from the sources that have it: a
trial that lacks one output still counts for the others.

A constraint ``c`` enters as ``asinh(c / s)``, ``s`` the study's typical magnitude: close to
linear around the threshold, logarithmic far from it on either side, and zero where ``c`` is. So
one violation by a factor of 1e6 does not drown what decides between feasible and not, and a
constraint in other units is the same constraint. The typical magnitude is a large or a small one,
whichever explains the trials better: where violations span orders of magnitude, the last of them
would be one step in a large unit. Larger is worse here, because the outcome warp is linear among
large values: violations keep their distance from the threshold, and what breaks a constraint by
far is known to break it between its trials as well. Where no study has a value below zero, zero
says only that the constraint holds, not by how much; it is taken to hold by half the typical
magnitude.

Where trials fail, that they end with a value is one more constraint, which nobody sees but by its
outcome (a hidden constraint; Gelbart et al., 2014: "Bayesian optimization with unknown
constraints").
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from optuna_scaleup.model import warp
from optuna_scaleup.model.fitting import MAX_FIT_ROWS
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem


_MAX_UNIT_RATIO = 1e30
_MAX_SQUASHED = 1e150  # asinh squares its argument
_TYPICAL_QUANTILE = 0.9
_SMALL_QUANTILE = 0.2
_MIN_TO_CHOOSE = 6  # trials that tell which magnitude is the typical one
_MIN_SPAN = 100.0  # from the small to the large one, where they differ enough to matter
_MAX_NOISE_VAR = 1e4  # of values divided by the largest of them
_ZERO_MARGIN = 0.5  # typical magnitudes
_MIN_FAILED = 2
_Part = Callable[[Dataset], Dataset]


@dataclass(frozen=True)
class Output:
    """One output of all studies.

    Attributes:
        problem: With ``Y`` of shape ``(n, 1)``, and only the rows and sources that have it.
        unit: What the target's values were divided by.
        log_jacobian: Logarithm of the density of the target's values as they are over that of
            those in ``problem``, so that evidences in several units compare.
    """

    problem: Problem
    unit: float = 1.0
    log_jacobian: float = 0.0


def objective_outputs(problem: Problem) -> list[Output]:
    """Every objective."""
    n_objectives = problem.target.Y.shape[1]
    return [_objective(problem, j) for j in range(n_objectives)]


def constraint_names(problem: Problem) -> list[str]:
    """Every constraint that the target has, or that it may have as it shows nothing yet."""
    studies = [problem.target] if problem.target.n_trials else problem.sources
    return sorted({name for study in studies for name in _finite_constraints(study)})


def constraint_outputs(problem: Problem) -> dict[str, tuple[Output, ...]]:
    """Every constraint in the units that it may have, the most likely one first."""
    return {name: _constraint(problem, name) for name in constraint_names(problem)}


def cost_output(problem: Problem) -> Output | None:
    """The logarithm of the cost, if any study has one; larger is dearer.

    So the outcome warp is linear among the dear trials, where costs are spent.
    """

    def log_cost(data: Dataset) -> Dataset:
        return _with_column(data, None if data.cost is None else np.log(data.cost))

    one = _one_output(problem, "cost", log_cost)
    if not one.target.n_trials and not one.sources:
        return None
    return Output(replace(_map_studies(one, _without_noise, one.source_keys), scales=None))


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

    one = _one_output(problem, "failure", outcomes)
    return Output(replace(one, scales=None, X_unused=None, has_classes=True))


def knows_success(problem: Problem) -> bool:
    """Whether any trial of a study that tells of failures ended with a value."""
    studies = (problem.target, *(source for source in problem.sources if len(source.failed)))
    return any(data.n_trials for data in studies)


def violations(data: Dataset) -> Array:
    """By how much each row breaks its constraints, in their typical magnitudes, shape ``(n,)``."""
    total = np.zeros(data.n_trials)
    for column in data.constraints.values():
        excess = np.maximum(np.where(np.isfinite(column), column, 0.0), 0.0)
        total += excess / _typical_magnitude(column[np.isfinite(column)])
    return total


def observed_feasibility(data: Dataset, names: Sequence[str]) -> Array:
    """Whether rows keep constraints: 1 or 0, ``NaN`` where unknown, ``(n, len(names))``."""
    held = np.full((data.n_trials, len(names)), np.nan)
    for j, name in enumerate(names):
        column = data.constraints.get(name, held[:, j])
        held[:, j] = np.where(np.isnan(column), np.nan, column <= 0.0)
    return held


def _objective(problem: Problem, j: int) -> Output:
    one = _one_output(problem, f"objective {j}", lambda data: _with_column(data, data.Y[:, j]))
    if problem.target.Y.shape[1] == 1:  # the worst of one objective may be the price of another
        one = _map_studies(one, _without_penalty, one.source_keys)
    return _normalized(_map_studies(one, _without_extremes, one.source_keys))


def _without_penalty(data: Dataset) -> Dataset:
    return replace(data, Y=warp.lift_penalty(data.Y[:, 0])[:, None])


def _without_extremes(data: Dataset) -> Dataset:
    """Cuts off values that diverged so far that beside them the others would vanish."""
    with np.errstate(over="ignore"):
        cut = warp.winsorise(data.Y[:, 0])
    if np.abs(data.Y).max(initial=0.0) / _MAX_UNIT_RATIO <= np.abs(cut).max(initial=0.0):
        return data
    return replace(data, Y=cut[:, None])


def _constraint(problem: Problem, name: str) -> tuple[Output, ...]:
    one = _one_output(
        problem, f"constraint {name}", lambda data: _with_column(data, data.constraints.get(name))
    )
    # Noise belongs to objective values, and so does what is believed about the optimum's drift.
    one = replace(_map_studies(one, _without_noise, one.source_keys), scales=None)
    largest = (one.target, *one.sources)[-1].Y
    large, small = (_typical_magnitude(largest, q) for q in (_TYPICAL_QUANTILE, _SMALL_QUANTILE))
    # Evidence is that of all trials only as long as all of them are fitted to.
    is_comparable = _MIN_TO_CHOOSE <= one.target.n_trials <= MAX_FIT_ROWS
    is_open = is_comparable and small <= large / _MIN_SPAN
    return tuple(_squashed(one, scale) for scale in ((large, small) if is_open else (large,)))


def _squashed(one: Problem, scale: float) -> Output:
    """The inverse hyperbolic sine of values over ``scale``."""
    studies = (one.target, *one.sources)
    zero = 0.0 if any((data.Y < 0.0).any() for data in studies) else -_ZERO_MARGIN

    def squash(data: Dataset) -> Dataset:
        with np.errstate(over="ignore"):
            ratio = np.clip(data.Y / scale, -_MAX_SQUASHED, _MAX_SQUASHED)
        return replace(data, Y=np.arcsinh(np.where(data.Y == 0.0, zero, ratio)))

    keys = tuple(f"{key}/{scale!r}/{zero!r}" for key in one.source_keys)
    values = one.target.Y
    measured = values[values != 0.0] if zero else values  # what is cut off has no density
    log_jacobian = -float(np.log(np.hypot(measured, scale)).sum())
    return Output(_map_studies(one, squash, keys), log_jacobian=log_jacobian)


def _finite_constraints(data: Dataset) -> list[str]:
    return [name for name, column in data.constraints.items() if np.isfinite(column).any()]


def _one_output(problem: Problem, name: str, part: _Part) -> Problem:
    """The rows and sources that have an output, which becomes their ``Y``."""
    sources = [part(source) for source in problem.sources]
    kept = [i for i, source in enumerate(sources) if source.n_trials]
    scales = problem.scales
    if scales is not None:
        scales = replace(scales, log_ratios=scales.log_ratios[kept])
    keys = problem.source_keys
    return replace(
        problem,
        target=part(problem.target),
        sources=tuple(sources[i] for i in kept),
        source_keys=tuple(f"{keys[i]}/{name}" for i in kept) if keys else (),
        scales=scales,
    )


def _with_column(data: Dataset, values: Array | None) -> Dataset:
    """The rows that have a value."""
    if values is None:
        values = np.full(data.n_trials, np.nan)
    has = np.isfinite(values)
    noise_var = None if data.noise_var is None else data.noise_var[has]
    return Dataset(data.X[has], values[has, None], noise_var)


def _without_noise(data: Dataset) -> Dataset:
    return replace(data, noise_var=None)


def _map_studies(
    problem: Problem, change: Callable[[Dataset], Dataset], keys: tuple[str, ...]
) -> Problem:
    return replace(
        problem,
        target=change(problem.target),
        sources=tuple(change(source) for source in problem.sources),
        source_keys=keys,
    )


def _typical_magnitude(values: Array, quantile: float = _TYPICAL_QUANTILE) -> float:
    """Upper decile of the magnitudes that are not zero, one where there is none.

    Not their median: trials gather where constraints are close to zero, and the unit would shrink
    with them until all the rest is a step.

    Args:
        values: Of a constraint.
        quantile: Another one than the upper decile.
    """
    magnitudes = np.abs(values[values != 0.0])
    if not len(magnitudes):
        return 1.0
    return float(np.quantile(magnitudes, quantile, method="lower"))


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
    return Output(_map_studies(problem, divide, keys), divisor(problem.target))


def _largest(data: Dataset) -> float:
    """Largest magnitude of a study's values, one where there is none."""
    return float(np.abs(data.Y).max(initial=0.0)) or 1.0
