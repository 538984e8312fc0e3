"""The sampler: Optuna's contract methods, each of them read → suggest → write."""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import read_trials
from optuna_scaleup.data.arguments import check_independent_sampler
from optuna_scaleup.data.arguments import checked_search_space
from optuna_scaleup.data.arguments import checked_whole_number
from optuna_scaleup.data.arguments import entropy_of
from optuna_scaleup.data.encoding import encoding_of
from optuna_scaleup.data.encoding import random_coordinate
from optuna_scaleup.data.held import held_value
from optuna_scaleup.data.ladder import Ladder
from optuna_scaleup.data.plan import read_plan
from optuna_scaleup.data.space import is_settled
from optuna_scaleup.data.space import observed_distributions
from optuna_scaleup.data.user_source import SourcesLike
from optuna_scaleup.diagnosing import transfer_report
from optuna_scaleup.planner import Planner
from optuna_scaleup.recommending import recommendations
from optuna_scaleup.report.recommendation import Recommendation
from optuna_scaleup.report.transfer import TransferReport
from optuna_scaleup.suggest.acquisition import Criterion
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.modeller import Modeller


class ScaleUpSampler(BaseSampler):
    """Gaussian-process sampler for a large study that starts from what small studies found.

    The sources are studies of the same problem at a smaller scale: fewer data, a smaller model,
    fewer epochs. Their trials form the prior of the large study's model; where the two disagree,
    the model learns how the optimum moved, and a source that misleads loses its weight. From its
    first trial on, a study is sampled near the place that the sources recommend. Without a source
    this is a Gaussian-process sampler like any other.

    Sources are read again before each suggestion, so trials that finish there later count. The
    parameters need not be the same: what the source lacks is learnt from the large study alone,
    and a value counts as the number it is, whatever range, scale or kind of distribution it was
    drawn from.

    Example:

        .. code-block:: python

            import optuna
            from optuna_scaleup import ScaleUpSampler


            def objective(trial: optuna.Trial, n_epochs: int) -> float:
                lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
                return train(lr, n_epochs)


            small = optuna.create_study()
            small.optimize(lambda trial: objective(trial, n_epochs=2), n_trials=30)
            large = optuna.create_study(sampler=ScaleUpSampler(small))
            large.optimize(lambda trial: objective(trial, n_epochs=50), n_trials=10)

    Args:
        source:
            A study, a list of its trials, a :class:`Source`, or a sequence of those from small to
            large. A list of trials has no direction of its own: it is taken to have that of the
            large study. :obj:`None` for a cold start.
        scale:
            How large the large study is, in the terms in which its sources say how large they
            are (see :class:`Source`). From these the model learns how far the optimum moves.
        drift_prior:
            What is believed about that in advance: a published law (``"steplaw"``,
            ``"deepseek"``, ``"mup"``), or exponents such as ``{"lr": {"params": -0.7}}`` for a
            best ``lr`` proportional to ``params ** -0.7``. An exponent may be a pair with its
            standard deviation, 0.25 otherwise. The data overrule it. :obj:`None` believes what
            published laws have in common (``"consensus"``), of parameters named like a learning
            rate or a batch size and sizes named like parameters, tokens or compute; ``{}``
            believes nothing.
        seed:
            Seed of all random choices. With the same seed, storage and trials the suggestions are
            the same in any process. Not under ``optimize(n_jobs=2)`` or more: there Optuna calls
            :meth:`reseed_rng`, which replaces the seed of this sampler for good.
        search_space:
            The parameters to model. If given, even the first trial is drawn jointly from exactly
            these distributions, and any other parameter is left to ``independent_sampler``. If
            :obj:`None`, every parameter of every trial is modelled.
        acquisition:
            ``"log_ei"``, ``"log_pi"``, ``"lcb"``, ``"max_variance"``, or an object of the same
            protocol; for several objectives the expected hypervolume improvement in any case. From
            the eleventh trial on a point off the borders may be a tenth of a nat below the best.
        initial_design:
            What a cold start tries first: ``"auto"`` (the centre; space-filling points follow only
            if more are asked for, started before any value is told, or with three objectives and
            more: one for each parameter, three to nine), ``"sobol"`` or
            ``"random"`` (one point more than parameters, at least four) or ``"corners"`` (all of
            them). A parameter that no trial of any study has tried yet starts at its centre under
            ``"auto"`` (a categorical one at random), and at a random value under the others.
        n_startup_trials:
            Number of trials of the initial design when there is no usable source; 0 lets the
            design decide.
        cost:
            ``"duration"``, or a callable that takes a finished trial and returns what it cost: a
            suggestion then is worth its expected improvement per expected cost. What a pruned
            trial cost until it was stopped counts, too: where a pruner saves most of a bad trial,
            bold ones are cheap. A trial of which it returns no positive number has no cost.
            :obj:`None`: all trials cost the same.
        independent_sampler:
            Samples parameters outside ``search_space``; uniform random numbers if :obj:`None`.
        deterministic_objective:
            Whether the objective returns the same value whenever it is given the same parameters.
        warn_independent_sampling:
            Whether to log a warning when a parameter is sampled without the model.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an argument has a value that means nothing.
    """

    def __init__(
        self,
        source: SourcesLike | None = None,
        *,
        scale: float | Mapping[str, float] | None = None,
        drift_prior: str | Mapping[str, Any] | None = None,
        seed: int | None = None,
        search_space: Mapping[str, BaseDistribution] | None = None,
        acquisition: str | Criterion = "log_ei",
        initial_design: str = "auto",
        n_startup_trials: int = 0,
        cost: str | Callable[[FrozenTrial], float] | None = None,
        independent_sampler: BaseSampler | None = None,
        deterministic_objective: bool = False,
        warn_independent_sampling: bool = True,
    ) -> None:
        check_independent_sampler(independent_sampler)
        engine = Engine(
            Modeller(deterministic_objective),
            acquisition=acquisition,
            initial_design=initial_design,
            n_startup_trials=checked_whole_number(
                n_startup_trials, "n_startup_trials", "a number of trials"
            ),
            design_seed=0 if seed is None else seed,  # one design for all workers of a study
        )
        self._planner = Planner(
            engine=engine,
            ladder=Ladder.of(source, scale, drift_prior, cost),
            search_space=checked_search_space(search_space),
            starts_at_centre=initial_design == "auto",
            entropy=entropy_of(seed),
        )
        self._independent_sampler = independent_sampler
        self._warn_independent_sampling = warn_independent_sampling
        self._lock = threading.Lock()

    @property
    def planner(self) -> Planner:
        """What suggests its points, with its sources and settings; for figures, to look at."""
        return self._planner

    @property
    def notices(self) -> Notices:
        """What it has logged once, so that figures of its studies need not say it again."""
        return self._planner.notices

    def recommend(
        self, study_or_search_space: Study | Mapping[str, BaseDistribution], n: int = 1
    ) -> list[Recommendation]:
        """What to run next, the best first; nothing is written to the study.

        Args:
            study_or_search_space:
                The large study, with or without trials, or its distributions as long as it does
                not exist.
            n:
                How many to run at once; the first has the best expected value, tried or not, or,
                before any trial, the best one less its variance. From the second on some are
                there to explore and may turn out much worse.

        Raises:
            ValueError: If no finished trial of any study says anything.
        """
        with self._lock:
            return recommendations(self._planner, study_or_search_space, n)

    def diagnose(self, study: Study) -> TransferReport:
        """What the study learnt about its sources; nothing is written to it."""
        with self._lock:
            return transfer_report(self._planner, study)

    def share_fits(self, study: Study) -> None:
        """Fits the sources and keeps the fits with the study, for workers that start together.

        Without it the first workers fit them, each its own, until one has stored what it found.
        """
        with self._lock:
            self._planner.share_fits(study)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def reseed_rng(self) -> None:
        self._planner.entropy = entropy_of(None)
        if self._independent_sampler is not None:
            self._independent_sampler.reseed_rng()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        if self._independent_sampler is not None:
            self._independent_sampler.before_trial(study, trial)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        if self._independent_sampler is not None:
            self._independent_sampler.after_trial(study, trial, state, values)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The space if it is certain; otherwise nothing, and each parameter is checked when asked.

        A space taken from the source would make Optuna raise in the user's objective as soon as
        the large study asks for another kind of distribution.
        """
        if self._planner.search_space is not None:
            distributions = self._planner.search_space
        else:
            trials = read_trials(study)
            distributions = observed_distributions(trials) if is_settled(trials) else {}
        return {name: d for name, d in distributions.items() if not d.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if not search_space:
            return {}
        with self._lock:
            snapshot = self._planner.look(study, trial)
            distributions = {**self._planner.expected(snapshot), **search_space}
            decided = {**snapshot.held_params(search_space), **snapshot.decided_params()}
            is_whole = all(name in search_space or d.single() for name, d in distributions.items())
            params = self._planner.announce(study, snapshot, distributions, decided, is_whole)
        # Where somebody else decides the rest, maybe other than before, each value is asked for.
        return {k: value for k, value in params.items() if k in search_space and is_whole}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The value of the trial's joint plan, drawn anew if it cannot be kept."""
        if param_distribution.single():
            return held_value(param_distribution)
        if self._planner.search_space is not None and param_name not in self._planner.search_space:
            return self._sample_outside(study, trial, param_name, param_distribution)
        plan = read_plan(trial, self.notices)
        if plan is not None and plan.agrees_with(trial.params):
            planned = plan.value_for(param_name, param_distribution)
            if planned is not None:
                return planned[0]
        with self._lock:
            return self._planner.replan(study, trial, plan, param_name, param_distribution)

    def _sample_outside(
        self, study: Study, trial: FrozenTrial, name: str, distribution: BaseDistribution
    ) -> Any:
        """Samples a parameter that the given ``search_space`` leaves out."""
        if self._warn_independent_sampling:
            told = f"The parameter {name!r} is sampled without the model, as the sampler's "
            told += "`search_space` lacks it. `warn_independent_sampling=False` suppresses this."
            self.notices.once(logging.WARNING, ("independent", name), told)
        if self._independent_sampler is None:
            encoding = encoding_of(distribution)
            rng = self._planner.rng(trial, zlib.crc32(name.encode()))
            return encoding.decode(random_coordinate(encoding.axis, rng))
        return self._independent_sampler.sample_independent(study, trial, name, distribution)
