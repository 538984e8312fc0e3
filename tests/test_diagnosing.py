"""What a large study learnt about its sources."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import optuna
import pytest
from scipy.stats import kendalltau
from scipy.stats import norm

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source
from optuna_scaleup import TransferReport
from optuna_scaleup._optuna import study_attrs
from optuna_scaleup.data.prediction import write_prediction
from optuna_scaleup.model.diagnosis import rank_agreement
from optuna_scaleup.model.diagnosis import rank_agreement_quantiles
from optuna_scaleup.report.advice import advice
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.transfer import Calibration
from optuna_scaleup.report.transfer import SourceReport
from optuna_scaleup.types import Suggestion


SPACE: dict[str, optuna.distributions.BaseDistribution] = {
    "lr": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
    "mom": optuna.distributions.FloatDistribution(0.0, 1.0),
}


def loss(params: dict[str, Any], size: float) -> float:
    """The best ``lr`` is proportional to ``size ** -0.5``, the best ``mom`` stays."""
    gap = np.log10(params["lr"] / (0.1 * size**-0.5)), 2 * (params["mom"] - 0.6)
    return float(np.square(gap).sum()) + 1.0 / size


def study_of(size: float, n_trials: int, seed: int = 0, name: str | None = None) -> optuna.Study:
    sampler = optuna.samplers.RandomSampler(seed=seed)
    study = optuna.create_study(study_name=name or f"size {size}", sampler=sampler)
    for _ in range(n_trials):
        trial = study.ask(SPACE)
        study.tell(trial, loss(trial.params, size))
    return study


@pytest.fixture(scope="module")
def ladder() -> TransferReport:
    sources = [Source(study_of(size, 20, seed), scale=size) for seed, size in enumerate((1, 10))]
    return ScaleUpSampler(sources, scale=100, seed=0).diagnose(study_of(100, 8, 5))


def contains(interval: Interval, value: float) -> bool:
    return interval.outer[0] <= value <= interval.outer[1]


def test_weights_add_up(ladder: TransferReport) -> None:
    weights = [source.weight or 0.0 for source in ladder.sources]
    assert sum(weights) + ladder.no_source_weight == pytest.approx(1.0)
    assert [source.label for source in ladder.sources] == ["size 1", "size 10"]
    assert [source.n_trials for source in ladder.sources] == [20, 20]
    assert ladder.n_trials == 8


def test_shifts_are_those_of_the_optimum(ladder: TransferReport) -> None:
    for source, factor in zip(ladder.sources, (0.1, 10**-0.5), strict=True):
        lr, mom = source.shifts["lr"], source.shifts["mom"]
        assert lr.is_factor
        assert not mom.is_factor
        assert contains(lr.amount, factor)
        assert contains(mom.amount, 0.0)
        assert lr.amount.outer[1] < 1.0


def test_shifts_stay_within_the_range() -> None:
    """The best value of the source is the end of the range: it can only go back."""
    small = optuna.create_study()
    for lr in (*np.geomspace(1e-4, 0.1, 12), 0.3, 1.0):
        small.add_trial(
            optuna.create_trial(
                params={"lr": float(lr)},
                distributions={"lr": SPACE["lr"]},
                value=float(np.log10(lr) ** 2),
            )
        )
    report = ScaleUpSampler(small, seed=0).diagnose(optuna.create_study())
    low, high = report.sources[0].shifts["lr"].amount.outer
    assert 1e-4 <= low < 0.5
    assert 1.0 <= high < 1.5


def test_exponents_are_those_of_the_law(ladder: TransferReport) -> None:
    assert ladder.exponents.keys() == {"lr"}  # an exponent of the other one means nothing
    exponent = ladder.exponents["lr"]["size"]
    assert contains(exponent, -0.5)
    assert exponent.median == pytest.approx(-0.5, abs=0.15)


def test_sizes_that_grow_together_have_an_exponent_of_their_product() -> None:
    """Which of the two moves the best value cannot be told; that it moves can."""
    sources = [
        Source(study_of(size, 20, seed), scale={"params": size, "tokens": 20.0 * size})
        for seed, size in enumerate((1, 10))
    ]
    sampler = ScaleUpSampler(sources, scale={"params": 100, "tokens": 2000}, seed=0)
    exponents = sampler.diagnose(study_of(100, 8, 5)).exponents["lr"]
    assert list(exponents) == ["params", "tokens", "params × tokens"]
    assert contains(exponents["params"], 0.0)
    assert exponents["params × tokens"].outer[1] < 0.0
    assert exponents["params × tokens"].median == pytest.approx(-0.25, abs=0.08)


def test_the_large_study_counts_for_its_exponents() -> None:
    """One source shows no trend; with the large study there are two."""
    sampler = ScaleUpSampler(Source(study_of(1, 20), scale=1), scale=100, seed=0)
    before, after = (
        sampler.diagnose(study_of(100, n, 5)).exponents["lr"]["size"] for n in (0, 14)
    )
    widths = [exponent.outer[1] - exponent.outer[0] for exponent in (before, after)]
    assert widths[1] < 0.6 * widths[0]
    assert contains(after, -0.5)
    assert after.median == pytest.approx(-0.5, abs=0.1)


def test_good_sources_rank_well(ladder: TransferReport) -> None:
    for source in ladder.sources:
        assert source.rank_agreement is not None
        assert source.rank_agreement.outer[0] > 0.2
    assert ladder.advice.startswith("Source 'size 1")


def test_rank_agreement_is_kendalls() -> None:
    rng = np.random.default_rng(0)
    for ties in (1.0, 3.0):
        a, b = np.round(rng.normal(size=(2, 12)) * ties) / ties
        assert rank_agreement(a, b) == pytest.approx(kendalltau(a, b).statistic)
    assert np.isnan(rank_agreement(np.zeros(3), np.arange(3.0)))


@pytest.mark.parametrize("n", range(4, 31))
def test_no_rank_agreement_is_zero(n: int) -> None:
    """Not a number such as -2.2e-16, which reports would show."""
    low, middle, high = rank_agreement_quantiles(0.0, n, [0.05, 0.5, 0.95])
    assert middle == 0.0
    assert low == pytest.approx(-high)


def test_rank_agreement_of_few_trials_is_unsure() -> None:
    few, many = (rank_agreement_quantiles(1.0, n, [0.05])[0] for n in (3, 30))
    assert few < 0.5 < 0.9 < many
    # Without agreement the spread is that of Kendall's tau.
    tau = rank_agreement_quantiles(0.0, 30, [0.16, 0.84])
    assert np.ptp(tau) / 2 == pytest.approx((2 * 65 / (9 * 30 * 29)) ** 0.5, rel=0.05)


def opposite_of(study: optuna.Study) -> optuna.Study:
    opposite = optuna.create_study(study_name="opposite")
    for trial in study.trials:
        opposite.add_trial(
            optuna.create_trial(
                params=trial.params,
                distributions=trial.distributions,
                value=-float(trial.values[0]),
            )
        )
    return opposite


def test_a_misleading_source_is_told_of() -> None:
    report = ScaleUpSampler(opposite_of(study_of(1, 20)), seed=0).diagnose(study_of(1, 12, 3))
    assert report.no_source_weight > 0.5
    assert report.sources[0].shifts == {}  # any would do
    agreement = report.sources[0].rank_agreement
    assert agreement is not None
    assert agreement.median < 0.3


def test_no_law_is_learnt_between_unlike_problems() -> None:
    small, large = opposite_of(study_of(1, 20)), study_of(1, 12, 3)
    sampler = ScaleUpSampler(Source(small, scale=1), scale=100, seed=0)
    before, after = (sampler.diagnose(study) for study in (study_of(1, 0), large))
    assert after.exponents == before.exponents
    assert before.sources[0].shifts.keys() == {"lr", "mom"}
    assert after.sources[0].shifts == {}


def test_predictions_are_checked_and_nothing_is_written() -> None:
    sampler = ScaleUpSampler(study_of(1, 15), seed=0)
    study = optuna.create_study(sampler=sampler)
    for factor in (1.0, 1.0, 1e6):
        trial = study.ask(SPACE)
        study.tell(trial, factor * (1.0 + loss(trial.params, 1)))
    attrs = [dict(trial.system_attrs) for trial in study.trials]
    calibration = sampler.diagnose(study).calibration
    assert [dict(trial.system_attrs) for trial in study.trials] == attrs
    assert calibration is not None
    assert calibration.n_predictions == 3
    assert calibration.n_inside <= 2
    assert contains(calibration.coverage, calibration.n_inside / 3)


def predicted(study: optuna.Study, weights: tuple[float, ...] = ()) -> optuna.Trial:
    """A running trial of which a loss between 0 and 2 is expected."""
    trial = study.ask(SPACE)
    suggestion = Suggestion(np.zeros(2), (-2.0, -1.0, 0.0), weights)
    write_prediction(study, study.trials[trial.number], suggestion, np.array([-1.0]), 0.0)
    return trial


def test_outcomes_lie_in_below_or_above_what_was_predicted() -> None:
    """Those that are none, or not of a whole run, lie nowhere."""
    study = optuna.create_study()
    for outcome in (0.0, 1.5, -5.0, 2.5, 7.0, 8.0, np.inf):
        study.tell(predicted(study), outcome)
    study.tell(predicted(study), state=optuna.trial.TrialState.FAIL)
    pruned = predicted(study)
    pruned.report(1.0, step=1)
    study.tell(pruned, state=optuna.trial.TrialState.PRUNED)
    study.tell(study.ask(SPACE), 1.0)
    calibration = ScaleUpSampler().diagnose(study).calibration
    assert calibration is not None
    counts = calibration.n_predictions, calibration.n_inside, calibration.n_below
    assert counts == (6, 2, 1)


def test_since_when_sources_are_ignored_is_when_they_were_last_heard() -> None:
    """A trial that was suggested without a model says nothing of that."""
    small = optuna.create_study(study_name="small")
    large = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for trial in study_of(1, 20).trials:
        mirrored = optuna.create_trial(
            params=trial.params,
            distributions=trial.distributions,
            value=-float(trial.values[0]),
        )
        small.add_trial(mirrored)
    heard, ignored = (0.5, 0.5), (0.01, 0.99)
    for weights in (ignored, heard, (), ignored, (), ignored, *[()] * 14):
        running = predicted(large, weights)
        large.tell(running, loss(running.params, 1))
    report = ScaleUpSampler(small, seed=0).diagnose(large)
    assert report.no_source_weight > 0.95
    assert report.advice.startswith("The source misleads: it is ignored since trial 3.")


def test_of_many_sources_the_largest_are_in_use() -> None:
    sources = [study_of(size, 6) for size in (1, 2, 4, 8)]
    report = ScaleUpSampler(sources, seed=0).diagnose(study_of(16, 3, 1))
    assert [source.weight is None for source in report.sources] == [True, False, False, False]
    used = [source.weight or 0.0 for source in report.sources]
    assert sum(used) + report.no_source_weight == pytest.approx(1.0)
    assert "not used  larger sources count" in str(report)


def test_exponents_belong_to_their_sizes_in_whatever_order() -> None:
    """The optimum moves with the parameters; the tokens are the same for all."""
    ladder = [
        Source(study_of(size, 12, size), scale={"tokens": 5.0, "params": size}) for size in (1, 10)
    ]
    found = [
        ScaleUpSampler(ladder, scale=scale, drift_prior={}, seed=0)
        .diagnose(optuna.create_study())
        .exponents["lr"]
        for scale in ({"tokens": 5.0, "params": 100}, {"params": 100, "tokens": 5.0})
    ]
    assert found[0] == found[1]
    assert found[0]["params"].median < -0.1
    # Nothing is known of the tokens but that a slope is a tenth of the range, or less.
    unknown = norm.ppf(0.95) * 0.1 * np.log(1.0 / 1e-4)
    assert found[0]["tokens"].outer == pytest.approx((-unknown, unknown))


def test_studies_without_trials_or_sources() -> None:
    study = optuna.create_study()
    report = ScaleUpSampler(study_of(1, 10), seed=0).diagnose(study)
    assert study_attrs(study) == {}
    assert report.n_trials == 0
    assert report.sources[0].rank_agreement is None
    assert (
        report.sources[0].shifts["lr"].amount.outer[0]
        < 1
        < report.sources[0].shifts["lr"].amount.outer[1]
    )
    assert "No trial of the study has a value yet" in report.advice
    alone = ScaleUpSampler().diagnose(study_of(1, 3))
    assert (alone.sources, alone.no_source_weight, alone.calibration) == ((), 1.0, None)
    assert alone.advice == "The study has no source: it is on its own."


def test_why_a_source_is_not_in_use() -> None:
    """One whose trials have all failed would say something of these parameters."""
    failed, foreign = optuna.create_study(), optuna.create_study()
    for _ in range(3):
        failed.tell(failed.ask(SPACE), state=optuna.trial.TrialState.FAIL)
        foreign.tell(foreign.ask({"other": optuna.distributions.FloatDistribution(0, 1)}), 1.0)
    report = ScaleUpSampler([failed, foreign], seed=0).diagnose(study_of(1, 3))
    assert [source.is_empty for source in report.sources] == [True, False]
    rows = str(report).splitlines()[3:5]
    assert [row.split("not used  ")[1] for row in rows] == [
        "has no usable trial",
        "says nothing of these parameters",
    ]


def test_bad_requests() -> None:
    with pytest.raises(TypeError, match="`study` is an Optuna study"):
        ScaleUpSampler().diagnose("study")  # type: ignore[arg-type]
    two = optuna.create_study(study_name="two", directions=["minimize"] * 2)
    with pytest.raises(ValueError, match=r"one objective, but study 'two' has 2\. `optuna"):
        ScaleUpSampler().diagnose(two)
    study = study_of(1, 2, name="mine")
    with pytest.raises(ValueError, match="'mine' is its own source"):
        ScaleUpSampler(study).diagnose(study)


SURE = Interval(-0.5, (-0.6, -0.4), (-0.8, -0.2))
AGREES = Interval(0.5, (0.4, 0.6), (0.2, 0.8))
UNSURE = Interval(0.5, (0.2, 0.7), (-0.1, 0.9))
SLIGHT = Interval(0.1, (-0.1, 0.3), (-0.2, 0.5))


@pytest.mark.parametrize(
    ("sources", "no_source", "since", "told"),
    [
        ([("a", 0.02, None)], 0.98, 6, "The source misleads: it is ignored since trial 6."),
        ([("a", 0.01, None), ("b", 0.01, None)], 0.98, None, "mislead: they are ignored."),
        ([("a", 0.5, SURE)], 0.5, None, "Source 'a' ranks the large trials the wrong way round"),
        ([("a", 0.01, None), ("b", 0.8, AGREES)], 0.19, None, "'b' helps most; 'a' could be left"),
        ([("a", 0.4, None), ("b", 0.5, AGREES)], 0.1, None, "Source 'b' helps most: go on"),
        ([("a", 0.4, None), ("b", 0.6, UNSURE)], 0.0, None, "Source 'b' helps most: go on"),
        ([("a", 0.97, UNSURE)], 0.03, None, "8 trials are too few to tell whether it helps."),
        ([("a", 0.01, None), ("b", 0.9, UNSURE)], 0.09, None, "Nothing speaks against source 'b'"),
        ([("a", 1.0, SLIGHT)], 0.0, None, "Source 'a' explains the values best, but hardly tells"),
        ([("a", 0.9, SLIGHT)], 0.1, None, "Source 'a' hardly tells so far which large trials"),
        ([("a", 0.49, None)], 0.51, None, "The study's own trials say more than any source"),
        ([("a", None, None)], 1.0, None, "on its own"),
    ],
)
def test_advice(sources: list[Any], no_source: float, since: int | None, told: str) -> None:
    reports = tuple(SourceReport(n, 9, weight=w, rank_agreement=r) for n, w, r in sources)
    report = TransferReport("large", 8, reports, no_source, own_share=no_source)
    assert told in advice(report, since)


def of(*sources: SourceReport, no_source: float, own_share: float | None = None) -> str:
    """The advice after eight trials."""
    own_share = no_source if own_share is None else own_share
    return advice(TransferReport("large", 8, sources, no_source, own_share=own_share), 4)


def test_advice_knows_what_the_next_suggestion_rests_on() -> None:
    """Evidence for a source, and all the same no share of it in what comes next."""
    good, unsure = (SourceReport("a", 9, weight=w, rank_agreement=UNSURE) for w in (1.0, 0.9))
    assert of(good, no_source=0.0, own_share=0.94).endswith("helps most: go on with it.")
    assert of(good, no_source=0.0, own_share=0.96) == (
        "Source 'a' told what it knew; the study's own trials say more by now."
    )
    assert of(unsure, no_source=0.1, own_share=0.96).startswith("The study's own trials say more")


def test_a_wrong_direction_is_told_of_sources_that_mislead_as_well() -> None:
    """A source upside down is what loses all its weight."""
    reversed_source = SourceReport("a", 9, weight=0.01, rank_agreement=SURE)
    assert of(reversed_source, no_source=0.99) == (
        "The source misleads: it is ignored since trial 4. 'a' ranks the large trials the wrong "
        "way round: check the direction of its study."
    )


def test_sizes_that_tell_the_drift_cannot_be_left_out() -> None:
    small, unsized = (SourceReport(n, 9, s, 0.01) for n, s in (("s", {"n": 1.0}), ("u", {})))
    large = SourceReport("l", 9, {"n": 4.0}, 0.97, AGREES)
    assert of(small, large, no_source=0.02) == "Source 'l' helps most: go on with it."
    assert "'u' could be left out" in of(small, unsized, large, no_source=0.01)
    twin = replace(small, scale={"n": 4.0})
    assert "'s' could be left out" in of(twin, large, no_source=0.02)


def test_a_constant_source_says_nothing() -> None:
    """Beside a large study that is constant, too, all evidence is for it."""
    constant = optuna.create_study(study_name="constant")
    large = optuna.create_study()
    for study, seed, n_trials in ((constant, 0, 12), (large, 1, 6)):
        for trial in study_of(1, n_trials, seed).trials:
            study.add_trial(
                optuna.create_trial(
                    params=trial.params, distributions=trial.distributions, value=1.0
                )
            )
    report = ScaleUpSampler(constant, seed=0).diagnose(large)
    assert report.sources[0].is_constant
    assert report.sources[0].shifts == {}
    assert report.advice == (
        "All 12 values of source 'constant' are the same, so it does not tell what is good: is "
        "its objective what it should be?"
    )
    assert "no differences to rank" in str(report)


@pytest.mark.parametrize("n_trials", [1, 4])
def test_a_weight_needs_trials(n_trials: int) -> None:
    """By chance noise has such a weight after so few."""
    sources = (SourceReport("a", 9, weight=0.995),)
    report = TransferReport("large", n_trials, sources, 0.005, own_share=0.0)
    assert "too few to tell" in advice(report, None)
    assert "go on with it" in advice(replace(report, n_trials=5), None)


def test_noise_is_not_recommended() -> None:
    rng = np.random.default_rng(0)
    noise = optuna.create_study(study_name="noise")
    for trial in study_of(1, 30).trials:
        noise.add_trial(
            optuna.create_trial(
                params=trial.params, distributions=trial.distributions, value=rng.normal()
            )
        )
    report = ScaleUpSampler(noise, seed=0).diagnose(study_of(1, 3, 3))
    assert report.sources[0].weight is not None
    assert "go on with it" not in report.advice


def test_surprises_are_told_of() -> None:
    calibration = Calibration(10, 5, 5, Interval(0.5, (0.4, 0.6), (0.3, 0.7)))
    sources = (SourceReport("a", 9, weight=0.9),)
    report = TransferReport("large", 8, sources, 0.1, {}, calibration, own_share=0.1)
    assert "surprise" in advice(report, None)
    few, lucky = replace(calibration, n_predictions=4), Interval(0.7, (0.6, 0.8), (0.4, 0.92))
    for unsure in (few, replace(calibration, coverage=lucky)):
        assert "surprise" not in advice(replace(report, calibration=unsure), None)


def test_sources_that_are_not_given_here() -> None:
    small = study_of(1, 12, name="small")
    large = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    large.optimize(lambda trial: trial.suggest_float("lr", 1e-4, 1e-1, log=True), n_trials=2)
    report = ScaleUpSampler().diagnose(large)
    assert "Nothing is said of 'small', which the study last learnt from" in report.advice


def test_what_a_suggestion_rests_on_is_told_beside_the_evidence() -> None:
    """A source without a size has less say than the evidence for it."""
    report = ScaleUpSampler(study_of(1.0, 20), seed=0).diagnose(study_of(4.0, 14, seed=1))
    assert report.own_share > report.no_source_weight + 0.1
    assert f"the study's own trials alone {100 * report.own_share:.0f} %." in str(report)
    assert report.to_dict()["own_share"] == report.own_share
