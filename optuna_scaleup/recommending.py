"""What to run next at the large scale: the best guess before its first trial, and after."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.study import StudyDirection

from optuna_scaleup.data.arguments import checked_search_space
from optuna_scaleup.data.arguments import checked_whole_number
from optuna_scaleup.data.arguments import entropy_of
from optuna_scaleup.data.encoding import CategoricalEncoding
from optuna_scaleup.data.encoding import Encoding
from optuna_scaleup.data.held import held_value
from optuna_scaleup.data.ladder import Ladder
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.problem import Snapshot
from optuna_scaleup.data.problem import Unstarted
from optuna_scaleup.data.sizes import Scale
from optuna_scaleup.data.sizes import size_order
from optuna_scaleup.data.source import SourceData
from optuna_scaleup.data.source import are_in_unit
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.user_source import SourcesLike
from optuna_scaleup.data.user_source import checked_direction
from optuna_scaleup.first_trial import settle_unknown_axes
from optuna_scaleup.planner import Planner
from optuna_scaleup.report.interval import LEVELS
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.interval import Odds
from optuna_scaleup.report.recommendation import Extrapolation
from optuna_scaleup.report.recommendation import Recommendation
from optuna_scaleup.suggest.engine import Engine
from optuna_scaleup.suggest.examine import examine
from optuna_scaleup.suggest.forecast import Forecast
from optuna_scaleup.suggest.forecast import forecast
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem


def recommend(
    sources: SourcesLike,
    *,
    scale: float | Mapping[str, float] | None = None,
    n: int = 1,
    search_space: Mapping[str, BaseDistribution] | None = None,
    direction: str | StudyDirection | None = None,
    drift_prior: str | Mapping[str, Any] | None = None,
    seed: int | None = 0,
) -> list[Recommendation]:
    """What to run first at the large scale, from small studies alone.

    Example:

        .. code-block:: python

            for one in recommend([Source(small, scale=1), Source(medium, scale=8)], scale=64):
                print(one)

    Args:
        sources: What :class:`ScaleUpSampler` takes as ``source``.
        scale: How large the large study will be.
        n: How many to run at once. To learn what is best in few runs, not to repeat the best
            guess: from the second on some are there to explore and may turn out much worse than
            the first, as their values say. For a single run take the first.
        search_space: The large study's distributions; those of the sources if :obj:`None`.
        direction: What the large study will be judged by; as the largest source that shares a
            parameter if :obj:`None`.
        drift_prior: See :class:`ScaleUpSampler`.
        seed: Of all random choices.

    Returns:
        ``n`` recommendations, fewer if the space has fewer points: the first has the best expected
        value less its variance, the others are far enough from it and from each other to be run at
        the same time, best first. With constraints it is a point that is likely feasible, so it
        may keep off the border that the intervals of the best place lie on; if there is none, the
        likeliest.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an argument has a value that means nothing, or no trial of any source
            says anything.
    """
    planner = Planner(
        engine=Engine(),
        ladder=Ladder.of(sources, scale, drift_prior),
        search_space=checked_search_space(search_space),
        starts_at_centre=True,
        entropy=entropy_of(seed),
    )
    directions = None if direction is None else (checked_direction(direction),)
    return recommendations(planner, planner.search_space, n, directions)


def recommendations(
    planner: Planner,
    target: Study | Mapping[str, BaseDistribution] | None,
    n: int,
    directions: Sequence[StudyDirection] | None = None,
) -> list[Recommendation]:
    """Recommends points for a study that may not exist yet.

    Args:
        planner: The sources and the model.
        target: The large study, its search space, or :obj:`None` for the space of the sources.
        n: How many points.
        directions: Of a large study that does not exist yet; those of the largest source that
            says anything of it if :obj:`None`.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If there are several objectives, or nothing to learn from.
    """
    n = checked_whole_number(n, "n", "a number of recommendations", least=1)
    snapshot = _snapshot(planner, target, directions)
    _check_one_objective(snapshot)
    if isinstance(target, Study) or target is None:
        distributions = planner.expected(snapshot)
    else:
        distributions = checked_search_space(target) or {}
    space = snapshot.space_of(distributions)
    usable = [source for source, _ in snapshot.usable_sources(space, planner.notices)]
    if not isinstance(target, Study) and directions is None:
        snapshot = _judged_as(usable, snapshot)
    single = {k: held_value(d) for k, d in distributions.items() if d.single()}
    return _recommend(planner, snapshot, usable, space, single, n)


def _snapshot(
    planner: Planner,
    target: Study | Mapping[str, BaseDistribution] | None,
    directions: Sequence[StudyDirection] | None,
) -> Snapshot:
    if isinstance(target, Study):
        return planner.look_on(target)
    if target is not None and not isinstance(target, Mapping):
        raise TypeError(
            "A recommendation is for a study or for a search space, names mapped to "
            f"distributions; got an object of type {type(target).__name__!r}."
        )
    if not planner.ladder.readers:
        raise ValueError(
            "There is no source to recommend from. Give a study, a list of its trials or a "
            "`Source`, or several of them from small to large."
        )
    known = [reader.directions for reader in planner.ladder.readers if reader.directions]
    if directions is None and not known:
        raise ValueError(
            "It is not known whether larger or smaller values are better: a list of trials does "
            "not tell. Give a study, or `direction` to `optuna_scaleup.recommend`."
        )
    return Snapshot.before(directions or known[-1], planner.ladder, planner.notices)


def _check_one_objective(snapshot: Snapshot) -> None:
    """Raises :exc:`ValueError` with the way out if there are several."""
    n_objectives = len(snapshot.study.directions)
    if n_objectives != 1:
        is_there = isinstance(snapshot.study, Study)
        whose = f"study {snapshot.study.study_name!r} has" if is_there else "the sources have"
        raise ValueError(
            f"A recommendation needs a study with one objective, but {whose} {n_objectives}. "
            "Optimize the large study with the sampler; its `best_trials` are the Pareto front."
        )


def _judged_as(usable: Sequence[SourceData], snapshot: Snapshot) -> Snapshot:
    """With the directions of the largest source that says anything, if any of them tells."""
    known = [source.directions for source in usable if source.directions]
    return replace(snapshot, study=Unstarted(known[-1])) if known else snapshot


def _recommend(
    planner: Planner,
    snapshot: Snapshot,
    usable: Sequence[SourceData],
    space: SearchSpace,
    single: Mapping[str, Any],
    n: int,
) -> list[Recommendation]:
    # Nothing is written to the study: fits are not shared from here.
    asked = replace(snapshot.problem(space, {}, planner.notices), shelf=None)
    if not asked.target.n_trials and not asked.sources:
        raise ValueError(
            "There is nothing to recommend from: no finished trial of the study or of any source "
            "has a value and one of the parameters."
        )
    rng = np.random.default_rng([planner.entropy, asked.target.n_trials])
    problem = settle_unknown_axes(asked, rng, at_centre=planner.starts_at_centre)
    found = forecast(planner.engine, problem, n, LEVELS, rng, later=asked)
    optimum = {
        name: _where(encoding, found.optima[:, j] if j not in problem.fixed else None)
        for j, name, encoding in space.open_columns()
    }
    sign = signs_of(snapshot.study.directions)[0]
    has_unit = problem.target.n_trials > 0 or are_in_unit(usable, snapshot.study.directions)
    growth = _growth(usable, snapshot.sizes.target)
    weights, own_share = _say(planner, asked, found)
    n_feasible = _n_feasible(problem.target)
    return [
        Recommendation(
            params={**space.decode(x), **single},
            value=Interval.of(sign * values) if has_unit else None,
            optimum=optimum,
            extrapolation=replace(growth, outside=_outside(space, problem, x)),
            n_trials=problem.target.n_trials,
            source_weights=_by_label(usable, weights),
            own_share=own_share,
            n_feasible=n_feasible,
        )
        for x, values in zip(found.X, found.values, strict=True)
    ]


def _say(planner: Planner, asked: Problem, found: Forecast) -> tuple[Sequence[float], float]:
    """Weights of the sources and the share of the study's own model, both as a diagnosis tells.

    From the same random numbers: evidence is an estimate, and of a source that hardly explains the
    trials one by a few draws, so that another one may be on the other side of a limit.
    """
    if not asked.sources or not asked.target.n_trials:  # nothing but what is believed before
        return found.source_weights, (found.source_weights or (1.0,))[-1]
    rng = np.random.default_rng([planner.entropy, asked.target.n_trials])
    examined = examine(planner.engine.modeller, asked, rng)
    return examined.weights, examined.own_share


def _n_feasible(target: Dataset) -> int | None:
    """Trials that are not known to break a constraint; :obj:`None` without constraints."""
    if not target.n_trials or not target.constraints:
        return None
    return int(np.sum(~np.any([column > 0.0 for column in target.constraints.values()], axis=0)))


def _by_label(usable: Sequence[SourceData], weights: Sequence[float]) -> dict[str, float]:
    """Weights by label of the source; the last one, of "no source", is left out."""
    labels = [source.label for source in usable]
    named = list(zip(reversed(labels), reversed(weights[:-1]), strict=False))  # the largest count
    return dict(reversed(named))


def _where(encoding: Encoding, draws: Array | None) -> Interval | Odds:
    """Where the best value is; all values are as likely if no draw has the parameter."""
    if draws is not None:
        draws = draws[~np.isnan(draws)]
        draws = draws if len(draws) else None
    if isinstance(encoding, CategoricalEncoding):
        choices = encoding.distribution.choices
        counts = np.ones(len(choices))
        if draws is not None:
            counts = np.bincount(draws.astype(int), minlength=len(choices)).astype(float)
        return Odds.of(choices, (counts / counts.sum()).tolist())
    coordinates = np.array(LEVELS) if draws is None else np.quantile(draws, LEVELS)
    return Interval.of([encoding.decode(float(u)) for u in coordinates])


def _growth(usable: Sequence[SourceData], target: Scale) -> Extrapolation:
    """How much larger the target is than the sources, as far as sizes are known."""
    known = [source.scale for source in usable if source.scale]
    scales = [known[i] for i in size_order(known)]
    if not scales:
        return Extrapolation()
    ratios = {name: target[name] / scales[-1][name] for name in target}
    if len(scales) == 1:
        return Extrapolation(ratios)
    spans = {name: scales[-1][name] / scales[0][name] for name in target}
    return Extrapolation(ratios, spans)


def _outside(space: SearchSpace, problem: Problem, x: Array) -> tuple[str, ...]:
    """Parameters of which no study has tried a value as far out as that of ``x``."""
    tried = np.concatenate([problem.target.X, *(source.X for source in problem.sources)])
    return tuple(
        name
        for name, u, column, axis in zip(space.names, x, tried.T, space.unit.axes, strict=True)
        if not axis.is_categorical and not np.isnan(u) and not _is_within(u, column)
    )


def _is_within(u: float, column: Array) -> bool:
    known = column[~np.isnan(column)]
    return len(known) > 0 and bool(known.min() - 1e-9 <= u <= known.max() + 1e-9)
