"""Where a large study came from: its sources, kept with the study in the storage.

Names only, no URL: a source is found again if it lies in the storage of the large study.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from optuna_scaleup._optuna import read_study_attr
from optuna_scaleup._optuna import write_study_attr
from optuna_scaleup.data.liveness import elapsed
from optuna_scaleup.data.sizes import Scale
from optuna_scaleup.data.sizes import checked_scale


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


_ATTR_NAME: Final = "sources"
_ROUNDING: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class SourceRecord:
    """One source as the sampler was given it.

    Attributes:
        label: What log lines and figures call it.
        study: Its name in the large study's storage; :obj:`None` if it is not there.
        scale: How large it is, by name of the size; empty if not known.
        rename: Its parameters' names in the large study, where they differ.
        is_transformed: Whether a function of the user changed its parameters, which no storage
            can hold.
        started: When its first finished trial began, in ISO 8601, which tells it from another
            study of that name; :obj:`None` if it is not there, or nobody knows.
    """

    label: str
    study: str | None = None
    scale: Scale = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    is_transformed: bool = False
    started: str | None = None


@dataclass(frozen=True)
class Lineage:
    """All sources of a study.

    Attributes:
        sources: Small to large.
        scale: How large the study is, by name of the size; empty if not known.
        drift_prior: What the user said about drift: a preset, or exponents as JSON holds them.
    """

    sources: tuple[SourceRecord, ...] = ()
    scale: Scale = field(default_factory=dict)
    drift_prior: str | Mapping[str, Any] | None = None


def write_lineage(study: Study, lineage: Lineage) -> None:
    """Stores the sources with the study, unless the same are stored already."""
    record = {
        "scale": dict(lineage.scale),
        "drift_prior": lineage.drift_prior,
        "sources": [
            {name: value for name, value in asdict(source).items() if value}
            for source in lineage.sources
        ],
    }
    try:
        is_known = read_study_attr(study, _ATTR_NAME) == record
    except ValueError:
        is_known = False
    if not is_known:
        write_study_attr(study, _ATTR_NAME, record)


def read_lineage(study: Study) -> Lineage:
    """The sources of a study; none if none are recorded or the record cannot be read."""
    try:
        stored = read_study_attr(study, _ATTR_NAME)
    except ValueError:
        return Lineage()
    if not isinstance(stored, Mapping) or not isinstance(stored.get("sources"), Sequence):
        return Lineage()
    records = [_record(i, s) for i, s in enumerate(stored["sources"]) if isinstance(s, Mapping)]
    prior = stored.get("drift_prior")
    prior = prior if isinstance(prior, (str, Mapping)) else None
    return Lineage(tuple(records), _scale(stored.get("scale")), prior)


def _record(index: int, stored: Mapping[str, Any]) -> SourceRecord:
    label, study, rename = stored.get("label"), stored.get("study"), stored.get("rename")
    pairs = rename.items() if isinstance(rename, Mapping) else ()
    return SourceRecord(
        label=label if isinstance(label, str) else f"source {index}",
        study=study if isinstance(study, str) else None,
        scale=_scale(stored.get("scale")),
        rename={old: new for old, new in pairs if isinstance(old, str) and isinstance(new, str)},
        is_transformed=stored.get("is_transformed") is True,
        started=started if isinstance(started := stored.get("started"), str) else None,
    )


def _scale(stored: Any) -> dict[str, float]:
    """Sizes by name; none if not all of them are sizes."""
    try:
        return checked_scale(stored, "a record")
    except (TypeError, ValueError):
        return {}


def start_of(trials: Sequence[FrozenTrial]) -> str | None:
    """When the first finished trial began, in ISO 8601; :obj:`None` if nobody knows."""
    known = (t.datetime_start for t in trials if t.state.is_finished() and t.datetime_start)
    start = next(known, None)
    return None if start is None else start.isoformat()


def has_trial_from(trials: Sequence[FrozenTrial], started: str | None) -> bool:
    """Whether a trial began then, but for the fractions of a second that some storages drop."""
    try:
        start = None if started is None else datetime.fromisoformat(started)
    except ValueError:
        start = None
    if start is None:
        return True  # a record of an earlier version, or of a study without a finished trial
    starts = [t.datetime_start for t in trials if t.datetime_start]
    return any(abs(elapsed(start, other)) <= _ROUNDING for other in starts)
