"""What users may give the sampler, checked before anything is written."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from numbers import Integral
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study


def entropy_of(seed: Any) -> int:
    """The seed as a non-negative number; one that nobody can guess for :obj:`None`.

    Raises:
        TypeError: If the seed is no whole number.
        ValueError: If it is negative.
    """
    if seed is None:
        return secrets.randbits(128)
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"`seed` is a whole number or None; got {seed!r}.")
    if seed < 0:
        raise ValueError(f"`seed` cannot be negative; got {seed}.")
    return int(seed)


def check_study(study: Any) -> None:
    """Raises TypeError unless this is one study."""
    if not isinstance(study, Study):
        raise TypeError(f"`study` is an Optuna study, one; got a {type(study).__name__!r}.")


def check_n_startup_trials(n_startup_trials: Any) -> None:
    """Raises TypeError or ValueError unless this is a number of trials."""
    if isinstance(n_startup_trials, bool) or not isinstance(n_startup_trials, int):
        raise TypeError(f"`n_startup_trials` is a number of trials; got {n_startup_trials!r}.")
    if n_startup_trials < 0:
        raise ValueError(f"`n_startup_trials` cannot be negative; got {n_startup_trials}.")


def check_independent_sampler(sampler: Any) -> None:
    """Raises TypeError unless this is a sampler or None."""
    if sampler is not None and not isinstance(sampler, BaseSampler):
        raise TypeError(
            f"`independent_sampler` is a sampler or None; got a {type(sampler).__name__!r}."
        )


def checked_search_space(search_space: Any) -> dict[str, BaseDistribution] | None:
    """A copy of the user's search space, if there is one.

    Raises:
        TypeError: If it does not map names to distributions.
        ValueError: If it is empty.
    """
    if search_space is None:
        return None
    return checked_distributions(search_space, "Leave it out to let the trials tell.")


def checked_distributions(search_space: Any, way_out: str) -> dict[str, BaseDistribution]:
    """A copy of a search space.

    Args:
        search_space: What the user gave.
        way_out: What an empty one is answered.

    Raises:
        TypeError: If it does not map names to distributions.
        ValueError: If it is empty.
    """
    if not isinstance(search_space, Mapping) or not all(
        isinstance(name, str) and isinstance(distribution, BaseDistribution)
        for name, distribution in search_space.items()
    ):
        raise TypeError(f"`search_space` maps names to distributions; got {search_space!r}.")
    if not search_space:
        raise ValueError(f"`search_space` is empty. {way_out}")
    return dict(search_space)
