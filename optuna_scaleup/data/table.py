"""A table of runs, such as a sweep exported from an experiment tracker, as finished trials.

Anything with named columns will do: a data frame of pandas or polars, or a mapping of lists. A
column of Optuna's own states tells which rows are results at all.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import NamedTuple

from optuna import create_trial
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from optuna_scaleup._optuna import as_float
from optuna_scaleup._optuna import as_legal
from optuna_scaleup._optuna import is_number
from optuna_scaleup._optuna import logger
from optuna_scaleup.data.labels import short_repr


_N_NAMED: Final = 5
_DIGITS: Final = 1e-6  # of single precision
_STATE: Final = "state"  # as `Study.trials_dataframe` calls the column


class _Reason(NamedTuple):
    """Why a row cannot be used, with the value that it is for where that tells more."""

    kind: str
    example: str = ""


class _Rows(NamedTuple):
    """Rows that cannot be used for one reason, with the first one's value."""

    example: str
    rows: list[int]


def trials_of_table(
    table: Any, search_space: Mapping[str, BaseDistribution], value: str, label: str
) -> list[FrozenTrial]:
    """One trial for each usable row; the others are counted and named in one log line.

    Complete ones, but for failed ones of a table that Optuna exported: there the value of a
    pruned trial is its last report, which is no result.

    Args:
        table: Has named columns of equal length.
        search_space: The distribution of each parameter, by the name of its column.
        value: Name of the column with the objective's values.
        label: What the log line calls the table.

    Raises:
        TypeError: If the table has no named columns.
        ValueError: If a column is missing, or has no number where numbers are needed.
    """
    columns = {name: _column(table, name) for name in (value, *search_space)}
    states = None if _STATE in columns else _states(table)
    if value in search_space:
        raise ValueError(f"The column {value!r} cannot be both the value and a parameter.")
    for name, column in columns.items():
        if not isinstance(search_space.get(name), CategoricalDistribution):
            _check_numeric(name, column)
    lengths = {name: len(column) for name, column in columns.items()}
    if states is not None:
        lengths[_STATE] = len(states)
    if len(set(lengths.values())) > 1:
        raise ValueError(f"The columns of the table differ in length: {lengths}.")
    trials: list[FrozenTrial] = []
    unusable: dict[str, _Rows] = {}
    for i, row in enumerate(zip(*columns.values(), strict=True)):
        cells = dict(zip(columns, row, strict=True))
        params = {name: _legal(cells[name], d) for name, d in search_space.items()}
        state = TrialState.COMPLETE if states is None else states[i]
        reason = _reason(cells, params, value, state)
        if reason is not None:
            unusable.setdefault(reason.kind, _Rows(reason.example, [])).rows.append(i)
            continue
        trial = create_trial(
            state=state,
            value=as_float(cells[value]) if state == TrialState.COMPLETE else None,
            params={name: legal[0] for name, legal in params.items() if legal is not None},
            distributions=dict(search_space),
        )
        trial.number = i
        trials.append(trial)
    n_failed = sum(trial.state == TrialState.FAIL for trial in trials)
    _tell(label, len(trials) - n_failed, n_failed, unusable)
    return trials


def _states(table: Any) -> list[TrialState] | None:
    """What became of the trial of each row, if Optuna exported the table."""
    if _names(table).count(_STATE) != 1:
        return None
    states = {state.name: state for state in TrialState}
    cells = _column(table, _STATE)
    if not all(isinstance(cell, str) and cell in states for cell in cells):
        return None  # of another tool
    return [states[cell] for cell in cells]


def _column(table: Any, name: str) -> list[Any]:
    """A column's cells as plain Python values, :obj:`None` where a number is missing."""
    names = _names(table)
    if name not in names:
        raise ValueError(
            f"The table has no column {name!r}; its columns are {', '.join(map(repr, names))}."
        )
    column = table[name]
    if getattr(column, "ndim", 1) != 1:
        raise ValueError(f"The table has more than one column {name!r}.")
    return [_plain(cell) for cell in column]


def _names(table: Any) -> list[Any]:
    """Names of the columns.

    Raises:
        TypeError: If there are none.
    """
    names = table.keys() if isinstance(table, Mapping) else getattr(table, "columns", None)
    names = getattr(table, "column_names", names)  # of pyarrow, whose columns are arrays
    if names is None or isinstance(table, type):
        raise TypeError(
            "A table of runs is a data frame or a mapping of names to columns; got an object of "
            f"type {type(table).__name__!r}."
        )
    return list(names)


def _plain(cell: Any) -> Any:
    """The Python value of a scalar of numpy or pyarrow; anything else as it is."""
    if hasattr(cell, "as_py"):
        return cell.as_py()
    return cell.item() if hasattr(cell, "item") and not hasattr(cell, "__len__") else cell


def _legal(cell: Any, distribution: BaseDistribution) -> tuple[Any] | None:
    """The value that a cell means, in a 1-tuple; :obj:`None` if it means none of the range.

    Numbers may have lost digits on their way through single precision or a text.
    """
    if isinstance(distribution, CategoricalDistribution):
        return as_legal(None if _is_missing(cell) else cell, distribution)
    legal = as_legal(cell, distribution)
    number = as_float(cell)
    if legal is None and isinstance(distribution, FloatDistribution) and math.isfinite(number):
        step, low, high = distribution.step, distribution.low, distribution.high
        near = min(max(number, low), high)
        if step is not None:
            near = min(low + step * round((near - low) / step), high)
        is_close = math.isclose(number, near, rel_tol=_DIGITS)
        return as_legal(near, distribution) if is_close else None
    return legal


def _check_numeric(name: str, column: Sequence[Any]) -> None:
    given = [cell for cell in column if not _is_missing(cell)]
    if given and not any(map(is_number, given)):
        raise ValueError(
            f"The column {name!r} is not numeric: its first value is {given[0]!r}. Convert it, "
            "for instance by `pandas.to_numeric`."
        )


def _reason(
    cells: Mapping[str, Any],
    params: Mapping[str, tuple[Any] | None],
    value: str,
    state: TrialState,
) -> _Reason | None:
    """Why a row cannot be used; :obj:`None` if it can."""
    if state not in (TrialState.COMPLETE, TrialState.FAIL):
        return _Reason(f"of state {state.name!r}")
    if state == TrialState.COMPLETE and math.isnan(as_float(cells[value])):
        return _Reason(f"without a number in {value!r}")
    for name, legal in params.items():
        if legal is None and _is_missing(cells[name]):
            return _Reason(f"without {name!r}")
        if legal is None:
            example = f", such as {short_repr(cells[name])} of type {type(cells[name]).__name__}"
            return _Reason(f"with {name!r} outside `search_space`", example)
    return None


def _is_missing(cell: Any) -> bool:
    # Missing values of pandas and polars: None, NaN, NaT and NA, none of which equals itself.
    if cell is None or type(cell).__name__ == "NAType":
        return True
    return not hasattr(cell, "__len__") and bool(cell != cell)


def _tell(label: str, n_used: int, n_failed: int, unusable: Mapping[str, _Rows]) -> None:
    n_rows = n_used + n_failed + sum(len(left.rows) for left in unusable.values())
    told = [
        f"{len(left.rows)} {kind}{left.example} ({_named(left.rows)})"
        for kind, left in unusable.items()
    ]
    message = f"Using {n_used} of {n_rows} rows of {label!r}"
    message += f", {n_failed} more as trials that failed" if n_failed else ""
    message += f"; unusable: {', '.join(told)}." if told else "."
    logger.log(logging.INFO if n_used else logging.WARNING, message)


def _named(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:_N_NAMED]))
    word = "row" if len(rows) == 1 else "rows"
    return f"{word} {shown}, ..." if len(rows) > _N_NAMED else f"{word} {shown}"
