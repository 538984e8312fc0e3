"""The protocol of a competitor: it is started on a task and then suggests and observes in turn."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from typing import Protocol

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import Trial

from benchmarks.tasks import Task


class Impossible(Exception):
    """The method cannot run on this task; the message is the reason that the report lists."""


class Session(Protocol):
    """One run on one target: ``suggest`` and ``observe`` alternate."""

    def suggest(self) -> dict[str, Any]:
        """The next configuration of the target, active parameters only."""

    def observe(self, value: float) -> None:
        """Takes the raw metric of the configuration suggested last."""


@dataclass(frozen=True)
class Method:
    """A named competitor.

    Attributes:
        name: What the tables call it.
        summary: One line for people.
        start: Begins a run on a task, given its finished source studies (small to large) and a
            seed. Raises :exc:`Impossible` where the method cannot run.
        is_ours: Whether it is the sampler under test and so no peer.
        needs: Packages beyond Optuna that it imports.
    """

    name: str
    summary: str
    start: Callable[[Task, Sequence[Study], int], Session]
    is_ours: bool = False
    needs: tuple[str, ...] = ()

    def lacks(self) -> list[str]:
        """Needed packages that are not installed."""
        return [name for name in self.needs if find_spec(name) is None]


def flat_with_sources(
    start: Callable[[Task, Sequence[Study], int], Session], why_flat: str
) -> Callable[[Task, Sequence[Study], int], Session]:
    """Refuses, before ``start`` is called, what a method that is told the sources cannot do.

    Args:
        start: Begins a run.
        why_flat: The reason why there is none on a task with conditional parameters.
    """

    def checked(task: Task, sources: Sequence[Study], seed: int) -> Session:
        if task.conditions:
            raise Impossible(why_flat)
        if not sources:
            raise Impossible("there is no source study")
        return start(task, sources, seed)

    return checked


class StudySession:
    """A run of an Optuna sampler on a target study in memory."""

    def __init__(
        self,
        task: Task,
        sampler: BaseSampler,
        enqueued: Iterable[Mapping[str, Any]] = (),
        added: Iterable[FrozenTrial] = (),
        storage: BaseStorage | None = None,
    ) -> None:
        self._task = task
        self._trial: Trial | None = None
        self.study = optuna.create_study(
            direction=task.direction, sampler=sampler, storage=storage
        )
        self.study.add_trials(added)
        for params in enqueued:
            self.study.enqueue_trial(dict(params))

    def suggest(self) -> dict[str, Any]:
        """Asks the study for one trial."""
        self._trial = self.study.ask()
        return self._task.suggest(self._trial)

    def observe(self, value: float) -> None:
        """Tells the study the value of the trial asked for last."""
        assert self._trial is not None, "suggest comes first"
        self.study.tell(self._trial, value)
