"""What a trial is going to try: one joint point, kept with the trial in the storage.

Optuna asks for parameters one at a time, possibly from a sampler in another process than the one
that drew the point. The trial itself is the only place that all of them share; other workers read
there what a running trial is about to do.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import as_legal
from optuna_scaleup._optuna import enqueued_params
from optuna_scaleup._optuna import has_attr
from optuna_scaleup._optuna import read_attr
from optuna_scaleup._optuna import write_attr


if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial


_ATTR_NAME = "plan"


@dataclass(frozen=True)
class Plan:
    """A joint point.

    Attributes:
        params: Value of each parameter that JSON can hold, as Optuna would return it.
        is_relative:
            Whether Optuna holds the whole point already, so that no parameter of it can still be
            planned anew.
        log_names: Parameters that were planned on a logarithmic scale.
    """

    params: Mapping[str, Any]
    is_relative: bool
    log_names: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        params: Mapping[str, Any],
        distributions: Mapping[str, BaseDistribution],
        *,
        is_relative: bool,
    ) -> Plan:
        """A point of these distributions."""
        log_names = {name for name, d in distributions.items() if _is_log(d)}
        return cls(params, is_relative, frozenset(log_names & params.keys()))

    def value_for(self, name: str, distribution: BaseDistribution) -> tuple[Any] | None:
        """The planned value as ``distribution`` would return it, in a 1-tuple.

        :obj:`None` if there is none that is legal, or if it was planned on another scale: what is
        best on a linear one is, on a logarithmic one, mostly next to the lower end.
        """
        if name not in self.params or (name in self.log_names) != _is_log(distribution):
            return None
        return as_legal(self.params[name], distribution)

    def agrees_with(self, params: Mapping[str, Any]) -> bool:
        """Whether the parameters that are already decided are those of the plan."""
        shared = self.params.keys() & params.keys()
        return all(_is_same(self.params[name], params[name]) for name in shared)


def is_same_point(params: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Whether the names and all values are the same."""
    return params.keys() == others.keys() and all(
        _is_same(value, others[name]) for name, value in params.items()
    )


def read_plan(trial: FrozenTrial, notices: Notices) -> Plan | None:
    """The plan of a trial; :obj:`None` if it has none that can be read."""
    try:
        stored = read_attr(trial, _ATTR_NAME)
        return None if stored is None else _checked(stored)
    except ValueError:
        message = f"Trial {trial.number} carries a plan that cannot be read; it is ignored."
        notices.once(logging.WARNING, ("corrupt plan",), message)
        return None


def has_plan(trial: FrozenTrial) -> bool:
    """Whether a plan was written, readable or not."""
    return has_attr(trial, _ATTR_NAME)


def planned_params(trial: FrozenTrial, notices: Notices) -> Mapping[str, Any]:
    """Values that a trial plans to try, none if it has no plan."""
    plan = read_plan(trial, notices)
    return {} if plan is None else plan.params


def intended_params(trial: FrozenTrial, notices: Notices) -> dict[str, Any]:
    """What a trial tries, or would have, as far as anybody knows."""
    return {**enqueued_params(trial), **planned_params(trial, notices), **trial.params}


def write_plan(study: Study, trial: FrozenTrial, plan: Plan) -> None:
    """Stores the plan with its trial; choices that JSON cannot hold are left out."""
    plain = {name: value for name, value in plan.params.items() if _is_plain(value)}
    log_names = sorted(plan.log_names & plain.keys())
    stored = {"params": plain, "relative": plan.is_relative, "log": log_names}
    write_attr(study, trial, _ATTR_NAME, stored)


def _checked(stored: Any) -> Plan:
    """Raises ValueError unless ``stored`` has the form that :func:`write_plan` gives it."""
    if not isinstance(stored, dict) or not isinstance(stored.get("params"), dict):
        raise ValueError("A plan holds a mapping of parameters.")
    if not all(_is_plain(value) for value in stored["params"].values()):
        raise ValueError("A planned value is plain.")
    log_names = stored.get("log", [])
    if not isinstance(log_names, list) or not all(isinstance(name, str) for name in log_names):
        raise ValueError("Names are given as a list of strings.")
    return Plan(stored["params"], stored.get("relative") is True, frozenset(log_names))


def _is_log(distribution: BaseDistribution) -> bool:
    return getattr(distribution, "log", False) is True


def _is_same(value: Any, other: Any) -> bool:
    """Equality, but that a choice may be ``NaN``, which equals nothing."""
    return bool(value == other) or (value != value and other != other)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))
