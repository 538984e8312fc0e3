"""Pruned trials read beside the curves of complete ones."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

import numpy as np
import optuna
import pytest
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup.data.curves import StudyCurves
from optuna_scaleup.data.curves import pruned_outcomes


SIGNS = {"minimize": np.array([-1.0]), "maximize": np.array([1.0])}


def trial(reports: dict[int, float], value: float | None = None) -> FrozenTrial:
    state = TrialState.PRUNED if value is None else TrialState.COMPLETE
    return optuna.create_trial(state=state, value=value, intermediate_values=reports)


def study(n_steps: int, levels: list[float]) -> list[FrozenTrial]:
    """Complete trials whose curves fall to ``level`` like ``level + 1 / step``."""
    return [trial({s: level + 1.0 / s for s in range(1, n_steps + 1)}, level) for level in levels]


def outcome(
    trials: list[FrozenTrial],
    direction: str = "minimize",
    sources: Sequence[list[FrozenTrial]] = (),
) -> tuple[float, float]:
    """Estimate and standard deviation of the only pruned trial, in the study's own direction."""
    signs = SIGNS[direction]
    Y = np.array([[signs[0] * t.value] for t in trials if t.value is not None])
    source_curves = [StudyCurves.of(source, float(signs[0])) for source in sources]
    stopped, mean, noise_var = pruned_outcomes(trials, Y, signs, source_curves)
    assert [t.state for t in stopped] == [TrialState.PRUNED]
    return float(signs[0] * mean[0, 0]), float(np.sqrt(noise_var[0]))


LEVELS = [1.0, 1.2, 1.5, 1.7, 2.0, 2.2, 2.5]


def test_the_estimate_lies_on_the_curves() -> None:
    """The report at step 4 stands 1/4 above what the others of its level reached."""
    mean, std = outcome([*study(20, LEVELS), trial({1: 3.0, 4: 2.25})])
    assert abs(mean - 2.0) < 0.3
    assert 0.0 < std < 1.0


def test_directions_are_alike() -> None:
    curves = study(20, LEVELS)
    mirrored = [
        trial({s: -v for s, v in t.intermediate_values.items()}, -t.values[0]) for t in curves
    ]
    mean, std = outcome([*curves, trial({4: 2.25})])
    assert outcome([*mirrored, trial({4: -2.25})], "maximize") == pytest.approx((-mean, std))


def test_reports_may_be_on_another_scale() -> None:
    curves = study(20, LEVELS)
    percent = [
        trial({s: 100 * v for s, v in t.intermediate_values.items()}, t.value) for t in curves
    ]
    expected = outcome([*curves, trial({4: 2.25})])
    assert outcome([*percent, trial({4: 225.0})]) == pytest.approx(expected)


def test_a_report_that_is_no_number_gives_way_to_the_one_before() -> None:
    curves = study(20, LEVELS)
    expected = outcome([*curves, trial({4: 2.25})])
    assert outcome([*curves, trial({5: np.nan, 4: 2.25})]) == expected


def test_complete_trials_may_report_at_other_steps() -> None:
    """What counts is their latest report until then."""
    curves = study(20, LEVELS)
    early = [
        trial({3: t.intermediate_values[4], 20: t.intermediate_values[20]}, t.value)
        for t in curves
    ]
    expected = outcome([*curves, trial({4: 2.25})])
    assert outcome([*early, trial({4: 2.25})]) == pytest.approx(expected)


def test_complete_trials_without_reports_do_not_disturb() -> None:
    curves = study(20, LEVELS)
    silent = [trial({}, 9.0), trial({3: np.nan}, 9.0)]
    expected = outcome([*curves, trial({4: 2.25})])
    assert outcome([*silent, *curves, trial({4: 2.25})]) == expected


def test_a_source_of_another_length_is_read_at_the_same_share() -> None:
    """Step 2 of its 10 is step 20 of 100; only there its reports tell the finals."""
    levels = np.random.default_rng(0).normal(size=40)
    noise = np.random.default_rng(1).normal(size=(2, 40))
    own = [*study(100, LEVELS[:3]), trial({20: 5.0})]

    def source(telling_step: int) -> list[FrozenTrial]:
        reports = [dict(enumerate([a, b], start=1)) for a, b in noise.T]
        return [
            trial({**r, telling_step: level, 10: level}, level)
            for r, level in zip(reports, levels, strict=True)
        ]

    telling, _ = outcome(own, sources=[source(2)])
    silent, _ = outcome(own, sources=[source(3)])
    assert telling > silent


@pytest.mark.parametrize("n_steps", [10, 49, 98])
def test_a_share_of_a_curve_is_a_step_of_it(n_steps: int) -> None:
    """Although 1 / 49 of 49 steps is less than one step to a computer."""
    curves = StudyCurves.of(study(n_steps, LEVELS), 1.0)
    for step in range(1, n_steps + 1):
        found, expected = curves.at_share(step / n_steps), curves.at(step)
        np.testing.assert_array_equal(found.reports, expected.reports)


def test_of_many_curves_the_latest_are_read() -> None:
    levels = [float(i) for i in range(300)]
    curves = StudyCurves.of(study(1, levels), 1.0)
    np.testing.assert_array_equal(curves.finals, levels[-256:])


def test_several_objectives_and_no_complete_trial_have_no_estimate() -> None:
    stopped, Y, noise_var = pruned_outcomes([trial({1: 1.0})], np.empty((0, 1)), SIGNS["minimize"])
    assert (len(stopped), Y.shape, noise_var.shape) == (0, (0, 1), (0,))
    stopped, Y, noise_var = pruned_outcomes([trial({1: 1.0})], np.ones((3, 2)), np.ones(2))
    assert (len(stopped), Y.shape, noise_var.shape) == (0, (0, 2), (0,))


PRUNERS: list[Callable[[], optuna.pruners.BasePruner]] = [
    lambda: optuna.pruners.MedianPruner(n_startup_trials=3),
    lambda: optuna.pruners.PercentilePruner(30.0, n_startup_trials=3),
    lambda: optuna.pruners.SuccessiveHalvingPruner(min_resource=2),
    lambda: optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9),
    lambda: optuna.pruners.PatientPruner(optuna.pruners.MedianPruner(n_startup_trials=3), 2),
]


@pytest.mark.parametrize("pruner", PRUNERS)
@pytest.mark.parametrize("direction", list(StudyDirection)[1:])
def test_pruners(
    pruner: Callable[[], optuna.pruners.BasePruner], direction: StudyDirection
) -> None:
    """Reports on another scale than the value, some NaN; a source with curves of its own."""
    sign = 1.0 if direction == StudyDirection.MINIMIZE else -1.0

    def objective(trial: optuna.Trial) -> float:
        loss = (trial.suggest_float("x", 0, 1) - 0.3) ** 2
        for step in range(9):
            report = (
                np.nan
                if step == 4 and trial.number % 2
                else 100.0 * sign * (loss + 0.3 / (step + 1))
            )
            trial.report(report, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return sign * loss

    source = optuna.create_study(
        direction=direction, sampler=optuna.samplers.RandomSampler(seed=0), pruner=pruner()
    )
    source.optimize(objective, n_trials=12)
    study = optuna.create_study(
        direction=direction, sampler=ScaleUpSampler(source, seed=0), pruner=pruner()
    )
    study.optimize(objective, n_trials=9)
    assert sign * study.best_value < 0.01
