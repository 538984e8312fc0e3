"""The only file that touches private corners of Optuna, so that a new release breaks one place.

Covers Optuna 4.8 to 5.x. What is private but nearly frozen there: ``Study._storage``,
``Study._study_id``, ``Study._get_trials``, ``FrozenTrial._trial_id``,
``BaseDistribution._contains``, the system attributes of studies and trials and the key under
which an enqueued trial keeps its parameters.
"""

from __future__ import annotations

import json
import logging
import math
import re
import zlib
from collections.abc import Callable
from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.storages._heartbeat import is_heartbeat_enabled
from optuna.study import load_study


if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages._heartbeat import BaseHeartbeat
    from optuna.study import Study
    from optuna.trial import FrozenTrial


# A child of Optuna's root logger: ``optuna.logging.set_verbosity`` governs it.
logger = logging.getLogger("optuna.optuna_scaleup")

# Optuna's own samplers cut JSON at this length, the limit of a value in older RDB schemas.
_MAX_ATTR_LENGTH = 2045
_CONSTRAINTS = "constraints"
_ATTR_PREFIX = "scaleup"
_TAG = re.compile(r"#([0-9a-f]{8})\Z")  # no JSON ends like this


class Notices:
    """Log lines, and other things, that are worth saying once."""

    def __init__(self) -> None:
        self._said: set[tuple[str, ...]] = set()

    def once(self, level: int, key: tuple[str, ...], message: str) -> None:
        """Logs ``message`` unless a message with the same ``key`` was logged before."""
        if not self.is_done(key):
            self.mark_done(key)
            logger.log(level, message)

    def is_done(self, key: tuple[str, ...]) -> bool:
        """Whether this was said, or marked as done."""
        return key in self._said

    def mark_done(self, key: tuple[str, ...]) -> None:
        """Says that ``key`` needs no doing again."""
        self._said.add(key)


def read_trials(study: Study) -> list[FrozenTrial]:
    """All trials of a study, by number, not to be changed.

    Under :class:`~optuna.pruners.HyperbandPruner` a sampler is handed a study that shows the
    trials of one bracket only. A finished trial is worth the same in each bracket, so this reads
    past that filter.
    """
    return study._get_trials(deepcopy=False)


def reread(study: Study, trial: FrozenTrial) -> FrozenTrial:
    """The same trial as the storage has it now."""
    return study._storage.get_trial(trial._trial_id)


def has_lost_heartbeat(study: Study) -> Callable[[FrozenTrial], bool]:
    """Tells trials whose worker has not shown a sign of life for the storage's grace period."""
    storage = study._storage
    if not is_heartbeat_enabled(storage):
        return lambda trial: False
    ids = set(cast("BaseHeartbeat", storage)._get_stale_trial_ids(study._study_id))
    return lambda trial: trial._trial_id in ids


def keeps_heartbeat(study: Study) -> bool:
    """Whether the trials that the study's storage runs show signs of life."""
    return is_heartbeat_enabled(study._storage)


def is_same_trial(one: FrozenTrial, other: FrozenTrial) -> bool:
    """Whether both were read from the same record of one storage."""
    return (one._trial_id, one.datetime_start) == (other._trial_id, other.datetime_start)


def is_same_study(one: Study, other: Study) -> bool:
    """Whether both are one study of one storage, by whatever URL each is reached."""
    if (one.study_name, one._study_id) != (other.study_name, other._study_id):
        return False
    if one._storage is other._storage:
        return True
    try:
        firsts = [*read_trials(one)[:1], *read_trials(other)[:1]]
    except Exception:  # of whatever storage: one that cannot be read is told of when it is used
        return False
    return len(firsts) == 2 and is_same_trial(*firsts)


def as_legal(value: Any, distribution: BaseDistribution) -> tuple[Any] | None:
    """The value as ``distribution`` would return it, in a 1-tuple; :obj:`None` if not legal.

    A tuple because :obj:`None` is a legal choice.
    """
    if not isinstance(distribution, CategoricalDistribution) and not is_number(value):
        return None
    try:
        internal = distribution.to_internal_repr(value)
    except (ValueError, OverflowError):  # of an integer beyond the floats
        return None
    if not distribution._contains(internal):
        return None
    return (distribution.to_external_repr(internal),)


def is_number(value: Any) -> bool:
    """Whether a parameter value is numeric; :obj:`bool` is a category."""
    return isinstance(value, Real) and not isinstance(value, bool)


def as_float(value: Any, origin: int = 0) -> float:
    """A number less ``origin``; ``NaN`` for what is none, infinite for one beyond the floats."""
    try:
        return float(value - origin) if is_number(value) else math.nan
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def enqueued_params(trial: FrozenTrial) -> Mapping[str, Any]:
    """Parameters that :meth:`~optuna.study.Study.enqueue_trial` decided for this trial."""
    params = trial.system_attrs.get("fixed_params", {})
    return params if isinstance(params, Mapping) else {}


def retried_numbers(trial: FrozenTrial) -> list[int]:
    """Numbers of the failed trials that this one repeats, of a storage that retries."""
    numbers = trial.system_attrs.get("retry_history", [])
    return [n for n in numbers if isinstance(n, int)] if isinstance(numbers, list) else []


def constraints_of(trial: FrozenTrial) -> dict[str, float]:
    """The constraints by name; those of Optuna 4 go by their position.

    Optuna 5 reads the same attributes, and fails where another program wrote something else; here
    that is ``NaN``. Whether a constraint is broken counts as one or zero, as it does for Optuna 4.
    """
    unnamed = trial.system_attrs.get(_CONSTRAINTS)
    values = dict(enumerate(unnamed)) if isinstance(unnamed, (list, tuple)) else {}
    named = {
        key.removeprefix(f"{_CONSTRAINTS}:"): value
        for key, value in trial.system_attrs.items()
        if key.startswith(f"{_CONSTRAINTS}:")
    }
    stored = {**{str(i): value for i, value in values.items()}, **named}
    return {
        name: float(value) if isinstance(value, (bool, np.bool_)) else as_float(value)
        for name, value in stored.items()
    }


def write_attr(study: Study, trial: FrozenTrial, name: str, value: Any) -> None:
    """Stores a small JSON value with a running trial, for every worker to see."""
    for key, chunk in _chunks_of(name, value, trial.system_attrs):
        study._storage.set_trial_system_attr(trial._trial_id, key, chunk)


def write_study_attr(study: Study, name: str, value: Any) -> None:
    """Stores a small JSON value with a study; like :func:`write_attr`."""
    for key, chunk in _chunks_of(name, value, study_attrs(study)):
        study._storage.set_study_system_attr(study._study_id, key, chunk)


def read_study_attr(study: Study, name: str) -> Any:
    """The value that :func:`write_study_attr` stored; :obj:`None` if there is none.

    Raises:
        ValueError: If what is stored under this name is not what :func:`write_study_attr` writes.
    """
    return _read_chunks(study_attrs(study), name)


def study_attrs(study: Study) -> Mapping[str, Any]:
    """Everybody's system attributes of a study, read from the storage."""
    attrs: Mapping[str, Any] = study._storage.get_study_system_attrs(study._study_id)
    return attrs


def study_beside(study: Study, name: str) -> Study | None:
    """The study of that name in the same storage; :obj:`None` if there is none."""
    try:
        return load_study(study_name=name, storage=study._storage)
    except KeyError:
        return None


def has_attr(trial: FrozenTrial, name: str) -> bool:
    """Whether :func:`write_attr` stored anything under this name."""
    return _attr_key(name, 0) in trial.system_attrs


def read_attr(trial: FrozenTrial, name: str) -> Any:
    """The value that :func:`write_attr` stored; :obj:`None` if there is none.

    Raises:
        ValueError: If what is stored under this name is not what :func:`write_attr` writes.
    """
    return _read_chunks(trial.system_attrs, name)


def _read_chunks(attrs: Mapping[str, Any], name: str) -> Any:
    chunks: list[str] = []
    while chunk := attrs.get(_attr_key(name, len(chunks))):
        if not isinstance(chunk, str):
            raise ValueError(f"The system attribute {_attr_key(name, len(chunks))!r} is no text.")
        chunks.append(chunk)
    try:
        return json.loads(_untagged("".join(chunks))) if chunks else None
    except RecursionError as error:
        raise ValueError(f"The system attribute {_attr_key(name, 0)!r} is too deep.") from error


def _tagged(text: str) -> str:
    """The text and its checksum, by which chunks of one value are told from those of two."""
    return f"{text}#{zlib.crc32(text.encode()):08x}"


def _untagged(stored: str) -> str:
    """The text before its checksum, if it has one: short values and earlier ones do not.

    Raises:
        ValueError: If the chunks are of several values.
    """
    tag = _TAG.search(stored)
    text = stored[: tag.start()] if tag else stored
    if tag and stored != _tagged(text):
        raise ValueError("The chunks of a system attribute are not of one value.")
    return text


def _chunks_of(name: str, value: Any, present: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Keys and texts to write, in this order.

    The first chunk is written last: whoever reads meanwhile finds all of the new value, or the
    old one, or chunks that do not fit together and raise :exc:`ValueError`.
    """
    text = json.dumps(value)
    text = _tagged(text) if len(text) > _MAX_ATTR_LENGTH else text
    chunks = [text[i : i + _MAX_ATTR_LENGTH] for i in range(0, len(text), _MAX_ATTR_LENGTH)]
    if _attr_key(name, len(chunks)) in present:
        chunks.append("")  # ends a value that was longer before
    return [(_attr_key(name, i), chunk) for i, chunk in reversed(list(enumerate(chunks)))]


def _attr_key(name: str, chunk: int) -> str:
    return f"{_ATTR_PREFIX}:{name}:{chunk}"


class _NoteTarget:
    """What optuna-dashboard needs to know of a trial, which may have ended long ago."""

    def __init__(self, study: Study, trial: FrozenTrial) -> None:
        self.study = study
        self.storage = study._storage
        self._trial_id = trial._trial_id


def note_target(study: Study, trial: FrozenTrial) -> Any:
    """Stands for a trial in optuna-dashboard's ``save_note``, which takes running ones only.

    Making an Optuna trial of it would call the sampler.
    """
    return _NoteTarget(study, trial)
