"""One sentence that says what to do about the sources of a study."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Final

from optuna_scaleup.report.transfer import SourceReport
from optuna_scaleup.report.transfer import TransferReport
from optuna_scaleup.types import MISLEADS
from optuna_scaleup.wording import all_the_same


_LITTLE: Final = 0.05
_ENOUGH_PREDICTIONS: Final = 5
_SLIGHT_AGREEMENT: Final = 0.2
# A weight speaks for a source where "no source" is left a twentieth of its prior of 0.2. After
# five trials, sources of pure noise had up to 0.98 in 13 runs, sources that help 0.99 or more.
_RULED_OUT: Final = 0.01
_ENOUGH_FOR_WEIGHTS: Final = 5  # trials
_OWN_SAY_MORE: Final = (
    "The study's own trials say more than any source does: it goes on mostly by them."
)


def advice(report: TransferReport, ignored_since: int | None, recorded: Sequence[str] = ()) -> str:
    """What a reader should know first.

    Args:
        report: Without its advice.
        ignored_since: Number of the trial from which on the sources are ignored, if they are.
        recorded: Names of the sources that the study remembers.
    """
    if not report.sources and recorded:
        named = ", ".join(map(repr, recorded))
        return f"Nothing is said of {named}, which the study last learnt from: not given here."
    if not report.sources:
        return "The study has no source: it is on its own."
    in_use = [source for source in report.sources if source.weight is not None]
    if not in_use:
        return "No source has a usable trial with any of the parameters: the study is on its own."
    flat = next((source for source in in_use if source.is_constant), None)
    if flat is not None:
        return all_the_same(flat.n_trials, f"source {flat.label!r}")
    if not report.n_trials:
        return "No trial of the study has a value yet: nothing tells how good its sources are."
    wrong = next((source for source in in_use if source.is_reversed), None)
    if report.no_source_weight > MISLEADS:
        return _of_those_that_mislead(in_use, wrong, ignored_since)
    if wrong is not None:
        return (
            f"Source {wrong.label!r} ranks the large trials the wrong way round: leave it out, "
            "and check the direction of its study."
        )
    return _of_the_best(report, in_use)


def _of_those_that_mislead(
    in_use: Sequence[SourceReport], wrong: SourceReport | None, ignored_since: int | None
) -> str:
    told = "The source misleads: it is ignored"
    if len(in_use) > 1:
        told = "The sources mislead: they are ignored"
    told = f"{told}." if ignored_since is None else f"{told} since trial {ignored_since}."
    if wrong is None:
        return told
    return (
        f"{told} {wrong.label!r} ranks the large trials the wrong way round: check the direction "
        "of its study."
    )


def _of_the_best(report: TransferReport, in_use: Sequence[SourceReport]) -> str:
    """What to do about sources that neither mislead nor rank the wrong way round."""
    best = max(in_use, key=lambda source: source.weight or 0.0)
    is_shown = _is_shown(report, best)
    if report.no_source_weight > (best.weight or 0.0):
        return _OWN_SAY_MORE
    if report.own_share > MISLEADS:
        if not is_shown:
            return _OWN_SAY_MORE
        return f"Source {best.label!r} told what it knew; the study's own trials say more by now."
    useless = [source.label for source in _dispensable(report, in_use)]
    if useless and is_shown:
        named = ", ".join(map(repr, useless))
        return f"Source {best.label!r} helps most; {named} could be left out."
    calibration = report.calibration
    if (
        calibration is not None
        and calibration.n_predictions >= _ENOUGH_PREDICTIONS
        and calibration.coverage.outer[1] < 0.9
    ):
        return "Outcomes surprise the model more often than they should: trust its intervals less."
    agreement = best.rank_agreement
    if agreement is not None and agreement.median < _SLIGHT_AGREEMENT:
        told = "explains the values best, but hardly tells" if is_shown else "hardly tells so far"
        return f"Source {best.label!r} {told} which large trials are the better ones: watch it."
    if is_shown:
        return f"Source {best.label!r} helps most: go on with it."
    told = f"{report.n_trials} trials are" if report.n_trials > 1 else "one trial is"
    return (
        f"Nothing speaks against source {best.label!r} so far; {told} too few to tell whether it "
        "helps."
    )


def _dispensable(report: TransferReport, in_use: Sequence[SourceReport]) -> Iterator[SourceReport]:
    """Sources of little weight, but those that tell how the best values move with size."""
    sizes = {tuple(sorted(source.scale.items())) for source in report.sources if source.scale}
    for source in in_use:
        tells_drift = bool(source.scale) and len(sizes) > 1
        if (source.weight or 0.0) < _LITTLE and not tells_drift:
            yield source


def _is_shown(report: TransferReport, best: SourceReport) -> bool:
    """Whether trials, not only what was believed before them, say that the best source helps."""
    agreement = best.rank_agreement
    if agreement is not None and agreement.outer[0] > 0.0:
        return True
    return report.n_trials >= _ENOUGH_FOR_WEIGHTS and report.no_source_weight <= _RULED_OUT
