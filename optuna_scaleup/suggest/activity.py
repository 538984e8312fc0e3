"""Which parameters a branch of a conditional space has, as the trials so far show it.

The space that is searched is the union of all branches, but a trial has the parameters of one
branch only. To compare branches, each point has to be rated as the trial that it would become:
with the parameters that its branch lacks marked as inactive. Nobody declares branches in
define-by-run code, so they are read off the trials: a parameter that only some of them have is
the child of another one whose value tells which.
"""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import UnitSpace


_SAME = 1e-9
_N_WITHOUT = 3  # trials without a parameter that all before them had


@dataclass(frozen=True)
class Rule:
    """When an axis is active, by the value of another one.

    Attributes:
        child: The axis.
        parent: The axis that decides; where it is inactive itself, so is the child.
        values: Coordinates of the parent that trials have tried, ascending, shape ``(k,)``.
        is_active: Whether the child was active there, shape ``(k,)``.
        is_categorical: Whether the parent's values have no order.
    """

    child: int
    parent: int
    values: Array
    is_active: Array
    is_categorical: bool

    @property
    def n_bits(self) -> float:
        """Length of the rule's description; of rules that fit the trials the shortest counts.

        A table needs a bit for each value, an order only where activity starts or ends.
        """
        k = len(self.values)
        if self.is_categorical:
            return float(k)
        n_switches = int(np.sum(self.is_active[1:] != self.is_active[:-1]))
        return 1.0 + n_switches * float(np.log2(k))

    def holds(self, u: Array) -> Array:
        """Whether the child is active at coordinates of the parent, shape ``(n,)``.

        An ordered value that nobody tried counts as its nearest tried neighbour, a category that
        nobody tried as most categories.
        """
        if self.is_categorical:
            is_same = np.abs(u[:, None] - self.values) < _SAME
            is_known = is_same.any(axis=1)
            known = (is_same & self.is_active).any(axis=1)
            by_default = ~np.isnan(u) & (self.is_active.mean() > 0.5)
            return np.asarray(np.where(is_known, known, by_default))
        gap = np.abs(np.where(np.isnan(u), 0.0, u)[:, None] - self.values)
        return np.asarray(self.is_active[gap.argmin(axis=1)] & ~np.isnan(u))


@dataclass(frozen=True)
class Activity:
    """Which axes a point has.

    Attributes:
        rules: Of all conditional axes, parents before their children.
        dropped: Axes that no point has any more.
    """

    rules: tuple[Rule, ...] = ()
    dropped: tuple[int, ...] = ()

    def mask(self, X: Array) -> Array:
        """The rows of ``X``, shape ``(n, d)``, with ``NaN`` where an axis is inactive."""
        if not self.rules and not self.dropped:
            return X
        masked = np.array(X, dtype=float)
        masked[:, list(self.dropped)] = np.nan
        for rule in self.rules:
            masked[~rule.holds(masked[:, rule.parent]), rule.child] = np.nan
        return masked


ALL_ACTIVE = Activity()


def infer_activity(
    space: UnitSpace, studies: Iterable[Array], shown: Iterable[int] = ()
) -> Activity:
    """The simplest rules that agree with every trial.

    Args:
        space: The union of all branches.
        studies: Trials of each study, shape ``(n, d)`` each, ``NaN`` where inactive, infinite
            where active with a value that the space lacks. A study that never has an axis says
            nothing about it.
        shown: Axes that the trial to suggest for is known to have.
    """
    rows = [X for X in studies if len(X)]
    is_shown = set(shown)
    rules = []
    for child in range(space.n_dims):
        known = [X for X in rows if not np.isnan(X[:, child]).all()]
        X = np.concatenate(known) if known else np.empty((0, space.n_dims))
        X = X[~np.isinf(X[:, child])]
        if child not in is_shown and np.isnan(X[:, child]).any():
            rule = _rule(space, X, child)
            if rule is not None:
                rules.append(rule)
    return Activity(_in_order(rules))


def _rule(space: UnitSpace, X: Array, child: int) -> Rule | None:
    """The simplest rule for one axis; none if no other axis tells when it is active."""
    candidates = [
        rule
        for parent in range(space.n_dims)
        if parent != child
        and (rule := _table(space, X[~np.isinf(X[:, parent])], child, parent)) is not None
        and rule.n_bits <= len(X)  # longer than what it explains: chance
    ]
    return min(candidates, key=lambda rule: (rule.n_bits, len(rule.values)), default=None)


def _table(space: UnitSpace, X: Array, child: int, parent: int) -> Rule | None:
    """Activity by value of the parent; none if any value occurs both ways.

    Axes that come and go together are siblings, neither is the other's parent.
    """
    is_active = ~np.isnan(X[:, child])
    has_parent = ~np.isnan(X[:, parent])
    if np.any(is_active & ~has_parent) or np.array_equal(is_active, has_parent):
        return None
    values, index = np.unique(X[has_parent, parent], return_inverse=True)
    n_seen = np.bincount(index, minlength=len(values))
    n_active = np.bincount(index[is_active[has_parent]], minlength=len(values))
    if np.any((n_active > 0) & (n_active < n_seen)):
        return None
    return Rule(child, parent, values, n_active > 0, space.axes[parent].is_categorical)


def _in_order(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Parents before children; rules that go in a circle are dropped."""
    waiting = list(rules)
    ordered: list[Rule] = []
    while waiting:
        open_children = {rule.child for rule in waiting}
        ready = [rule for rule in waiting if rule.parent not in open_children]
        if not ready:
            break
        ordered += ready
        waiting = [rule for rule in waiting if rule.parent in open_children]
    return tuple(ordered)


def activity_of(problem: Problem) -> Activity:
    """Which parameters a branch of the space has, as all studies show."""
    studies = [_with_foreign(study) for study in (problem.target, *problem.sources)]
    activity = infer_activity(problem.space, studies, problem.shown)
    explained = {rule.child for rule in activity.rules} | problem.shown
    return replace(activity, dropped=_dropped(problem.target, explained))


def _dropped(target: Dataset, explained: Container[int]) -> tuple[int, ...]:
    """Axes that the study had in every trial until it had them in none.

    Somebody has taken the parameter out of the objective, or it belongs to a branch that always
    fails. To suggest it further would compare points that will not be run.
    """
    X = _with_foreign(target)
    lacks = np.isnan(X if target.noise_var is None else X[target.noise_var == 0.0])
    if len(lacks) <= _N_WITHOUT:
        return ()
    n_last = np.where(lacks.all(axis=0), len(lacks), lacks[::-1].argmin(axis=0))
    is_dropped = (n_last >= _N_WITHOUT) & (n_last == lacks.sum(axis=0))
    return tuple(j for j in np.flatnonzero(is_dropped).tolist() if j not in explained)


def _with_foreign(study: Dataset) -> Array:
    return study.X if study.is_foreign is None else np.where(study.is_foreign, np.inf, study.X)
