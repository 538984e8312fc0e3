"""The sources that a study remembers, read again from its storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from optuna_scaleup._optuna import logger
from optuna_scaleup._optuna import read_trials
from optuna_scaleup._optuna import study_beside
from optuna_scaleup.data.drift_prior import checked_prior
from optuna_scaleup.data.lineage import SourceRecord
from optuna_scaleup.data.lineage import has_trial_from
from optuna_scaleup.data.lineage import read_lineage
from optuna_scaleup.data.sizes import Scale
from optuna_scaleup.data.translation import Translation
from optuna_scaleup.data.user_source import Source
from optuna_scaleup.data.user_source import SourcesLike
from optuna_scaleup.data.user_source import as_sources


if TYPE_CHECKING:
    from optuna.study import Study


@dataclass(frozen=True)
class Recalled:
    """What is known of a study's sources in a process that did not make it.

    Attributes:
        sources: Small to large.
        scale: How large the study is; :obj:`None` if not known, or if no source has a scale.
        drift_prior: What the user said about drift, if sizes are known.
        missing: Label of each source that cannot be read as it was given, and why.
    """

    sources: tuple[Source, ...]
    scale: Scale | None
    drift_prior: str | Mapping[str, Any] | None = None
    missing: tuple[str, ...] = ()


def recall(study: Study, source: SourcesLike | None = None) -> Recalled:
    """The sources of a study.

    Args:
        study: The large study.
        source: As the sampler takes it; :obj:`None` for what the sampler recorded. A study that
            is named without a size, or without other names, has those that were recorded.

    Raises:
        TypeError: If ``source`` is nothing that may be a source.
    """
    lineage = read_lineage(study)
    if source is None:
        found = [_found(study, record) for record in lineage.sources]
    else:
        by_name = {record.study: record for record in lineage.sources}
        found = [_completed(one, by_name.get(one.label)) for one in as_sources(source)]
    sources = tuple(one for one in found if isinstance(one, Source))
    missing = tuple(reason for reason in found if isinstance(reason, str))
    if not lineage.scale or not any(one.scale for one in sources):
        return Recalled(sources, None, None, missing)
    prior = _usable_prior(lineage.drift_prior, lineage.scale)
    return Recalled(sources, lineage.scale, prior, missing)


def _usable_prior(
    drift_prior: str | Mapping[str, Any] | None, scale: Scale
) -> str | Mapping[str, Any] | None:
    """What was recorded, if this version takes it; a later one may know more presets."""
    try:
        checked_prior(drift_prior, sorted(scale))
    except (TypeError, ValueError) as error:
        logger.warning(f"The recorded drift prior is left out. {error}")
        return None
    return drift_prior


def _found(study: Study, record: SourceRecord) -> Source | str:
    """The source, or which one it is and why it cannot be read."""
    if record.study is None:
        return f"{record.label!r} (not a study of this storage)"
    if record.is_transformed:
        return _untransformed(record)
    beside = study_beside(study, record.study)
    if beside is None:
        return f"{record.label!r} (not in this storage any more)"
    if not has_trial_from(read_trials(beside), record.started):
        return f"{record.label!r} (another study has its name in this storage)"
    try:
        return Source(beside, scale=record.scale or None, rename=record.rename or None)
    except ValueError:
        return f"{record.label!r} (its parameters have changed since)"


def _untransformed(record: SourceRecord) -> str:
    return f"{record.label!r} (its `transform` is a function, which no storage holds)"


def _completed(source: Source, record: SourceRecord | None) -> Source | str:
    """A study with what was recorded of it, but for what is said of it anew."""
    if record is None or source.study is None or source.translation != Translation():
        return source
    if record.is_transformed:
        return _untransformed(record)
    try:
        return Source(
            source.study, scale=source.scale or record.scale or None, rename=record.rename or None
        )
    except ValueError:  # its parameters have changed since
        return source
