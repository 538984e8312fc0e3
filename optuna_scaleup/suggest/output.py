"""One output of all studies as a problem of its own: what outputs of any kind share.

An output is modelled from the rows that have it, with transfer from the sources that have it: a
trial that lacks one output still counts for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem


Part = Callable[[Dataset], Dataset]


@dataclass(frozen=True)
class Output:
    """One output of all studies.

    Attributes:
        problem: With ``Y`` of shape ``(n, 1)``, and only the rows and sources that have it.
        unit: What the target's values were divided by.
        log_jacobian: Logarithm of the density of the target's values as they are over that of
            those in ``problem``, so that evidences in several units compare.
        log_prior: What is believed of it before any trial of the target, beside other ways to
            model the same output.
    """

    problem: Problem
    unit: float = 1.0
    log_jacobian: float = 0.0
    log_prior: float = 0.0


def one_output(problem: Problem, name: str, part: Part) -> Problem:
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


def with_column(data: Dataset, values: Array | None) -> Dataset:
    """The rows that have a value."""
    if values is None:
        values = np.full(data.n_trials, np.nan)
    has = np.isfinite(values)
    noise_var = None if data.noise_var is None else data.noise_var[has]
    return Dataset(data.X[has], values[has, None], noise_var)


def without_noise(data: Dataset) -> Dataset:
    return replace(data, noise_var=None)


def map_studies(
    problem: Problem, change: Callable[[Dataset], Dataset], keys: tuple[str, ...]
) -> Problem:
    return replace(
        problem,
        target=change(problem.target),
        sources=tuple(change(source) for source in problem.sources),
        source_keys=keys,
    )
