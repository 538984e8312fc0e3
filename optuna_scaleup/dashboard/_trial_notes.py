"""Why each trial was tried, as a note on the trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import TrialState

from optuna_scaleup._optuna import enqueued_params
from optuna_scaleup.dashboard._history import Known
from optuna_scaleup.dashboard._markdown import escaped
from optuna_scaleup.data.encoding import NumericEncoding
from optuna_scaleup.data.encoding import encoding_of
from optuna_scaleup.data.outcomes import signs_of
from optuna_scaleup.data.prediction import Prediction
from optuna_scaleup.data.prediction import read_prediction
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.interval import number


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


_SAME = 1e-6  # widths of a range
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def trial_note(study: Study, trial: FrozenTrial, known: Known, labels: Sequence[str]) -> str:
    """The note on one trial, in Markdown.

    Args:
        study: Its study.
        trial: A trial that has ended.
        known: What the study knew when it started.
        labels: Names of the sources in use and, last, of "no source".
    """
    prediction = read_prediction(trial)
    lines = [f"### Why this point\n\n{_reason(study, trial, prediction, known)}\n"]
    if prediction.value_interval is not None:
        lines.append(f"- predicted: {_predicted(prediction.value_interval)} with 90 % probability")
    if known.best is not None:
        lines.append(f"- best before: {_value(known.best, prediction)}")
    outcome = _outcome(study, trial, prediction)
    if outcome:
        lines.append(f"- came out: {outcome}")
    if prediction.source_weights:
        lines.append(f"- listened to: {_weights(prediction, labels)}")
    if prediction.seconds is not None:
        lines.append(f"- the suggestion took {number(prediction.seconds)} s")
    return "\n".join(lines)


def _reason(study: Study, trial: FrozenTrial, prediction: Prediction, known: Known) -> str:
    given = enqueued_params(trial)
    is_open = any(k not in given and not d.single() for k, d in trial.distributions.items())
    if given and not is_open:
        return "**Given**: this point was enqueued, so nobody else chose it."
    kept = ", ".join(f"`{name}`" for name in trial.params if name in given)
    if kept:
        whose = "another sampler" if prediction.seconds is None else "the sampler, to go with it"
        return f"**Given in part**: {kept} enqueued, the rest chosen by {whose}."
    if prediction.value_interval is None:
        return _reason_unvalued(study, prediction)
    low, median, high = prediction.value_interval
    is_up = study.directions[0] == StudyDirection.MAXIMIZE
    hope = high if is_up else low
    best = known.best
    if best is None:
        return _reason_unrivalled(known)
    if _is_better(study, median, best):
        return "**Exploit**: expected to be better than the best so far."
    if len(prediction.source_weights) > 1 and _is_centre(trial):
        return (
            "**Explore**: expected to be no better than the best so far, but the centre of the "
            "space, which tells whether a source misleads."
        )
    if _is_better(study, hope, best):
        return (
            "**Explore**: expected to be no better than the best so far, but unsure enough that "
            f"it may be: {'up' if is_up else 'down'} to {_value(hope, prediction)}."
        )
    return "**Explore**: not expected to be better, tried for what it teaches."


def _reason_unrivalled(known: Known) -> str:
    """Why a trial was tried when there was no value to improve on."""
    if known.has_broken:
        return "**Explore**: a look for what keeps the constraints, no feasible value being known."
    if known.is_first:
        return "**Exploit**: the best guess from the sources alone."
    return "**Explore**: a look elsewhere, no value being known yet."


def _is_centre(trial: FrozenTrial) -> bool:
    """Whether every number is the middle one of its range, as once in a warm study."""
    encodings = {name: encoding_of(d) for name, d in trial.distributions.items() if not d.single()}
    numeric = {n: e for n, e in encodings.items() if isinstance(e, NumericEncoding)}
    gaps = [
        abs(e.encode([trial.params[name]]) - 0.5) - abs(e.axis.snap(np.array([0.5])) - 0.5)
        for name, e in numeric.items()
    ]
    return bool(gaps) and bool(np.max(gaps) < _SAME)


def _reason_unvalued(study: Study, prediction: Prediction) -> str:
    """Why a trial was tried of which no value was predicted."""
    if prediction.seconds is None:
        return "**Elsewhere**: another sampler chose this point."
    if len(study.directions) > 1:
        return "**Trade-off**: expected to add most to the Pareto front."
    if prediction.source_weights:
        return (
            "**Best guess**: the model chose this point, but tells no value of it: the sources "
            "are judged the other way than this study, or set it no finite limits."
        )
    return "**Start**: chosen before the model knew anything of the study."


def _outcome(study: Study, trial: FrozenTrial, prediction: Prediction) -> str:
    if trial.state == TrialState.PRUNED:
        return "pruned"
    if trial.state == TrialState.FAIL:
        return "failed"
    values = ", ".join(_value(value, prediction) for value in trial.values)
    side = prediction.side_of(trial.values[0]) if len(trial.values) == 1 else None
    if side is None:
        return f"**{values}**"
    if side == 0:
        return f"**{values}**, inside the interval"
    is_better = _is_better(study, side, 0)
    return f"**{values}**, {'better' if is_better else 'worse'} than the interval"


def _predicted(quantiles: tuple[float, float, float]) -> str:
    """The median and the interval; of a value that is cut off at zero its other end."""
    low, median, high = quantiles
    interval = Interval(median, (median, median), (low, high))
    if interval.bound:
        return f"**{interval.bound}**"
    low_text, text, high_text = map(interval.number, quantiles)
    return f"**{text}**, between {low_text} and {high_text}"


def _value(value: float, prediction: Prediction) -> str:
    """In as many digits as tell the ends of the predicted interval apart."""
    low, _, high = prediction.value_interval or (0.0, 0.0, 0.0)
    return number(value, span=high - low)


def _weights(prediction: Prediction, labels: Sequence[str]) -> str:
    """The weights as percentages, the largest first."""
    named = zip(reversed(labels), reversed(prediction.source_weights), strict=False)
    ranked = sorted(named, key=lambda pair: -pair[1])
    return ", ".join(f"{escaped(label)} {100 * weight:.0f} %" for label, weight in ranked)


def _is_better(study: Study, value: float, other: float) -> bool:
    sign = signs_of(study.directions)[0]
    return bool(sign * value > sign * other)
