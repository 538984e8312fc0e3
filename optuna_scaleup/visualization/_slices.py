"""Points along one or two parameters, the others held, and their axes in a figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optuna_scaleup.data.encoding import CategoricalEncoding
from optuna_scaleup.data.encoding import Encoding
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.report.interval import choice_text
from optuna_scaleup.types import Array
from optuna_scaleup.visualization import _plotly as look


@dataclass(frozen=True)
class ParamAxis:
    """One parameter as the axis of a figure.

    Attributes:
        name: Of the parameter.
        index: Its column in the search space.
        encoding: Its coordinates.
        coordinates: Where the model is evaluated, shape ``(n,)``, ascending.
    """

    name: str
    index: int
    encoding: Encoding
    coordinates: Array

    @classmethod
    def of(cls, space: SearchSpace, name: str, n_points: int) -> ParamAxis:
        """The axis of a parameter of ``space``, with up to ``n_points`` of its values."""
        index = space.names.index(name)
        axis = space.unit.axes[index]
        coordinates = axis.grid
        if coordinates is None or (len(coordinates) > n_points and not axis.is_categorical):
            coordinates = np.unique(axis.snap(np.linspace(0.0, 1.0, n_points)))
        return cls(name, index, space.encodings[index], coordinates)

    @property
    def is_categorical(self) -> bool:
        return isinstance(self.encoding, CategoricalEncoding)

    @property
    def positions(self) -> list[float]:
        """Where the coordinates are on the figure's axis."""
        return [self.position(float(u)) for u in self.coordinates]

    def position(self, coordinate: float) -> float:
        """The value at a coordinate; of a choice, its index."""
        return coordinate if self.is_categorical else float(self.encoding.decode(coordinate))

    def options(self) -> dict[str, Any]:
        """Title, type, range and ticks of the figure's axis."""
        options: dict[str, Any] = {"title": {"text": look.shortened(self.name, look.WIDE)}}
        if isinstance(self.encoding, CategoricalEncoding):
            texts = map(choice_text, self.encoding.distribution.choices)
            choices = look.shortened_together(list(texts))
            ticks = {"tickvals": list(range(len(choices))), "ticktext": choices}
            return {**options, **ticks, "range": [-0.5, len(choices) - 0.5]}
        low, high = self.encoding.bounds
        is_log = self.encoding.is_log
        edges = [math.log10(low), math.log10(high)] if is_log else [float(low), float(high)]
        pad = 0.03 * (edges[1] - edges[0])
        options["range"] = [edges[0] - pad, edges[1] + pad]
        if is_log:
            return {**options, **look.log_ticks(*edges)}
        return {**options, "type": "linear"}


def along(axis: ParamAxis, at: Array) -> Array:
    """Points that differ from ``at``, shape ``(d,)``, in one parameter; shape ``(n, d)``."""
    points = np.tile(at, (len(axis.coordinates), 1))
    points[:, axis.index] = axis.coordinates
    return points


def across(x: ParamAxis, y: ParamAxis, at: Array) -> Array:
    """A mesh in two parameters around ``at``, shape ``(n_y * n_x, d)``, row by row."""
    n_x, n_y = len(x.coordinates), len(y.coordinates)
    points = np.tile(at, (n_x * n_y, 1))
    points[:, x.index] = np.tile(x.coordinates, n_y)
    points[:, y.index] = np.repeat(y.coordinates, n_x)
    return points
