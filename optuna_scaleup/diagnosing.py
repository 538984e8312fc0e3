"""What a large study learnt about its sources, as a report."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from optuna.study import Study
from optuna.trial import TrialState
from scipy.special import betaincinv
from scipy.special import ndtri

from optuna_scaleup.data.arguments import check_study
from optuna_scaleup.data.encoding import NumericEncoding
from optuna_scaleup.data.lineage import read_lineage
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.prediction import read_prediction
from optuna_scaleup.data.problem import Snapshot
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.data.trials import finished_rows
from optuna_scaleup.data.usage import is_constant
from optuna_scaleup.model.diagnosis import Diagnosis
from optuna_scaleup.model.drift import Drift
from optuna_scaleup.model.drift import ladder_direction
from optuna_scaleup.planner import Planner
from optuna_scaleup.report.advice import advice
from optuna_scaleup.report.interval import LEVELS
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.transfer import FEWEST_RANKED
from optuna_scaleup.report.transfer import Calibration
from optuna_scaleup.report.transfer import Shift
from optuna_scaleup.report.transfer import SourceReport
from optuna_scaleup.report.transfer import TransferReport
from optuna_scaleup.suggest.examine import Examination
from optuna_scaleup.suggest.examine import examine
from optuna_scaleup.types import MISLEADS
from optuna_scaleup.types import Scales


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from optuna_scaleup.data.source import SourceData


def transfer_report(planner: Planner, study: Study) -> TransferReport:
    """Reads the study and its sources, and reports; nothing is written.

    Raises:
        TypeError: If this is no study.
        ValueError: If the study has several objectives, or is its own source.
    """
    check_study(study)
    if len(study.directions) != 1:
        raise ValueError(
            f"A diagnosis needs a study with one objective, but study {study.study_name!r} has "
            f"{len(study.directions)}. `optuna_scaleup.visualization.plot_transfer` shows how "
            "much each source counts."
        )
    snapshot = planner.look_on(study)
    space = snapshot.space_of(planner.expected(snapshot))
    problem = replace(snapshot.problem(space, {}, planner.notices), shelf=None)
    rng = np.random.default_rng([planner.entropy, problem.target.n_trials])
    found = Examination((), (1.0,), 1.0, None)
    if problem.sources:
        found = examine(planner.engine.modeller, problem, rng)
    report = TransferReport(
        study=study.study_name,
        n_trials=problem.target.n_trials,
        sources=_sources(snapshot, space, found, planner),
        no_source_weight=found.weights[-1],
        own_share=found.own_share,
        exponents=_exponents(found.drift, problem.scales, space, sorted(snapshot.sizes.target)),
        calibration=_calibration(snapshot.trials),
    )
    recorded = [source.label for source in read_lineage(study).sources]
    return replace(report, advice=advice(report, _ignored_since(snapshot.trials), recorded))


def _sources(
    snapshot: Snapshot,
    space: SearchSpace,
    found: Examination,
    planner: Planner,
) -> tuple[SourceReport, ...]:
    """Every source, those in use with what was found out about them."""
    usable = snapshot.usable_sources(space, planner.notices)
    data = {id(source): dataset for source, dataset in usable}
    in_use = [id(source) for source, _ in usable][len(usable) - len(found.sources) :]
    place = {key: i for i, key in enumerate(in_use)}
    reports = []
    for source in snapshot.sources:
        dataset, i = data.get(id(source)), place.get(id(source))
        n_trials = 0 if dataset is None else dataset.n_trials
        flat = dataset is not None and is_constant(dataset)
        report = SourceReport(
            source.label,
            n_trials,
            source.scale,
            is_constant=flat,
            is_empty=dataset is None and not _has_usable_trial(source, snapshot, space),
        )
        reports.append(report if i is None else _examined(report, found, i, space))
    return tuple(reports)


def _has_usable_trial(source: SourceData, snapshot: Snapshot, space: SearchSpace) -> bool:
    """Whether any trial has a value, whatever its parameters."""
    signs = signs_of(source.directions or snapshot.study.directions)
    return finished_rows(source.trials, space, signs).dataset.n_trials > 0


def _examined(
    report: SourceReport, found: Examination, i: int, space: SearchSpace
) -> SourceReport:
    """The report on the ``i``-th source in use with what was found out about it."""
    diagnosis, weight = found.sources[i], found.weights[i]
    report = replace(report, weight=weight, rank_agreement=_rank_agreement(diagnosis))
    # One that does not count is explained by any motion.
    counts = weight > 1.0 - MISLEADS and found.weights[-1] < 0.5
    if not counts or report.is_constant or report.is_reversed:
        return report
    return replace(report, shifts=_shifts(diagnosis, space))


def _rank_agreement(diagnosis: Diagnosis) -> Interval | None:
    quantiles = diagnosis.rank_agreement(LEVELS)
    if len(diagnosis.y) < FEWEST_RANKED or np.isnan(quantiles).any():
        return None
    return Interval.of(quantiles.tolist())


def _shifts(diagnosis: Diagnosis, space: SearchSpace) -> dict[str, Shift]:
    shifts = {}
    for j, name, encoding in space.open_columns():
        motion = diagnosis.motion[:, j]
        if isinstance(encoding, NumericEncoding) and not np.isnan(motion).any():
            with np.errstate(over="ignore"):  # of a range as wide as the floats
                amount = motion * encoding.width
                drawn = np.exp(amount) if encoding.is_log else amount
            if np.isfinite(drawn).all():
                interval = Interval.of_draws(drawn, diagnosis.weight)
                shifts[name] = Shift(interval, is_factor=encoding.is_log)
    return shifts


def _exponents(
    drift: Drift | None, scales: Scales | None, space: SearchSpace, sizes: Sequence[str]
) -> Mapping[str, Mapping[str, Interval]]:
    """Slopes of the logarithmic axes as exponents; of sizes that grow together their product's."""
    if drift is None or scales is None:
        return {}
    parts = dict(zip(sizes, np.eye(len(sizes)), strict=True))
    along = ladder_direction(scales)
    if along is not None:
        parts[" × ".join(sizes)] = along
    return {
        name: {
            size: _normal(
                drift.slope_mean[j] @ part * encoding.width,
                np.sqrt(part @ drift.slope_cov[j] @ part) * encoding.width,
            )
            for size, part in parts.items()
        }
        for j, name, encoding in space.open_columns()
        if isinstance(encoding, NumericEncoding) and encoding.is_log
    }


def _normal(mean: float, std: float) -> Interval:
    return Interval.of((mean + std * ndtri(np.array(LEVELS))).tolist())


def _calibration(trials: Sequence[FrozenTrial]) -> Calibration | None:
    """Predictions recorded with the trials against their outcomes."""
    sides = [
        side
        for trial in trials
        if trial.state == TrialState.COMPLETE
        and np.isfinite(trial.values[0])
        and (side := read_prediction(trial).side_of(trial.values[0])) is not None
    ]
    if not sides:
        return None
    n_inside, n_below = sides.count(0), sides.count(-1)
    # Jeffreys' interval of a proportion (Brown et al., 2001).
    a, b = n_inside + 0.5, len(sides) - n_inside + 0.5
    coverage = Interval.of(betaincinv(a, b, np.array(LEVELS)).tolist())
    return Calibration(len(sides), n_inside, n_below, coverage)


def _ignored_since(trials: Sequence[FrozenTrial]) -> int | None:
    """First trial from which on all suggestions gave the sources next to no weight."""
    since: int | None = None
    for trial in trials:
        weights = read_prediction(trial).source_weights
        if weights and weights[-1] <= MISLEADS:
            since = None
        elif weights and since is None:
            since = trial.number
    return since
