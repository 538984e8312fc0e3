"""The only file that touches private corners of Optuna, so that a new release breaks one place.

Covers Optuna 4.8 to 5.x. What is private but nearly frozen there: ``Study._storage``,
``Study._get_trials``, ``FrozenTrial._trial_id``, ``BaseDistribution._contains``, the system
attributes of a trial and the key under which an enqueued trial keeps its parameters.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING
from typing import Any

from optuna.distributions import CategoricalDistribution


if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial


# A child of Optuna's root logger: ``optuna.logging.set_verbosity`` governs it.
logger = logging.getLogger("optuna.optuna_scaleup")

# Optuna's own samplers cut JSON at this length, the limit of a value in older RDB schemas.
_MAX_ATTR_LENGTH = 2045
_ATTR_PREFIX = "scaleup"


class Notices:
    """Log lines that are worth saying once."""

    def __init__(self) -> None:
        self._said: set[tuple[str, ...]] = set()

    def once(self, level: int, key: tuple[str, ...], message: str) -> None:
        """Logs ``message`` unless a message with the same ``key`` was logged before."""
        if key not in self._said:
            self._said.add(key)
            logger.log(level, message)


def read_trials(study: Study) -> list[FrozenTrial]:
    """All trials of a study, by number, not to be changed.

    Under :class:`~optuna.pruners.HyperbandPruner` a sampler is handed a study that shows the
    trials of one bracket only. A finished trial is worth the same in each bracket, so this reads
    past that filter.
    """
    return study._get_trials(deepcopy=False)


def is_same_trial(one: FrozenTrial, other: FrozenTrial) -> bool:
    """Whether both were read from the same record of one storage."""
    return (one._trial_id, one.datetime_start) == (other._trial_id, other.datetime_start)


def as_legal(value: Any, distribution: BaseDistribution) -> tuple[Any] | None:
    """The value as ``distribution`` would return it, in a 1-tuple; :obj:`None` if not legal.

    A tuple because :obj:`None` is a legal choice.
    """
    if not isinstance(distribution, CategoricalDistribution) and not is_number(value):
        return None
    try:
        internal = distribution.to_internal_repr(value)
    except ValueError:
        return None
    if not distribution._contains(internal):
        return None
    return (distribution.to_external_repr(internal),)


def is_number(value: Any) -> bool:
    """Whether a parameter value is numeric; :obj:`bool` is a category."""
    return isinstance(value, Real) and not isinstance(value, bool)


def enqueued_params(trial: FrozenTrial) -> Mapping[str, Any]:
    """Parameters that :meth:`~optuna.study.Study.enqueue_trial` decided for this trial."""
    params = trial.system_attrs.get("fixed_params", {})
    return params if isinstance(params, Mapping) else {}


def constraints_of(trial: FrozenTrial) -> dict[str, float]:
    """Constraint values by name, from Optuna 5's property or from the list of Optuna 4."""
    named = getattr(trial, "constraints", None)
    if named is not None:
        return dict(named)
    unnamed = trial.system_attrs.get("constraints") or ()
    return {str(i): value for i, value in enumerate(unnamed)}


def write_attr(study: Study, trial: FrozenTrial, name: str, value: Any) -> None:
    """Stores a small JSON value with a running trial, for every worker to see.

    The first chunk is written last: whoever reads meanwhile finds the whole value or none.
    """
    text = json.dumps(value)
    chunks = [text[i : i + _MAX_ATTR_LENGTH] for i in range(0, len(text), _MAX_ATTR_LENGTH)]
    if _attr_key(name, len(chunks)) in trial.system_attrs:
        chunks.append("")  # ends a value that was longer before
    for i in reversed(range(len(chunks))):
        study._storage.set_trial_system_attr(trial._trial_id, _attr_key(name, i), chunks[i])


def has_attr(trial: FrozenTrial, name: str) -> bool:
    """Whether :func:`write_attr` stored anything under this name."""
    return _attr_key(name, 0) in trial.system_attrs


def read_attr(trial: FrozenTrial, name: str) -> Any:
    """The value that :func:`write_attr` stored; :obj:`None` if there is none.

    Raises:
        ValueError: If what is stored under this name is not what :func:`write_attr` writes.
    """
    chunks: list[str] = []
    while chunk := trial.system_attrs.get(_attr_key(name, len(chunks))):
        if not isinstance(chunk, str):
            raise ValueError(f"The system attribute {_attr_key(name, len(chunks))!r} is no text.")
        chunks.append(chunk)
    return json.loads("".join(chunks)) if chunks else None


def _attr_key(name: str, chunk: int) -> str:
    return f"{_ATTR_PREFIX}:{name}:{chunk}"
