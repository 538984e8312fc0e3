"""What a large study learnt about its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final

from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.interval import number
from optuna_scaleup.report.tables import html_paragraph
from optuna_scaleup.report.tables import html_table
from optuna_scaleup.report.tables import text_table
from optuna_scaleup.wording import counted


FEWEST_RANKED: Final = 3
"""Trials of the large study from which on a rank agreement is told."""

_SOURCE_HEADER = ("source", "trials", "weight", "rank agreement (90 %)")
_SHIFT_HEADER = ("source", "parameter", "its best value moved by (90 %)")
_EXPONENT_HEADER = ("parameter", "size", "exponent (90 %)")


@dataclass(frozen=True)
class Shift:
    """How far the best value of a parameter moved from a source to the large study.

    Attributes:
        amount: What the source's best value is multiplied by, or what is added to it.
        is_factor: Whether it is a factor, as for a parameter on a logarithmic scale.
    """

    amount: Interval
    is_factor: bool

    def __str__(self) -> str:
        return f"× {self.amount}" if self.is_factor else str(self.amount)

    def to_dict(self) -> dict[str, Any]:
        return {"amount": self.amount.to_dict(), "is_factor": self.is_factor}


@dataclass(frozen=True)
class SourceReport:
    """What was learnt about one source.

    Attributes:
        label: What log lines call it.
        n_trials: Usable trials.
        scale: Its sizes by name; empty if not known.
        weight: Posterior weight of the hypothesis that this source helps; :obj:`None` if the
            source is not in use.
        rank_agreement: Kendall's rank correlation of what the source, moved, says about each
            large trial without having seen it, and how that turned out; :obj:`None` below three
            trials.
        shifts: By numeric parameter; empty if the source does not count: if next to no weight is
            on it, or more on "no source" than on all of them, or it ranks the wrong way round.
        is_constant: Whether all its values are the same.
        is_empty: Whether no trial has a value that can be used, whatever its parameters: all have
            failed, run still, or were pruned before any was complete.
    """

    label: str
    n_trials: int
    scale: Mapping[str, float] = field(default_factory=dict)
    weight: float | None = None
    rank_agreement: Interval | None = None
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    is_constant: bool = False
    is_empty: bool = False

    @property
    def is_reversed(self) -> bool:
        """Whether it ranks the trials the wrong way round, with 95 % probability."""
        return self.rank_agreement is not None and self.rank_agreement.outer[1] < 0.0

    def to_dict(self) -> dict[str, Any]:
        agreement = self.rank_agreement
        return {
            "label": self.label,
            "n_trials": self.n_trials,
            "scale": dict(self.scale),
            "weight": self.weight,
            "rank_agreement": None if agreement is None else agreement.to_dict(),
            "shifts": {name: shift.to_dict() for name, shift in self.shifts.items()},
            "is_constant": self.is_constant,
            "is_empty": self.is_empty,
        }


@dataclass(frozen=True)
class Calibration:
    """Predictions made before each trial ran, against how it turned out.

    Attributes:
        n_predictions: Finished trials whose value was predicted.
        n_inside: How many outcomes lie in the predicted 90 % interval.
        n_below: How many lie below it.
        coverage: Share inside, with the uncertainty of so few trials.
    """

    n_predictions: int
    n_inside: int
    n_below: int
    coverage: Interval

    def __str__(self) -> str:
        n_above = self.n_predictions - self.n_inside - self.n_below
        return (
            f"{self.n_inside} of {counted(self.n_predictions, 'outcome lies', 'outcomes lie')} in "
            f"the 90 % interval predicted before, {self.n_below} below, {n_above} above"
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "n_predictions": self.n_predictions,
            "n_inside": self.n_inside,
            "n_below": self.n_below,
            "coverage": self.coverage.to_dict(),
        }


@dataclass(frozen=True)
class TransferReport:
    """What a large study learnt about its sources.

    Attributes:
        study: Name of the large study.
        n_trials: Its finished trials.
        sources: Small to large.
        no_source_weight: Posterior weight of the hypothesis that no source helps.
        exponents: By parameter and name of a size: the best value is proportional to
            ``size ** exponent``, by the sources and this study. Empty if sizes are not known.
        calibration: Of the predictions; :obj:`None` if none has an outcome.
        advice: One sentence.
        own_share: How much the next suggestion rests on the study's own model, between 0 and 1.
            From the first trials on sources have to explain the trials better and better to keep
            their say, so this may be much even if the evidence is for a source.
    """

    study: str
    n_trials: int
    sources: tuple[SourceReport, ...]
    no_source_weight: float
    exponents: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict)
    calibration: Calibration | None = None
    advice: str = ""
    own_share: float = 1.0

    def __str__(self) -> str:
        parts = [self._title(), self.advice]
        parts += [text_table(header, rows) for header, rows in self._tables()]
        return "\n".join([*parts, *share_lines(self), self._calibration()])

    def _repr_html_(self) -> str:
        parts = [html_paragraph(self._title()), html_paragraph(self.advice)]
        parts += [html_table(header, rows) for header, rows in self._tables()]
        parts += [html_paragraph(line) for line in (*share_lines(self), self._calibration())]
        return f"<div>{''.join(parts)}</div>"

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "study": self.study,
            "n_trials": self.n_trials,
            "sources": [source.to_dict() for source in self.sources],
            "no_source_weight": self.no_source_weight,
            "own_share": self.own_share,
            "exponents": {
                parameter: {size: interval.to_dict() for size, interval in by_size.items()}
                for parameter, by_size in self.exponents.items()
            },
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            "advice": self.advice,
        }

    def _title(self) -> str:
        return f"Transfer to study {self.study!r} after {counted(self.n_trials, 'trial')}"

    def _calibration(self) -> str:
        return f"Predictions: {self.calibration or 'none has an outcome yet'}."

    def _tables(self) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
        tables: list[tuple[tuple[str, ...], list[tuple[str, ...]]]] = [
            (_SOURCE_HEADER, self._source_rows()),
            (_SHIFT_HEADER, shift_rows(self)),
            (_EXPONENT_HEADER, exponent_rows(self)),
        ]
        return [(header, rows) for header, rows in tables if rows]

    def _source_rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [
            (
                source.label,
                str(source.n_trials),
                "not used" if source.weight is None else f"{source.weight:.2f}",
                _agreement(source, self.n_trials),
            )
            for source in self.sources
        ]
        return [*rows, ("no source", "", number(round(self.no_source_weight, 2)), "")]


def share_lines(report: TransferReport) -> list[str]:
    """What share sources have in what comes next, which is less than their weight by evidence."""
    if not report.sources:
        return []
    own = round(100 * report.own_share)
    shares = f"sources {100 - own} %, the study's own trials alone {own} %"
    return [f"Shares in the next suggestion: {shares}."]


def shift_rows(report: TransferReport) -> list[tuple[str, ...]]:
    """Source, parameter, and how far its best value moved."""
    return [
        (source.label, parameter, str(shift))
        for source in report.sources
        for parameter, shift in source.shifts.items()
    ]


def exponent_rows(report: TransferReport) -> list[tuple[str, ...]]:
    """Parameter, name of a size, and the exponent."""
    return [
        (parameter, size, str(exponent))
        for parameter, by_size in report.exponents.items()
        for size, exponent in by_size.items()
    ]


def _agreement(source: SourceReport, n_trials: int) -> str:
    """How well a source ranks, or why that is not known."""
    if source.rank_agreement is not None:
        return str(source.rank_agreement)
    if source.weight is not None:
        few = n_trials < FEWEST_RANKED
        return "too few large trials" if few else "no differences to rank"
    if source.is_empty:
        return "has no usable trial"
    return "larger sources count" if source.n_trials else "says nothing of these parameters"
