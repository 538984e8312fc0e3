"""What to run next at the large scale, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.interval import Odds
from optuna_scaleup.report.interval import number
from optuna_scaleup.report.tables import html_paragraph
from optuna_scaleup.report.tables import html_table
from optuna_scaleup.report.tables import text_table
from optuna_scaleup.types import MISLEADS
from optuna_scaleup.wording import counted


_HEADER = ("parameter", "recommended", "best between (50 %)", "(90 %)")


@dataclass(frozen=True)
class Extrapolation:
    """How far a recommendation reaches beyond what was tried.

    Attributes:
        ratios: Size of the large study over that of its largest source, by name of the size;
            empty if not known.
        spans: Size of the largest source over that of the smallest one, by name of the size; empty
            if only one source has a known size, which shows no trend.
        outside: Parameters whose recommended value lies outside all values that were tried.
    """

    ratios: Mapping[str, float] = field(default_factory=dict)
    spans: Mapping[str, float] = field(default_factory=dict)
    outside: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join([*(self._growth() or ["sizes not known"]), *self.beyond()])

    def beyond(self) -> list[str]:
        """Which parameters lie outside all values tried, if any does."""
        return [f"outside all values tried: {', '.join(self.outside)}"] if self.outside else []

    def _growth(self) -> list[str]:
        growth = {name: f"{name} × {number(ratio)}" for name, ratio in self.ratios.items()}
        if growth and not self.spans:
            told = "; ".join(growth.values())
            return [f"{told} (one source of known size, which shows no trend)"]
        return [
            f"{told} (the sources span × {number(self.spans[name])})"
            for name, told in growth.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        return {
            "ratios": dict(self.ratios),
            "spans": dict(self.spans),
            "outside": list(self.outside),
        }


@dataclass(frozen=True)
class Recommendation:
    """Parameters to run at the large scale.

    Attributes:
        params: Their values.
        value: What a run with them is expected to return, its noise included; :obj:`None` if no
            trial tells the unit: the large study has none yet, and one of its sources is judged
            the other way. Where all known values are on the worse side of zero, as losses are,
            what the model expects beyond zero counts as zero. A median of zero then says that
            the value may be that good, not that it is, and ``str`` tells the other end alone.
        optimum: Where the best value of each parameter is believed to be: an :class:`Interval`,
            or :class:`Odds` for a categorical parameter.
        extrapolation: How far this reaches beyond what was tried.
        n_trials: Finished trials of the large study that it rests on.
        n_feasible: How many of these broke no constraint; :obj:`None` without constraints.
        source_weights: Weight of every source in use by its label, of many usable ones the three
            largest; the rest, up to one, is the weight of the hypothesis that no source helps. As
            :meth:`~optuna_scaleup.ScaleUpSampler.diagnose` tells them.
        own_share: How much rests on the study's own model, between 0 and 1: more than that weight,
            as sources have to explain the trials better and better to keep their say.
    """

    params: Mapping[str, Any]
    value: Interval | None
    optimum: Mapping[str, Interval | Odds]
    extrapolation: Extrapolation = field(default_factory=Extrapolation)
    n_trials: int = 0
    source_weights: Mapping[str, float] = field(default_factory=dict)
    own_share: float = 1.0
    n_feasible: int | None = None

    def __str__(self) -> str:
        lines = [self._title(), text_table(_HEADER, param_rows(self)), reach(self)]
        return "\n".join(line for line in lines if line)

    def _repr_html_(self) -> str:
        table = html_table(_HEADER, param_rows(self))
        last = html_paragraph(reach(self)) if reach(self) else ""
        return f"<div>{html_paragraph(self._title())}{table}{last}</div>"

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold, if the parameters are."""
        return {
            "params": dict(self.params),
            "value": None if self.value is None else self.value.to_dict(),
            "optimum": {name: o.to_dict() for name, o in self.optimum.items()},
            "extrapolation": self.extrapolation.to_dict(),
            "n_trials": self.n_trials,
            "n_feasible": self.n_feasible,
            "source_weights": dict(self.source_weights),
            "own_share": self.own_share,
        }

    def _title(self) -> str:
        return f"Recommendation from {basis(self)}; expected value (90 %): {expected_value(self)}"


def basis(one: Recommendation) -> str:
    """What it rests on: trials of the large study, sources, or both."""
    if not one.n_trials:
        return "the sources alone"
    broken = " that broke a constraint" if one.n_feasible == 0 else ""
    trials = counted(one.n_trials, "large trial") + broken
    if not one.source_weights:
        return f"{counted(one.n_trials, 'trial')}{broken}, without a source"
    if one.own_share > MISLEADS:
        return f"{trials} alone, as no source counts"
    return f"{trials} and the sources"


def expected_value(one: Recommendation) -> str:
    """The interval of its value, as far as it is known."""
    if one.value is None:
        return "not known, as a source is judged the other way and the large study has no trial"
    return one.value.bound or str(one.value)


def reach(one: Recommendation) -> str:
    """How far it reaches beyond what was tried; without a source there are no sizes to tell."""
    if one.source_weights:
        return f"Extrapolation: {one.extrapolation}"
    return "".join(f"Extrapolation: {text}" for text in one.extrapolation.beyond())


def param_rows(one: Recommendation) -> list[tuple[str, str, str, str]]:
    """Each parameter with its value and the two intervals of the best one, or the odds."""
    rows = []
    for name, value in one.params.items():
        where = one.optimum.get(name)
        if isinstance(where, Interval):
            inner, outer = (
                "{} to {}".format(*map(where.number, ends)) for ends in (where.inner, where.outer)
            )
            rows.append((name, where.number(value), inner, outer))
        else:
            rows.append((name, number(value), "" if where is None else str(where), ""))
    return rows
