"""Problems with constraints or several objectives from Optuna's and BoTorch's documentation.

All of them are minimised, feasible where every constraint is zero or less. The related source of a
problem is the problem moved along each axis, in other units and on another level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


Array = np.ndarray
Function = Callable[[Array], tuple[list[float], list[float]]]  # point to objectives, constraints

_SHIFT = 0.06  # widths of the space
_FACTOR = 1.3


@dataclass(frozen=True)
class OutputsTask:
    """A problem on a box.

    Attributes:
        id: What the tables call it.
        low: Lower ends of the parameters, shape ``(d,)``.
        high: Upper ends.
        evaluate: Objectives and constraints of a point in the parameters' units.
        reference: Reference point of the hypervolume; with one objective, a value that is worse
            than any good one.
    """

    id: str
    low: Array
    high: Array
    evaluate: Function
    reference: Array

    @property
    def source(self) -> OutputsTask:
        """The related small problem."""
        signs = np.where(np.arange(len(self.low)) % 2 == 0, 1.0, -1.0)

        def evaluate(x: Array) -> tuple[list[float], list[float]]:
            moved = x + _SHIFT * signs * (self.high - self.low)
            values, constraints = self.evaluate(np.clip(moved, self.low, self.high))
            span = [_FACTOR * v + 0.1 * r for v, r in zip(values, self.reference, strict=True)]
            return span, [_FACTOR * c for c in constraints]

        return OutputsTask(f"{self.id} source", self.low, self.high, evaluate, self.reference)


def _bnh(x: Array) -> tuple[list[float], list[float]]:
    a, b = x
    values = [4.0 * a**2 + 4.0 * b**2, (a - 5.0) ** 2 + (b - 5.0) ** 2]
    return values, [(a - 5.0) ** 2 + b**2 - 25.0, 7.7 - (a - 8.0) ** 2 - (b + 3.0) ** 2]


def _osy(x: Array) -> tuple[list[float], list[float]]:
    first = -25.0 * (x[0] - 2) ** 2 - (x[1] - 2) ** 2 - (x[2] - 1) ** 2 - (x[3] - 4) ** 2
    values = [first - (x[4] - 1) ** 2, float((x**2).sum())]
    held = [
        x[0] + x[1] - 2.0,
        6.0 - x[0] - x[1],
        2.0 - x[1] + x[0],
        2.0 - x[0] + 3.0 * x[1],
        4.0 - (x[2] - 3.0) ** 2 - x[3],
        (x[4] - 3.0) ** 2 + x[5] - 4.0,
    ]
    return values, [-c for c in held]


def _zdt(kind: int) -> Function:
    def evaluate(x: Array) -> tuple[list[float], list[float]]:
        f, g = x[0], 1.0 + 9.0 * x[1:].mean()
        ratio = f / g
        shape = {
            1: 1.0 - np.sqrt(ratio),
            2: 1.0 - ratio**2,
            3: 1.0 - np.sqrt(ratio) - ratio * np.sin(10.0 * np.pi * f),
        }
        return [float(f), float(g * shape[kind])], []

    return evaluate


def _dtlz2(n_objectives: int, constrained: bool) -> Function:
    def evaluate(x: Array) -> tuple[list[float], list[float]]:
        m = n_objectives
        radius = 1.0 + ((x[m - 1 :] - 0.5) ** 2).sum()
        angle = 0.5 * np.pi * x[: m - 1]
        f = np.full(m, radius)
        for i in range(m):
            f[i] *= np.cos(angle[: m - 1 - i]).prod()
            if i > 0:
                f[i] *= np.sin(angle[m - 1 - i])
        return f.tolist(), [_c2(f)] if constrained else []

    return evaluate


def _c2(f: Array, r: float = 0.2) -> float:
    """The constraint of C2-DTLZ2: near an extreme of the front or near its centre."""
    m = len(f)
    extreme = min((f[i] - 1.0) ** 2 + (f**2).sum() - f[i] ** 2 - r**2 for i in range(m))
    centre = ((f - 1.0 / np.sqrt(m)) ** 2).sum() - r**2
    return float(min(extreme, centre))


def _branin_currin(x: Array) -> tuple[list[float], list[float]]:
    a, b = 15.0 * x[0] - 5.0, 15.0 * x[1]
    branin = (b - 5.1 / (4 * np.pi**2) * a**2 + 5 / np.pi * a - 6) ** 2
    branin += 10 * (1 - 1 / (8 * np.pi)) * np.cos(a) + 10
    damped = 1.0 - np.exp(-1.0 / (2.0 * x[1])) if x[1] > 0.0 else 1.0
    top = 2300 * x[0] ** 3 + 1900 * x[0] ** 2 + 2092 * x[0] + 60
    return [branin, damped * top / (100 * x[0] ** 3 + 500 * x[0] ** 2 + 4 * x[0] + 20)], []


def _welded_beam(x: Array) -> tuple[list[float], list[float]]:
    """Cost of a beam for a load of 6,000 lb (Coello, 2000; ``WeldedBeamSO`` of BoTorch)."""
    h, length, t, b = x
    load, span, young, shear = 6000.0, 14.0, 30e6, 12e6
    cost = 1.10471 * h**2 * length + 0.04811 * t * b * (14.0 + length)
    arm = np.sqrt(length**2 / 4.0 + ((h + t) / 2.0) ** 2)
    inertia = 2.0 * (np.sqrt(2.0) * h * length * (length**2 / 12.0 + ((h + t) / 2.0) ** 2))
    tau_1 = load / (np.sqrt(2.0) * h * length)
    tau_2 = load * (span + length / 2.0) * arm / inertia
    tau = np.sqrt(tau_1**2 + tau_1 * tau_2 * length / arm + tau_2**2)
    sigma = 6.0 * load * span / (b * t**2)
    delta = 4.0 * load * span**3 / (young * b * t**3)
    buckling = 4.013 * young * np.sqrt(t**2 * b**6 / 36.0) / span**2
    buckling *= 1.0 - t / (2.0 * span) * np.sqrt(young / (4.0 * shear))
    light = 0.10471 * h**2 + 0.04811 * t * b * (14.0 + length) - 5.0
    constraints = [tau - 13600.0, sigma - 30000.0, h - b, light, delta - 0.25, load - buckling]
    return [cost], constraints


def _task(
    name: str, low: list[float], high: list[float], evaluate: Function, reference: list[float]
) -> OutputsTask:
    return OutputsTask(name, np.array(low), np.array(high), evaluate, np.array(reference))


def _unit_task(name: str, d: int, evaluate: Function, reference: list[float]) -> OutputsTask:
    return _task(name, [0.0] * d, [1.0] * d, evaluate, reference)


OUTPUTS_TASKS = {
    task.id: task
    for task in (
        _task("bnh", [0.0, 0.0], [5.0, 3.0], _bnh, [140.0, 50.0]),
        _task("osy", [0, 0, 1, 0, 1, 0], [10, 10, 5, 6, 5, 10], _osy, [-75.0, 75.0]),
        _unit_task("c2dtlz2", 4, _dtlz2(2, constrained=True), [1.1, 1.1]),
        _unit_task("zdt1", 4, _zdt(1), [11.0, 11.0]),
        _unit_task("zdt2", 4, _zdt(2), [11.0, 11.0]),
        _unit_task("zdt3", 4, _zdt(3), [11.0, 11.0]),
        _unit_task("dtlz2", 5, _dtlz2(3, constrained=False), [1.1, 1.1, 1.1]),
        _unit_task("branin_currin", 2, _branin_currin, [18.0, 6.0]),
        _task("welded_beam", [0.125, 0.1, 0.1, 0.1], [10.0] * 4, _welded_beam, [20.0]),
    )
}
