"""Which point a slice goes through, in words."""

from __future__ import annotations

from typing import Any

from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.visualization import _plotly as look
from optuna_scaleup.visualization._slices import ParamAxis
from optuna_scaleup.visualization._suggestion import Next


_N_SHOWN = 6  # parameters


def slice_text(shown: Next, space: SearchSpace, *axes: ParamAxis) -> list[str]:
    """One text; none if the axes are all the parameters that there are."""
    names = [axis.name for axis in axes]
    held = {n: v for n, v in space.decode(shown.through(*axes)).items() if n not in names}
    if not held:
        return []
    if not shown.suggests(*axes):
        what = look.cut(names[0], look.NARROW) if len(names) == 1 else "both"
        where = f"the best trial that has {what}, which the next suggestion has not"
        return [f"slice through {where}: {_listed(held)}"]
    fixed = {name: value for name, value in held.items() if name in shown.fixed}
    free = {name: value for name, value in held.items() if name not in fixed}
    told = [f"{_listed(fixed)} (fixed)"] if fixed else []
    if free:
        told.append(f"the next suggestion: {_listed(free)}")
    return [f"slice through {' and '.join(told)}"]


def _listed(held: dict[str, Any]) -> str:
    parts = [
        f"{look.cut(name, look.NARROW)} = {look.cut(look.short(value), look.NARROW)}"
        for name, value in held.items()
    ]
    return ", ".join([*parts[:_N_SHOWN], *["…"] * (len(parts) > _N_SHOWN)])
