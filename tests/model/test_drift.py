"""How the optimum moves with size: the regression against brute force, and whole ladders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import norm

from optuna_scaleup.model import drift
from optuna_scaleup.model.drift import Optimum
from optuna_scaleup.model.drift import fit_drift
from optuna_scaleup.model.motion import MOTION_STD
from optuna_scaleup.suggest.source_fits import SourceFits
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Scales
from tests.fakes import continuous


def scales(
    log_ratios: Sequence[Sequence[float]],
    n_axes: int = 1,
    mean: float = np.nan,
    std: float = np.nan,
) -> Scales:
    ratios = np.array(log_ratios)
    shape = (n_axes, ratios.shape[1])
    return Scales(ratios, np.full(shape, mean), np.full(shape, std))


def seen(source: int, mean: float, std: float) -> Optimum:
    return Optimum(source, np.array([mean]), np.array([std**2]))


def test_slope_and_motion_are_the_posterior_of_a_brute_force_grid() -> None:
    r = np.array([4.0, 2.5, 1.0])
    measured = [(0, 0.21, 0.03), (1, 0.35, 0.02), (2, 0.42, 0.05)]
    found = fit_drift(scales(r[:, None].tolist()), [seen(*m) for m in measured])
    y, std = np.array(measured)[:, 1:].T
    slope, target = np.meshgrid(np.linspace(-0.6, 0.6, 301), np.linspace(-0.7, 1.9, 301))
    posterior = np.zeros_like(slope)
    for tau, log_prior in zip(drift._DEVIATIONS, drift._LOG_PRIOR_DEVIATIONS, strict=True):
        gap = y - (target[..., None] - slope[..., None] * r)
        terms = norm.logpdf(gap, 0.0, np.sqrt(std**2 + tau**2)).sum(axis=-1)
        posterior += np.exp(log_prior + terms)
    centres = zip(drift._CENTRE_STDS, drift._LOG_PRIOR_CENTRES, strict=True)
    posterior *= norm.pdf(slope, 0.0, drift.SLOPE_STD)
    posterior *= sum(np.exp(log_p) * norm.pdf(target, 0.5, std) for std, log_p in centres)
    posterior /= posterior.sum()
    mean = float((posterior * slope).sum())
    np.testing.assert_allclose(found.slope_mean[0, 0], mean, rtol=1e-6)
    var = float((posterior * (slope - mean) ** 2).sum())
    np.testing.assert_allclose(found.slope_cov[0, 0, 0], var, rtol=1e-6)


def test_a_clear_law_may_lead_out_of_the_space() -> None:
    """However good a guess its middle is."""
    ladder = [seen(0, 0.75, 0.01), seen(1, 0.6, 0.01), seen(2, 0.45, 0.01)]
    for ahead in (5.0, 8.0, 12.0):
        found = fit_drift(scales([[2.0 + ahead], [1.0 + ahead], [ahead]]), ladder)
        assert 0.45 + found.motion.mean[2, 0] < 0.0


@pytest.mark.parametrize("log_ratio", [2.0, 4.0, 6.0, 8.0])
def test_a_belief_counts_wherever_it_leads(log_ratio: float) -> None:
    found = fit_drift(scales([[log_ratio]], mean=-0.2, std=0.01), [seen(0, 0.5, 0.01)])
    assert found.motion.mean[0, 0] < -0.6 * 0.2 * log_ratio


def test_the_target_is_drawn_to_the_middle_of_its_space() -> None:
    left, right = (fit_drift(scales([[2.0]]), [seen(0, o, 0.02)]) for o in (0.1, 0.9))
    assert 0.05 < left.motion.mean[0, 0] < 0.4
    np.testing.assert_allclose(left.motion.mean, -right.motion.mean)


@pytest.mark.parametrize("log_ratios", [[[np.nan]], [[2.0]], [[0.0]]])
def test_without_a_measured_optimum_no_drift_is_known(log_ratios: list[list[float]]) -> None:
    found = fit_drift(scales(log_ratios), [])
    np.testing.assert_array_equal(found.motion.mean, [[0.0]])
    np.testing.assert_array_equal(found.motion.std, [[MOTION_STD]])


def test_a_source_without_a_size_has_the_default_prior() -> None:
    found = fit_drift(scales([[np.nan], [3.0]]), [seen(1, 0.2, 0.02)])
    assert (found.motion.mean[0, 0], found.motion.std[0, 0]) == (0.0, MOTION_STD)
    assert found.motion.mean[1, 0] != 0.0


def test_the_longer_the_way_the_wider_the_forecast() -> None:
    std = [
        fit_drift(scales([[r]]), [seen(0, 0.5, 0.02)]).motion.std[0, 0] for r in (0, 1, 2, 4, 40)
    ]
    assert std == sorted(std)
    assert std[0] < MOTION_STD
    assert std[-1] < 0.3  # the optimum is expected within the space, however far that is


def test_a_belief_forecasts_without_any_measurement() -> None:
    found = fit_drift(scales([[3.0]], mean=-0.05, std=0.01), [])
    np.testing.assert_allclose(found.motion.mean, [[-0.15]], rtol=0.3)
    assert 0.03 < found.motion.std[0, 0] < 0.2


def test_a_belief_about_one_size_leaves_the_other_open() -> None:
    """Of two sizes the studies differ in the first one only."""
    measured = [seen(0, 0.6, 0.02), seen(1, 0.55, 0.02)]
    alone = fit_drift(scales([[3.0], [1.0]], mean=-0.1, std=0.02), measured)
    both = fit_drift(
        Scales(
            np.array([[3.0, 0.0], [1.0, 0.0]]),
            np.array([[-0.1, np.nan]]),
            np.array([[0.02, np.nan]]),
        ),
        measured,
    )
    np.testing.assert_allclose(both.motion.mean, alone.motion.mean)
    np.testing.assert_allclose(both.motion.std, alone.motion.std)
    np.testing.assert_allclose(both.slope_mean, [[alone.slope_mean[0, 0], 0.0]], atol=1e-12)
    np.testing.assert_allclose(both.slope_cov[0, 1, 1], drift.SLOPE_STD**2)


def test_of_a_single_source_an_axis_may_be_steady() -> None:
    """However far the law may lead; not if there is a ladder to tell, nor against a belief."""
    share, std = [], []
    for r in (1.0, 4.0):
        motion = fit_drift(scales([[r]]), [seen(0, 0.5, 0.02)]).motion
        share += motion.steady_share.ravel().tolist()
        std += motion.steady_std.ravel().tolist()
        assert (motion.steady_std < motion.std).all()
    assert share == [drift._STEADY] * 2
    assert std[0] == pytest.approx(std[1])
    assert std[0] == pytest.approx(rms_deviation(), rel=0.1)
    ladder = fit_drift(scales([[3.0], [1.0]]), [seen(0, 0.2, 0.02), seen(1, 0.25, 0.02)])
    believed = fit_drift(scales([[3.0]], mean=0.0, std=0.1), [seen(0, 0.2, 0.02)])
    unknown = fit_drift(scales([[np.nan]]), [])
    for found in (ladder, believed, unknown):
        np.testing.assert_array_equal(found.motion.steady_share, 0.0)


def rms_deviation() -> float:
    """Of two deviations from a law, as a scale of Student's t."""
    var = np.exp(drift._LOG_PRIOR_DEVIATIONS) @ drift._DEVIATIONS**2
    return float(drift._T_SCALE * np.sqrt(2.0 * var))


def test_a_wrong_belief_is_overruled() -> None:
    optima = [seen(0, 0.2, 0.02), seen(1, 0.4, 0.02), seen(2, 0.6, 0.02)]
    ratios = [[6.0], [4.0], [2.0]]
    wrong = fit_drift(scales(ratios, mean=-0.1, std=0.04), optima)
    without = fit_drift(scales(ratios), optima)
    np.testing.assert_allclose(wrong.slope_mean, without.slope_mean, atol=0.035)


def test_equal_sizes_leave_the_slope_unknown() -> None:
    found = fit_drift(scales([[2.0], [2.0]]), [seen(0, 0.45, 0.02), seen(1, 0.55, 0.02)])
    assert abs(found.slope_mean[0, 0]) < 1e-9
    assert found.slope_cov[0, 0, 0] > 0.5 * drift.SLOPE_STD**2  # the middle tells a little


def test_collinear_sizes_share_the_slope() -> None:
    ratios = [[3.0, 3.0], [2.0, 2.0], [1.0, 1.0]]
    optima = [seen(0, 0.2, 0.02), seen(1, 0.4, 0.02), seen(2, 0.6, 0.02)]
    found = fit_drift(scales(ratios), optima)
    assert found.slope_mean[0, 0] == pytest.approx(found.slope_mean[0, 1])
    assert found.slope_cov[0, 0, 1] < 0.0  # one or the other: the data do not tell


def test_a_random_ladder_widens_the_forecast() -> None:
    ratios = [[6.0], [4.5], [3.0], [1.5]]
    steady = [seen(i, 0.2 + 0.1 * i, 0.02) for i in range(4)]
    random = [seen(0, 0.2, 0.02), seen(1, 0.75, 0.02), seen(2, 0.3, 0.02), seen(3, 0.5, 0.02)]
    clear, vague = fit_drift(scales(ratios), steady), fit_drift(scales(ratios), random)
    assert vague.motion.std[3, 0] > 1.5 * clear.motion.std[3, 0]
    assert abs(vague.motion.mean[3, 0]) < abs(clear.motion.mean[3, 0])


def ladder(slope: Array, seed: int, n_sources: int) -> Problem:
    rng = np.random.default_rng(seed)
    log_sizes = np.log(4.0) * np.arange(n_sources + 1)
    sources = []
    for log_size in log_sizes[:-1]:
        X = rng.random((30, 2))
        y = -((X - (np.array([0.7, 0.3]) + slope * log_size)) ** 2 @ np.array([6.0, 4.0]))
        sources.append(Dataset(X, (y + 0.02 * rng.standard_normal(30))[:, None]))
    ratios = (log_sizes[-1] - log_sizes[:-1])[:, None].tolist()
    empty = Dataset(np.empty((0, 2)), np.empty((0, 1)))
    keys = tuple(map(str, range(n_sources)))
    return Problem(continuous(2), empty, tuple(sources), None, {}, keys, scales(ratios, 2))


@pytest.mark.parametrize("n_sources", [2, 3, 4])
def test_slopes_of_a_noisy_ladder_are_found(n_sources: int) -> None:
    slope = np.array([-0.08, 0.06])
    for seed in range(2):
        found = SourceFits().drift_of(ladder(slope, seed, n_sources))
        assert found is not None
        error = found.slope_mean[:, 0] - slope
        assert np.abs(error).max() < (0.03 if n_sources == 2 else 0.0145)
        assert (np.abs(error) < 3.0 * np.sqrt(found.slope_cov[:, 0, 0])).all()
        motion = slope * np.log(4.0)
        assert (np.abs(found.motion.mean[-1] - motion) < 2.5 * found.motion.std[-1]).all()


def test_sources_carry_the_forecast() -> None:
    problem = ladder(np.array([-0.08, 0.06]), 0, 3)
    fits = SourceFits()
    found = fits.drift_of(problem)
    assert found is not None
    largest = fits.sources_of(problem)[-1]
    np.testing.assert_array_equal(largest.motion.mean, found.motion.mean[-1])
    np.testing.assert_array_equal(largest.motion.std, found.motion.std[-1])
    again = fits.drift_of(problem)
    assert again is not None
    np.testing.assert_array_equal(again.motion.mean, found.motion.mean)


def test_sizes_that_grow_together_have_a_direction() -> None:
    def found(log_ratios: Sequence[Sequence[float]]) -> list[float]:
        along = drift.ladder_direction(scales(log_ratios))
        return [] if along is None else [float(part) for part in along]

    assert found([[2.0], [1.0]]) == []  # one size
    assert found([[np.nan, np.nan]]) == []
    assert found([[0.0, 0.0]]) == []
    assert found([[3.0, 3.0], [np.nan, np.nan]]) == pytest.approx([0.5, 0.5])
    assert found([[-3.0, -6.0], [-1.5, -3.0]]) == pytest.approx([1 / 3, 2 / 3])
    assert found([[4.0, 4.1], [2.0, 1.9]]) == pytest.approx([0.5, 0.5], abs=0.01)
    assert found([[4.0, 1.0], [2.0, 2.0]]) == []  # told apart
    assert found([[4.0, 0.0], [2.0, 0.0]]) == []  # one stays
    assert found([[4.0, -4.0]]) == []  # one shrinks
