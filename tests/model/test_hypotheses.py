"""What a source may say as trials come in."""

from __future__ import annotations

import numpy as np
import pytest

from optuna_scaleup.model.hypotheses import hedged
from optuna_scaleup.model.hypotheses import knows_its_scale


SIZED = np.array([True])


def test_no_source_takes_over_step_by_step() -> None:
    evidence = np.log([0.6, 0.399, 0.001])
    shares = [
        np.exp(hedged(evidence, n, is_sought=True, is_sized=SIZED)) for n in (0, 7, 10, 14, 25)
    ]
    for weights in shares:
        assert weights.sum() == pytest.approx(1.0)
        assert weights[0] / weights[1] == pytest.approx(0.6 / 0.399, rel=1e-3)
    own = [weights[-1] for weights in shares]
    np.testing.assert_allclose(own[:2], 0.001)
    assert own[1] < own[2] < 0.1 < 0.4 < own[3] < own[4]
    assert own[4] == pytest.approx(1.0, abs=1e-3)


def test_of_several_sources_the_good_one_has_time_to_be_heard() -> None:
    """A second source puts off by five trials what a single one owes from the third on."""
    alone = [
        np.exp(hedged(np.log([0.8, 0.2]), n, is_sought=True, is_sized=SIZED))[-1]
        for n in (2, 3, 8)
    ]
    two = [
        np.exp(hedged(np.log([0.0001, 0.7999, 0.2]), n, is_sought=True, is_sized=SIZED))[-1]
        for n in (7, 8, 13)
    ]
    np.testing.assert_allclose(two, alone, rtol=1e-3)
    assert alone[0] < alone[1] < alone[2]


def test_a_source_that_explains_every_trial_stays_longer() -> None:
    """Two nats a trial better than the study's own model, but for the last steps."""
    own = [
        np.exp(hedged(np.array([-1e-9, -2.0 * n]), n, is_sought=True, is_sized=SIZED))[-1]
        for n in (3, 15, 30, 60)
    ]
    np.testing.assert_allclose(own, [np.exp(-5.0), 0.0, 1.0 / 3.0, 1.0], atol=1e-4)


def test_a_source_of_unknown_size_has_to_be_better_from_the_start() -> None:
    evidence = np.log([0.45, 0.35, 0.2])
    is_sized = np.array([False, True])
    now = hedged(evidence, 0, is_sought=True, is_sized=is_sized)
    np.testing.assert_allclose(now, evidence)
    for n in (1, 7):  # of two sources a known one is free until the seventh trial
        now = hedged(evidence, n, is_sought=True, is_sized=is_sized)
        assert np.exp(now).sum() == pytest.approx(1.0)
        np.testing.assert_allclose(now - now[-1], evidence - evidence[-1] - [1.0, 0.0, 0.0])
    a, b = (hedged(evidence, 10, is_sought=True, is_sized=s) for s in (is_sized, ~is_sized))
    np.testing.assert_allclose(a, b)
    kept = hedged(evidence, 5, is_sought=False, is_sized=is_sized)
    np.testing.assert_allclose(kept, evidence)


def test_where_not_the_best_value_is_sought_a_source_stays() -> None:
    evidence = np.log([0.9, 0.1])
    np.testing.assert_allclose(hedged(evidence, 14, is_sought=False, is_sized=SIZED), evidence)
    assert np.exp(hedged(evidence, 50, is_sought=False, is_sized=SIZED))[-1] == pytest.approx(
        35.0 / 45.0
    )


def test_without_a_source_there_is_nothing_to_hedge() -> None:
    np.testing.assert_array_equal(
        hedged(np.zeros(1), 20, is_sought=True, is_sized=SIZED), np.zeros(1)
    )


def test_a_source_that_is_already_ignored_is_not_given_weight() -> None:
    evidence = np.log([0.01, 0.99])
    np.testing.assert_allclose(hedged(evidence, 2, is_sought=True, is_sized=SIZED), evidence)
    assert hedged(evidence, 17, is_sought=True, is_sized=SIZED)[-1] > evidence[-1]


def test_a_study_tells_its_own_scale_from_the_fourth_trial_on() -> None:
    assert [knows_its_scale(n, is_sought=True) for n in (3, 4)] == [False, True]
    assert [knows_its_scale(n, is_sought=False) for n in (14, 15)] == [False, True]
