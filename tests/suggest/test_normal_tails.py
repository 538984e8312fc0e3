"""Normal tails against high-precision quadrature, and over many magnitudes."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optuna_scaleup.suggest.normal_tails import improvement_slopes
from optuna_scaleup.suggest.normal_tails import log_improvement
from optuna_scaleup.suggest.normal_tails import log_phi


STEPS = np.concatenate([np.linspace(-40.0, -1.5, 30), np.linspace(-1.1, 6.0, 24), [20.0, 300.0]])
MAGNITUDES = np.concatenate([-np.logspace(-6, 100, 300)[::-1], np.logspace(-6, 100, 300)])


def exact_log_improvement(u: float) -> float:
    """``log E[max(Z + u, 0)]`` by quadrature with 40 digits."""
    with mpmath.workdps(40):
        x = mpmath.mpf(u)
        # Relative to phi(u), since quad stops at an absolute error; the integrand falls off
        # within 1 / |u| left of the mean and peaks around u right of it.
        width = 1 / max(abs(x), 1)
        ends = [k * width for k in (0, 1, 5, 20, 60)] + [60]
        if u > 1:
            ends = [0, *[x + k for k in (-12, -4, 0, 4, 12) if x + k > 0], x + 40]
        total = mpmath.quad(lambda t: t * mpmath.exp(t * (x - t / 2)), ends)
        return float(mpmath.log(total) + mpmath.log(mpmath.npdf(x)))


def exact_slopes(u: float) -> tuple[float, float]:
    """``Phi / h`` and ``phi / h`` in closed form, with digits enough for the cancellation."""
    with mpmath.workdps(400):
        x = mpmath.mpf(u)
        phi, Phi = mpmath.npdf(x), mpmath.erfc(-x / mpmath.sqrt(2)) / 2
        h = phi + x * Phi
        return float(Phi / h), float(phi / h)


@pytest.mark.parametrize("u", STEPS)
def test_log_improvement_agrees_with_quadrature(u: float) -> None:
    expected = exact_log_improvement(u)
    ours = float(log_improvement(np.array(u)))
    assert ours == pytest.approx(expected, rel=1e-8)
    assert np.expm1(ours - expected) == pytest.approx(0.0, abs=1e-8)  # the improvement itself


@pytest.mark.parametrize("u", [*STEPS, -1e2, -999.0, -1001.0, -1e4, -1e6, -1e8, -1e10])
def test_slopes_agree_with_closed_form(u: float) -> None:
    ours = improvement_slopes(np.array([u]))
    for a, b in zip(ours, exact_slopes(u), strict=True):
        np.testing.assert_allclose(a[0], b, rtol=1e-8)


@pytest.mark.parametrize("u", [-1e5, -1e10])
def test_far_tail_agrees_with_the_asymptotic_series(u: float) -> None:
    expected = -0.5 * u * u - 0.5 * np.log(2.0 * np.pi) - 2.0 * np.log(-u)
    assert float(log_improvement(np.array(u))) == pytest.approx(expected, rel=1e-12)


def test_slopes_agree_with_finite_differences() -> None:
    u = np.array([-35.0, -8.0, -1.001, -0.999, 0.0, 0.7, 5.0])
    step = 1e-5
    slope_mean, slope_std = improvement_slopes(u)
    by_u = (log_improvement(u + step) - log_improvement(u - step)) / (2.0 * step)
    np.testing.assert_allclose(slope_mean, by_u, rtol=1e-6)
    # d/dsigma log(sigma h(m / sigma)) at sigma = 1, m = u
    up, down = (np.log(s) + log_improvement(u / s) for s in (1.0 + step, 1.0 - step))
    np.testing.assert_allclose(slope_std, (up - down) / (2.0 * step), rtol=1e-6, atol=1e-8)


def test_finite_and_monotone_over_magnitudes() -> None:
    value = log_improvement(MAGNITUDES)
    assert np.isfinite(value).all()
    assert (np.diff(value) >= 0.0).all()
    for slope in improvement_slopes(MAGNITUDES):
        assert np.isfinite(slope).all()
        assert (slope >= 0.0).all()


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1.0))
def test_monotone_between_any_two_points(u: float, gap: float) -> None:
    low, high = log_improvement(np.array([u, u + gap * max(abs(u), 1.0)]))
    assert low < high


@pytest.mark.parametrize("edge", [-1.0, -1e3])
def test_branches_meet(edge: float) -> None:
    around = edge * (1.0 + np.array([1e-9, 0.0, -1e-9]))
    value = log_improvement(around)
    expected = value[1] + improvement_slopes(around)[0][1] * (around - edge)
    np.testing.assert_allclose(value, expected, rtol=0.0, atol=1e-9)
    for slope in improvement_slopes(around):
        np.testing.assert_allclose(slope, slope[1], rtol=1e-7)


def test_large_improvement_is_the_distance() -> None:
    np.testing.assert_allclose(log_improvement(np.array([50.0, 1e6])), np.log([50.0, 1e6]))


def test_log_phi() -> None:
    np.testing.assert_allclose(np.exp(log_phi(np.array([0.0, 1.0]))), [0.3989423, 0.2419707], 1e-6)
