"""The sources that a study remembers, read again from its storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from optuna_scaleup._optuna import study_beside
from optuna_scaleup.data.lineage import Scale
from optuna_scaleup.data.lineage import SourceRecord
from optuna_scaleup.data.lineage import read_lineage
from optuna_scaleup.data.user_source import Source
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
        missing: Labels of the sources that the storage of the study does not have.
    """

    sources: tuple[Source, ...]
    scale: Scale | None
    drift_prior: str | Mapping[str, Any] | None = None
    missing: tuple[str, ...] = ()


def recall(study: Study, source: Any = None) -> Recalled:
    """The sources of a study.

    Args:
        study: The large study.
        source: As the sampler takes it; :obj:`None` for what the sampler recorded.

    Raises:
        TypeError: If ``source`` is nothing that may be a source.
    """
    lineage = read_lineage(study)
    missing: list[str] = []
    if source is not None:
        sources = as_sources(source)
    else:
        found = [(record.label, _found(study, record)) for record in lineage.sources]
        sources = tuple(one for _, one in found if one is not None)
        missing = [label for label, one in found if one is None]
    if not lineage.scale or not any(one.scale for one in sources):
        return Recalled(sources, None, None, tuple(missing))
    return Recalled(sources, lineage.scale, lineage.drift_prior, tuple(missing))


def _found(study: Study, record: SourceRecord) -> Source | None:
    beside = None if record.study is None else study_beside(study, record.study)
    if beside is None or record.is_transformed:
        return None
    try:
        return Source(beside, scale=record.scale or None, rename=record.rename or None)
    except ValueError:  # its trials changed since
        return None
