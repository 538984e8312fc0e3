"""What is told of the trials of a study: how many are used, and what they cannot say."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

import numpy as np

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import is_number
from optuna_scaleup.data.encoding import CategoricalEncoding
from optuna_scaleup.data.labels import listed
from optuna_scaleup.data.labels import short_repr
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.space import is_known
from optuna_scaleup.types import Dataset
from optuna_scaleup.wording import all_the_same
from optuna_scaleup.wording import counted


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


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


def tell_foreign(
    label: str,
    names: Sequence[str],
    trials: Sequence[FrozenTrial],
    space: SearchSpace,
    notices: Notices,
) -> None:
    """Warns of parameters that a source has in another range only, of each of them once.

    Args:
        label: Of the source.
        names: Of the parameters.
        trials: The source's.
        space: The target's parameters.
        notices: What was told before.
    """
    new = [name for name in names if not notices.is_done(("foreign", label, name))]
    if new:
        told = ", ".join(
            f"{name!r} ({_found(trials, name)}; {_wanted(space, name)})" for name in new
        )
        message = (
            f"The {label} has no value that the study may take of {told}, so it says nothing of "
            "that. If it has another unit: `Source(..., transform=...)`."
        )
        notices.once(logging.WARNING, ("foreign", label, *new), message)
    for name in new:
        notices.mark_done(("foreign", label, name))


def _found(trials: Sequence[FrozenTrial], name: str) -> str:
    values = [t.params[name] for t in trials if t.state.is_finished() and name in t.params]
    if all(map(is_number, values)):
        ends = sorted({min(values), max(values)})
        return f"it has {' to '.join(map(_number, ends))}"
    return f"it has {listed(values)}"


def _wanted(space: SearchSpace, name: str) -> str:
    encoding = space.encodings[space.names.index(name)]
    if name in space.held:
        return f"the study {short_repr(space.held[name])}"
    if isinstance(encoding, CategoricalEncoding):
        return f"the study {listed(encoding.distribution.choices)}"
    return f"the study {_number(encoding.decode(0.0))} to {_number(encoding.decode(1.0))}"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else short_repr(value)


def tell_unshared(label: str, notices: Notices) -> None:
    """Warns of a source that has none of the parameters."""
    message = (
        f"The {label} has no value that a parameter of the study may take; not used. "
        "Other names and units: `Source(..., rename=..., transform=...)`."
    )
    notices.once(logging.WARNING, ("nothing shared", label), message)


def left_out_names(source: Sequence[FrozenTrial], target: Sequence[FrozenTrial]) -> list[str]:
    """Parameters that every trial of a source has a choice of, and no trial of the target has.

    None before the target shows what it has. What only some trials of the source have belongs to
    a branch, which the target may yet take.
    """
    finished = [trial for trial in source if trial.state.is_finished() and trial.distributions]
    if not finished or not is_known(target):
        return []
    common = set.intersection(*(set(trial.distributions) for trial in finished))
    own = {name for trial in target for name in trial.distributions}
    last = finished[-1].distributions
    return sorted(name for name in common - own if not last[name].single())


def tell_left_out(label: str, names: Sequence[str], notices: Notices) -> None:
    """Tells of parameters that blur what a source says."""
    if names:
        named = ", ".join(map(repr, names))
        message = (
            f"The {label} varied {named}, which the study does not ask for: trials at all values "
            "of that are read as if they were alike. Where the study holds one value, let it ask "
            "for that, as in `trial.suggest_int('batch_size', 256, 256)`."
        )
        notices.once(logging.INFO, ("left out", label, *names), message)


def is_constant(dataset: Dataset) -> bool:
    """Whether several trials have one value, so that nothing tells which are good."""
    return dataset.n_trials > 1 and bool(np.all(dataset.Y[0] == dataset.Y))


def tell_constant(label: str, dataset: Dataset, notices: Notices) -> None:
    """Warns of a source whose values do not differ."""
    if is_constant(dataset):
        message = all_the_same(dataset.n_trials, f"the {label}")
        notices.once(logging.WARNING, ("constant", label), message)


def tell_use(
    label: str, dataset: Dataset, kinds: Counter[str], notices: Notices, is_source: bool = False
) -> None:
    """Tells how many trials of a study are used, and what becomes of special ones.

    Args:
        label: Of the study.
        dataset: Its trials.
        kinds: How many of them are special, by kind.
        notices: What was told before.
        is_source: Whether somebody counts on it: a source of which nothing is used is a warning.
    """
    used = f"Using {counted(dataset.n_trials, 'finished trial')} of the {label}"
    told = "; ".join([used, *(f"{n} {kind}" for kind, n in sorted(kinds.items()))])
    if is_source and not dataset.n_trials:
        notices.once(logging.WARNING, ("use nothing", label), f"{told}, so it says nothing.")
        return
    # In parentheses stands an example, which may be another one each time.
    known = sorted(kind.partition(" (")[0] for kind in kinds)
    key = ("use" if dataset.n_trials else "use nothing", label, *known)
    is_free = dataset.cost is not None and dataset.n_trials and np.isnan(dataset.cost).all()
    level = logging.WARNING if is_free else logging.INFO  # `cost` has no say
    notices.once(level, key, f"{told}.")
