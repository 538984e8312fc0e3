"""From studies as they stand to one joint point: read, suggest, write down what is expected."""

from __future__ import annotations

import logging
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import numpy as np
from optuna.study import Study

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import reread
from optuna_scaleup.data.arguments import check_study
from optuna_scaleup.data.ladder import Ladder
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.plan import Plan
from optuna_scaleup.data.plan import is_same_point
from optuna_scaleup.data.plan import write_plan
from optuna_scaleup.data.prediction import read_prediction
from optuna_scaleup.data.prediction import tell_if_misled
from optuna_scaleup.data.prediction import write_prediction
from optuna_scaleup.data.problem import Snapshot
from optuna_scaleup.data.rivals import must_give_way
from optuna_scaleup.data.source import tell_lineage
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.trials import undecided_trials
from optuna_scaleup.first_trial import settle_unknown_axes
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Suggestion


if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


_MAX_REDRAWS: Final = 8


@dataclass
class Planner:
    """Draws joint points for the trials of large studies.

    Attributes:
        engine: Suggests points of a problem.
        ladder: The sources and their sizes.
        search_space: The parameters to model, if the user said so.
        starts_at_centre: Whether a parameter that nobody has tried starts at its centre.
        entropy: Seed of all random choices.
        notices: What was logged once.
    """

    engine: Engine
    ladder: Ladder
    search_space: Mapping[str, BaseDistribution] | None
    starts_at_centre: bool
    entropy: int
    notices: Notices = field(default_factory=Notices)

    def look(self, study: Study, trial: FrozenTrial) -> Snapshot:
        """All studies as they stand.

        Raises:
            ValueError: If a source cannot serve this study.
        """
        return Snapshot.take(study, trial, self.ladder, self.notices)

    def look_on(self, study: Study) -> Snapshot:
        """All studies as somebody sees them who runs no trial.

        Raises:
            ValueError: If a source cannot serve this study, or is this study.
        """
        return Snapshot.of_onlooker(study, self.ladder, self.notices)

    def expected(self, snapshot: Snapshot) -> Mapping[str, BaseDistribution]:
        """The parameters that the trial is likely to ask for."""
        if self.search_space is not None:
            return self.search_space
        return snapshot.expected_distributions()

    def share_fits(self, study: Study) -> None:
        """Fits the sources as the next trial will need them, and keeps that with the study.

        Raises:
            TypeError: If this is no study.
            ValueError: If a source cannot serve this study, or is this study.
        """
        check_study(study)
        snapshot = self.look_on(study)
        space = snapshot.space_of(self.expected(snapshot))
        problem = snapshot.problem(space, {}, self.notices)
        self.engine.modeller.share_fits(problem)

    def draw(
        self,
        snapshot: Snapshot,
        space: SearchSpace,
        decided: Mapping[str, Any],
        shown: Collection[str] = (),
    ) -> dict[str, Any]:
        """One joint point of the space that keeps what is decided.

        Parameters that its branch seems to lack are left out, but for those that the trial has
        shown to have. If one is asked for all the same, the rest has to be planned anew.
        """
        rng = self.rng(snapshot.asking, len(decided))
        problem = snapshot.problem(space, decided, self.notices, shown)
        for other in undecided_trials(snapshot.trials, snapshot.asking):
            # What it will try is not in the storage yet; most likely it is what we would try.
            likely = self._point(problem.anew(snapshot.n_before(other)), self.rng(other, 0))
            problem = problem.with_pending(likely.x)
        suggestion = self._point(problem, rng)
        self._tell(snapshot, suggestion, problem, space)
        # As decided, not as the coordinates round it, nor on the grid or in the range.
        kept = {name: value for name, value in decided.items() if name in space.open_names}
        return {**space.decode(suggestion.x), **kept}

    def announce(
        self,
        study: Study,
        snapshot: Snapshot,
        distributions: Mapping[str, BaseDistribution],
        decided: Mapping[str, Any],
        is_relative: bool,
        shown: Collection[str] = (),
    ) -> dict[str, Any]:
        """Like :meth:`draw`, and written down as the trial's plan for all workers to see.

        If another worker was faster with much the same parameters, others are drawn.
        """
        trial, space = snapshot.asking, snapshot.space_of(distributions)
        params = self.draw(snapshot, space, decided, shown)
        write_plan(study, trial, Plan.of(params, distributions, is_relative=is_relative))
        for _ in range(_MAX_REDRAWS):
            seen = snapshot.finished()
            if not must_give_way(study, trial, params, space, seen, self.notices):
                break
            trial = reread(study, trial)
            snapshot = self.look(study, trial)
            space = snapshot.space_of(distributions)
            redrawn = self.draw(snapshot, space, decided, shown)
            if is_same_point(redrawn, params):  # nothing else is left
                break
            params = redrawn
            write_plan(study, trial, Plan.of(params, distributions, is_relative=is_relative))
        return params

    def replan(
        self,
        study: Study,
        trial: FrozenTrial,
        plan: Plan | None,
        name: str,
        distribution: BaseDistribution,
    ) -> Any:
        """Draws a new plan around what is decided, and returns its value of one parameter."""
        snapshot = self.look(study, trial)
        distributions = {**self.expected(snapshot), **trial.distributions, name: distribution}
        decided = snapshot.decided_params()
        is_relative = plan is not None and plan.is_relative
        if plan is not None and is_relative:
            decided = {**plan.params, **decided}
        decided.pop(name, None)
        if plan is not None:
            start = self._start(snapshot, snapshot.space_of(distributions), decided, name)
            if start is not None:  # no model says anything about it: the plan stands
                extended = {**plan.params, **decided, **start}
                extension = Plan.of(start, distributions, is_relative=is_relative)
                log_names = plan.log_names | extension.log_names
                write_plan(study, trial, Plan(extended, is_relative, log_names))
                return extended[name]
        drawn = self.announce(study, snapshot, distributions, decided, is_relative, shown={name})
        return drawn[name]

    def _start(
        self, snapshot: Snapshot, space: SearchSpace, decided: Mapping[str, Any], name: str
    ) -> dict[str, Any] | None:
        """Value of an open parameter that nobody has tried; :obj:`None` if anybody has."""
        problem = snapshot.problem(space, decided, self.notices, {name})
        settled = self._settled(problem, self.rng(snapshot.asking, len(decided)))
        j = space.names.index(name)
        if j not in settled.fixed:
            return None
        return {name: space.encodings[j].decode(settled.fixed[j])}

    def rng(self, trial: FrozenTrial, stream: int) -> np.random.Generator:
        """Random numbers that depend on the seed and the trial, not on what was drawn before."""
        return np.random.default_rng([self.entropy, trial.number, stream])

    def _tell(
        self, snapshot: Snapshot, suggestion: Suggestion, problem: Problem, space: SearchSpace
    ) -> None:
        """Stores what is expected of the trial, and says if sources mislead or do not count."""
        study, trial = snapshot.study, snapshot.asking
        if not isinstance(study, Study):
            return
        seconds = (read_prediction(trial).seconds or 0.0) + snapshot.age()
        expected = suggestion
        if not snapshot.is_unit_known(problem.target, space, self.notices):
            expected = replace(suggestion, value_interval=None)
        write_prediction(study, trial, expected, signs_of(study.directions), seconds)
        tell_lineage(study, trial, self.ladder.readers, self.ladder.sizes, self.notices)
        weights, n_sources = suggestion.source_weights, len(problem.sources)
        if weights and len(weights) - 1 < n_sources:
            message = (
                f"The {len(weights) - 1} largest of {n_sources} sources predict; smaller ones "
                "only tell how the optimum moves, if their sizes are known."
            )
            self.notices.once(logging.INFO, ("sources", study.study_name), message)
        tell_if_misled(study, trial, snapshot.trials, weights, self.notices)

    def _point(self, problem: Problem, rng: np.random.Generator) -> Suggestion:
        return self.engine.suggest(self._settled(problem, rng), rng)

    def _settled(self, problem: Problem, rng: np.random.Generator) -> Problem:
        return settle_unknown_axes(problem, rng, at_centre=self.starts_at_centre)
