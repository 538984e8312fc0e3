"""What is told of the trials of a study: how many are used, and what they cannot say."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import numpy as np

from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.types import Dataset


def foreign_names(before: Dataset, after: Dataset, space: SearchSpace) -> list[str]:
    """Parameters that a source has, but never with a value that the target may take.

    Args:
        before: Its trials.
        after: The same without ranges that are not the target's.
        space: The target's parameters.
    """
    has_any = ~np.isnan(before.X).all(axis=0)
    if before.is_foreign is not None:
        has_any |= before.is_foreign.any(axis=0)
    is_lost = has_any & np.isnan(after.X).all(axis=0)
    return [space.names[j] for j in np.flatnonzero(is_lost)]


def tell_foreign(notices: Notices, label: str, names: Sequence[str]) -> None:
    """Warns of parameters that a source has in another range only."""
    if names:
        named = ", ".join(map(repr, names))
        message = (
            f"The {label} has no value of {named} that the study may take, so it says nothing of "
            "that. If it has another unit: `Source(..., transform=...)`."
        )
        notices.once(logging.WARNING, ("foreign", label, *names), message)


def tell_constant(notices: Notices, label: str, dataset: Dataset) -> None:
    """Warns of a source whose values do not differ."""
    if dataset.n_trials > 1 and np.all(dataset.Y[0] == dataset.Y):
        message = (
            f"All {dataset.n_trials} values of the {label} are the same, so it does not tell what "
            "is good: is its objective what it should be?"
        )
        notices.once(logging.WARNING, ("constant", label), message)


def tell_use(notices: Notices, label: str, dataset: Dataset, kinds: Counter[str]) -> None:
    """Tells how many trials of a study are used, and what becomes of special ones."""
    used = f"Using {dataset.n_trials} finished trials of the {label}"
    told = "; ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    key = ("use" if dataset.n_trials else "use nothing", label, *sorted(kinds))
    is_free = dataset.cost is not None and dataset.n_trials and np.isnan(dataset.cost).all()
    level = logging.WARNING if is_free else logging.INFO  # `cost` has no say
    notices.once(level, key, f"{used}; {told}." if told else f"{used}.")
