"""Pruned trials as outcomes: their last report, read beside the curves of complete trials."""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

import numpy as np
from optuna.trial import TrialState

from optuna_scaleup.model.curves import Curves
from optuna_scaleup.model.curves import estimate
from optuna_scaleup.types import Array


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


_NO_STEP: Final = -sys.maxsize  # before any report
_LEAST_STD: Final = 1e-3  # of a guess, in ranges of the values
_LARGEST_VAR: Final = 1e300
_N_CURVES: Final = 256  # the latest ones; a suggestion must not take longer after 10,000 trials


@dataclass(frozen=True)
class StudyCurves:
    """Reports and final values of one study's complete trials.

    Attributes:
        steps: Ascending steps of each trial's reports.
        reports: The reports, larger is better, ``NaN`` left out.
        finals: Final values, larger is better, finite, shape ``(n,)``.
        last_step: The largest step of any of them.
    """

    steps: tuple[tuple[int, ...], ...]
    reports: tuple[tuple[float, ...], ...]
    finals: Array
    last_step: int

    @classmethod
    def of(cls, trials: Sequence[FrozenTrial], sign: float) -> StudyCurves:
        """Reads the complete trials among ``trials``; ``sign`` makes larger values better."""
        complete = [
            trial
            for trial in trials
            if trial.state == TrialState.COMPLETE
            and trial.intermediate_values
            and len(trial.values) == 1
            and math.isfinite(trial.values[0])
        ][-_N_CURVES:]
        curves = [(sorted_reports(trial, sign), sign * trial.values[0]) for trial in complete]
        kept = [(curve, final) for curve, final in curves if curve]
        return cls(
            tuple(tuple(step for step, _ in curve) for curve, _ in kept),
            tuple(tuple(report for _, report in curve) for curve, _ in kept),
            np.array([final for _, final in kept]),
            max((curve[-1][0] for curve, _ in kept), default=0),
        )

    def at(self, step: float) -> Curves:
        """Each trial's latest report until a step, of the trials that had one."""
        reports, finals = [], []
        for steps, values, final in zip(self.steps, self.reports, self.finals, strict=True):
            n_reports = bisect_right(steps, step)
            if n_reports:
                reports.append(values[n_reports - 1])
                finals.append(final)
        return Curves(np.array(reports), np.array(finals))

    def at_share(self, share: float) -> Curves:
        """The same at a share of the longest curve, for a study of another length."""
        return self.at(share * self.last_step * (1.0 + 1e-9))


def pruned_outcomes(
    trials: Sequence[FrozenTrial],
    Y: Array,
    signs: Array,
    sources: Sequence[StudyCurves] = (),
) -> tuple[list[FrozenTrial], Array, Array]:
    """Pruned trials with what they would have reached: estimates and their variance.

    Left out, they would draw the search back to where trials are pruned, again and again. With too
    few complete curves beside it for an estimate, a trial is taken to end as far behind them as it
    was when it stopped, but never better than the median of the complete trials: it was pruned for
    lagging behind. With no curve at all the report itself is taken, but as no worse than the worst
    of them, whatever scale the reports are on; a trial without a report counts as the worst.

    Args:
        trials: Trials of one study.
        Y: Values of the complete ones with larger better, shape ``(n_complete, m)``; there is no
            estimate without one, nor for several objectives.
        signs: Factors that make larger values better, shape ``(m,)``.
        sources: Curves of smaller studies.

    Returns:
        The trials, their values, shape ``(n_pruned, m)``, and variances, shape ``(n_pruned,)``.
        One that nothing is known of, not even what is bad, is left out.
    """
    has_estimate = len(signs) == 1 and len(Y) > 0
    by_step = _last_reports(trials, float(signs[0])) if has_estimate else {}
    if not by_step:
        return [], np.empty((0, len(signs))), np.empty(0)
    own = StudyCurves.of(trials, float(signs[0]))
    stopped: list[FrozenTrial] = []
    means, noise_vars = [], []
    for step, ended in by_step.items():
        reports = np.array([report for _, report in ended])
        curves = own.at(step)
        if curves.is_usable:
            share = min(max(step / own.last_step, 0.0), 1.0) if own.last_step > 0 else 1.0
            at_share = [source.at_share(share) for source in sources]
            mean, noise_var = estimate(curves, at_share, reports, share)
        else:
            mean = _without_estimate(reports, curves, Y)
            noise_var = np.full(len(reports), _least_var(Y))
        is_known = ~np.isnan(mean)
        stopped += [trial for (trial, _), known in zip(ended, is_known, strict=True) if known]
        means.append(mean[is_known])
        noise_vars.append(noise_var[is_known])
    return stopped, np.concatenate(means)[:, None], np.concatenate(noise_vars)


def _least_var(Y: Array) -> float:
    """Variance of a mere guess: next to nothing, but zero is for what was measured."""
    with np.errstate(over="ignore"):
        std = _LEAST_STD * (float(np.ptp(Y)) or float(np.abs(Y).max()) or 1.0)
        return float(np.clip(np.square(std), sys.float_info.min, _LARGEST_VAR))


def _without_estimate(reports: Array, curves: Curves, Y: Array) -> Array:
    """What trials reach of which there are too few curves to tell, ``NaN`` if nobody knows.

    Args:
        reports: Last reports of stopped trials, shape ``(q,)``, minus infinity if there is none.
        curves: Complete trials that had a report at that step, if any.
        Y: Values of all complete trials.
    """
    worst = float(Y.min()) if Y.min() < Y.max() else math.nan  # of a single one, also the best
    is_telling = np.isfinite(curves.reports)
    if not is_telling.any():
        return np.asarray(np.clip(reports, worst, np.median(Y)))
    with np.errstate(over="ignore"):
        gained = float((curves.finals[is_telling] - curves.reports[is_telling]).mean())
        likely = np.minimum(reports + gained, np.median(Y))
    return np.where(np.isfinite(likely), likely, worst)


def _last_reports(
    trials: Sequence[FrozenTrial], sign: float
) -> Mapping[int, list[tuple[FrozenTrial, float]]]:
    """Pruned trials and their last report that is a number, by its step.

    A trial without one is as bad as can be, from the start: it was given up for something worse
    than a report.
    """
    by_step: dict[int, list[tuple[FrozenTrial, float]]] = defaultdict(list)
    for trial in trials:
        if trial.state == TrialState.PRUNED:
            for step, report in sorted_reports(trial, sign)[-1:] or [(_NO_STEP, -math.inf)]:
                by_step[step].append((trial, report))
    return by_step


def sorted_reports(trial: FrozenTrial, sign: float) -> list[tuple[int, float]]:
    """Steps and reports of a trial, by step, whatever order the storage returns them in."""
    reports = sorted(trial.intermediate_values.items())
    return [(step, sign * value) for step, value in reports if not math.isnan(value)]
