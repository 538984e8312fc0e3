"""What people read: intervals, recommendations, reports."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.interval import Odds
from optuna_scaleup.report.interval import number
from optuna_scaleup.report.recommendation import Extrapolation
from optuna_scaleup.report.recommendation import Recommendation
from optuna_scaleup.report.recommendation import param_rows
from optuna_scaleup.report.transfer import Calibration
from optuna_scaleup.report.transfer import Shift
from optuna_scaleup.report.transfer import SourceReport
from optuna_scaleup.report.transfer import TransferReport


AROUND_ONE = Interval(1.0, (0.9, 1.1), (0.5, 2.0))


def test_intervals_of_draws_are_quantiles() -> None:
    draws = np.random.default_rng(0).normal(size=20_000)
    interval = Interval.of_draws(draws)
    np.testing.assert_allclose(interval.outer, np.quantile(draws, [0.05, 0.95]), atol=1e-3)
    np.testing.assert_allclose(interval.inner, np.quantile(draws, [0.25, 0.75]), atol=1e-3)


def test_weights_count_as_repetitions() -> None:
    draws, weights = np.array([3.0, 1.0, 2.0]), np.array([200, 100, 300])
    ours = Interval.of_draws(draws, weights)
    np.testing.assert_allclose(ours.median, np.interp(300, [50, 250, 500], [1, 2, 3]))
    assert ours.outer == (1.0, 3.0)


def test_quantiles_in_any_direction_are_the_same() -> None:
    assert Interval.of([5, 4, 3, 2, 1]) == Interval.of([1, 2, 3, 4, 5])


def recommendation() -> Recommendation:
    return Recommendation(
        params={"lr": 0.001, "act": "<relu>"},
        value=AROUND_ONE,
        optimum={"lr": AROUND_ONE, "act": Odds({"<relu>": 0.7, "tanh": 0.3})},
        extrapolation=Extrapolation({"params": 5.0}, {"params": 25.0}, ("lr",)),
        n_trials=2,
        source_weights={"small": 0.75},
        own_share=0.25,
    )


def test_recommendations_read_well() -> None:
    text = str(recommendation()).splitlines()
    assert text[0] == (
        "Recommendation from 2 large trials and the sources; expected value (90 %): 1 [0.5, 2]"
    )
    assert text[2].split() == ["lr", "0.001", "0.9", "to", "1.1", "0.5", "to", "2"]
    assert text[3].endswith("<relu> 70 %, tanh 30 %")
    assert text[4] == (
        "Extrapolation: params × 5 (the sources span × 25); outside all values tried: lr"
    )


@pytest.mark.parametrize(
    ("outer", "told"),
    [
        ((0.0, 0.0697), "at most 0.0697"),
        ((-0.0697, 0.0), "at least -0.0697"),
        ((-0.5, 0.0697), "0 [-0.5, 0.0697]"),
        ((0.0, 0.0), "0 [0, 0]"),
    ],
)
def test_a_value_cut_off_at_zero_has_one_end(outer: tuple[float, float], told: str) -> None:
    """A median there is no promise that the loss will be zero."""
    one = replace(recommendation(), value=Interval(0.0, (0.0, 0.0), outer))
    assert str(one).splitlines()[0].endswith(f"; expected value (90 %): {told}")


def test_a_value_that_is_not_known_has_its_reason() -> None:
    one = replace(recommendation(), value=None)
    assert "not known, as a source is judged the other way" in str(one)


def test_without_a_source_no_sizes_are_missed() -> None:
    one = replace(recommendation(), source_weights={}, extrapolation=Extrapolation())
    assert "Extrapolation" not in str(one) + one._repr_html_()
    beyond = replace(one, extrapolation=Extrapolation(outside=("lr",)))
    assert str(beyond).endswith("\nExtrapolation: outside all values tried: lr")


def test_sizes_are_told_as_far_as_they_are_known() -> None:
    assert str(Extrapolation()) == "sizes not known"
    assert str(Extrapolation(outside=("lr",))) == "sizes not known; outside all values tried: lr"
    assert str(Extrapolation({"n": 2.0})) == (
        "n × 2 (one source of known size, which shows no trend)"
    )


@pytest.mark.parametrize(
    ("n_trials", "weights", "own_share", "told"),
    [
        (0, {"small": 0.8}, 0.2, "the sources alone"),
        (1, {"small": 0.06}, 0.94, "1 large trial and the sources"),
        (9, {"small": 0.2, "mid": 0.1}, 0.96, "9 large trials alone, as no source counts"),
        (3, {}, 1.0, "3 trials, without a source"),
    ],
)
def test_a_title_names_what_counts(
    n_trials: int, weights: dict[str, float], own_share: float, told: str
) -> None:
    """A source that explains the trials no better than the study's own model has no say."""
    one = replace(recommendation(), n_trials=n_trials, source_weights=weights, own_share=own_share)
    assert str(one).startswith(f"Recommendation from {told}; expected")


@pytest.mark.parametrize(("n_feasible", "told"), [(None, ""), (1, ""), (0, " that broke a ")])
def test_a_title_says_that_nothing_was_feasible(n_feasible: int | None, told: str) -> None:
    one = replace(recommendation(), n_trials=3, source_weights={}, n_feasible=n_feasible)
    assert (" that broke a constraint" in str(one)) == bool(told)
    assert one.to_dict()["n_feasible"] == n_feasible


def test_digits_tell_the_ends_of_an_interval_apart() -> None:
    narrow = Interval(1e6 + 0.0625, (1e6 + 0.05, 1e6 + 0.075), (1e6, 1e6 + 0.125))
    assert str(narrow) == "1000000.06 [1000000, 1000000.12]"
    assert str(Interval(0.99993, (0.99992, 0.99994), (0.99991, 0.99995))) == (
        "0.99993 [0.99991, 0.99995]"
    )
    assert str(Interval(1 / 3, (0.3, 0.4), (-1e3, 1e3))) == "0.3333 [-1000, 1000]"
    assert str(Interval(0.0, (0.0, 0.0), (0.0, 0.0))) == "0 [0, 0]"
    assert str(Interval(1e6, (1e6, 1e6), (1e6, 1e6))) == "1e+06 [1e+06, 1e+06]"
    assert str(Interval(1.0, (-1e308, 1e308), (-1.7e308, 1.7e308))) == "1 [-1.7e+308, 1.7e+308]"


def test_integers_are_written_out_as_long_as_they_can_be_read() -> None:
    assert [number(n) for n in (0, -12345, 999_999_999)] == ["0", "-12345", "999999999"]
    assert number(2**60) == "1.153e+18"


def test_equal_choices_share_their_odds() -> None:
    odds = Odds.of([0, 1, 2, True], [0.25, 0.25, 0.125, 0.375])
    assert odds.probabilities == {0: 0.25, 1: 0.625, 2: 0.125}
    assert sum(odds.to_dict().values()) == 1.0


def test_texts_that_read_like_something_else_stand_in_quotes() -> None:
    odds = Odds.of(["1", 1, "None", None, "adam"], [0.3, 0.25, 0.2, 0.15, 0.1])
    assert str(odds) == "'1' 30 %, 1 25 %, 'None' 20 %, None 15 %, adam 10 %"
    params = {"a": "1e-3", "b": 1e-3, "c": "", "d": "True", "e": True, "f": "gelu"}
    rows = param_rows(replace(recommendation(), params=params, optimum={}))
    assert [row[1] for row in rows] == ["'1e-3'", "0.001", "''", "'True'", "True", "gelu"]


def test_many_choices_are_summed_up() -> None:
    names = [f"c{i}" for i in range(20)]
    odds = Odds.of(names, [0.5, *[0.1] * 3, *[0.0125] * 16])
    assert str(odds).startswith("c0 50 %, c1 10 %, c2 10 %, c3 10 %, c4 1 %, ")
    assert str(odds).endswith(", c7 1 %, 12 others 15 %")
    assert str(Odds.of(range(500), [0.002] * 500)) == "0 0.2 %, 499 others 100 %"
    assert str(Odds.of("ab", [1.0, 0.0])) == "a 100 %"


def test_long_choices_are_wrapped() -> None:
    names = [f"a choice of many words, number {i}, " + 40 * "x" for i in range(8)]
    odds = Odds.of(names, [0.125] * 8)
    one = replace(recommendation(), params={"lr": 0.1, "c": names[0]}, optimum={"c": odds})
    text = str(one)
    assert max(map(len, text.splitlines())) < 160
    for name in names:
        assert all(word in text for word in name.split())


def report() -> TransferReport:
    return TransferReport(
        study="large",
        n_trials=4,
        sources=(
            SourceReport("<small>", 30),
            SourceReport("mid", 40, {"n": 2.0}, 0.5, AROUND_ONE, {"lr": Shift(AROUND_ONE, True)}),
        ),
        no_source_weight=0.5,
        exponents={"lr": {"n": AROUND_ONE}},
        calibration=Calibration(4, 3, 1, AROUND_ONE),
        advice="Go on.",
    )


def test_reports_read_well() -> None:
    text = str(report())
    assert "Transfer to study 'large' after 4 trials\nGo on.\n" in text
    assert "<small>    30      not used  larger sources count" in text
    unrelated = replace(report(), sources=(SourceReport("<small>", 0),))
    assert "<small>    0       not used  says nothing of these parameters" in str(unrelated)
    assert "× 1 [0.5, 2]" in text
    assert "3 of 4 outcomes lie in the 90 % interval predicted before, 1 below, 0 above" in text


def test_one_is_singular() -> None:
    one = replace(report(), n_trials=1, calibration=Calibration(1, 1, 0, AROUND_ONE))
    assert "after 1 trial\n" in str(one)
    assert "1 of 1 outcome lies in the 90 % interval predicted before, 0 below" in str(one)


@pytest.mark.parametrize(("own_share", "told"), [(1.0, (0, 100)), (0.164, (84, 16))])
def test_shares_in_the_next_suggestion(own_share: float, told: tuple[int, int]) -> None:
    said = "Shares in the next suggestion: sources {} %, the study's own trials alone {} %."
    assert said.format(*told) in str(replace(report(), own_share=own_share))


@pytest.mark.parametrize("shown", [recommendation(), report()])
def test_html_is_escaped_and_values_are_plain(shown: Recommendation | TransferReport) -> None:
    markup = shown._repr_html_()
    assert "&lt;" in markup
    assert "<relu>" not in markup
    assert "<small>" not in markup
    assert markup.count("<table>") == markup.count("</table>") > 0
    assert json.loads(json.dumps(shown.to_dict())) == shown.to_dict()
