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
    return checked_whole_number(seed, "seed", "a whole number or None")


def checked_whole_number(given: Any, name: str, what: str, least: int = 0) -> int:
    """A whole number of any type, such as NumPy's, as Python's; :obj:`bool` is none.

    Args:
        given: What the user gave.
        name: Of the argument.
        what: What it should be.
        least: The least that it may be.

    Raises:
        TypeError: If it is no whole number.
        ValueError: If it is too small.
    """
    if isinstance(given, bool) or not isinstance(given, Integral):
        raise TypeError(f"`{name}` is {what}; got {given!r}.")
    if given < least:
        bound = f"is at least {least}" if least else "cannot be negative"
        raise ValueError(f"`{name}` {bound}; got {given}.")
    return int(given)


def check_study(study: Any) -> None:
    """Raises TypeError unless this is one study."""
    if not isinstance(study, Study):
        raise TypeError(f"`study` is an Optuna study, one; got a {type(study).__name__!r}.")


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
