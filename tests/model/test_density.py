"""The log posterior of the hyperparameters: value against dense oracles, gradient against them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel
from sklearn.gaussian_process.kernels import Matern
from sklearn.gaussian_process.kernels import WhiteKernel

from optuna_scaleup.model import warp
from optuna_scaleup.model.density import OFFSET_VAR
from optuna_scaleup.model.density import Density
from optuna_scaleup.model.gp import LEVELS
from optuna_scaleup.model.gp import VALUES
from optuna_scaleup.model.gp import Hyperprior
from optuna_scaleup.model.gp import gp_density
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import Departure
from optuna_scaleup.model.sources import FittedSource
from optuna_scaleup.model.sources import fit_source
from optuna_scaleup.model.sources import transfer_density
from optuna_scaleup.types import Array
from tests import oracles
from tests.fakes import continuous
from tests.fakes import feature_map
from tests.fakes import mixed_points
from tests.fakes import mixed_space
from tests.fakes import quadratic


SHARES = [0.0, 0.4]  # of the variance that is additive


def thetas(density: Density, n: int, seed: int = 0) -> Array:
    """Plausible hyperparameters around the prior's centre."""
    prior = density.prior
    rng = np.random.default_rng(seed)
    return np.asarray(prior.loc + 0.7 * prior.scale * rng.standard_normal((n, len(prior.loc))))


def log_jacobian(density: Density, theta: Array) -> Array:
    """``log |dz / dy|``; the best value is the anchor, not a datum."""
    t = density.unpack(theta)
    v, _ = density.warped(t)
    return np.asarray(warp.log_slope(v).sum(-1) - (density.n_trials - 1) * t.log_scale)


def log_likelihood(density: Density, theta: Array) -> Array:
    """Log density of the warped values."""
    value, _ = density.value_and_grad(theta, with_grad=False)
    return np.asarray(value - density.prior.log_density(theta) - log_jacobian(density, theta))


def mixed_rows(n: int, optimum: float, seed: int, noisy: bool) -> Rows:
    rng = np.random.default_rng(seed)
    X = mixed_points(n, rng)
    y = quadratic(X, optimum) + 0.3 * rng.standard_normal(n)
    y[0] -= 20.0
    fm = feature_map(mixed_space(), X)
    return Rows.of(fm, X, y, np.linspace(0.0, 0.2, n) if noisy else None)


def mixed_source(seed: int = 3, hyperprior: Hyperprior = VALUES) -> FittedSource:
    rows = mixed_rows(14, 0.3, seed, noisy=False)
    columns = np.arange(rows.features.shape[1])
    return fit_source(rows, columns, np.arange(4), 4, hyperprior=hyperprior)


class TestAgainstScikitLearn:
    """A density without a parent is scikit-learn's GP on the warped values."""

    X = np.random.default_rng(0).random((15, 3))
    y = quadratic(X, 0.4)

    @pytest.fixture
    def density(self) -> Density:
        rows = Rows.of(feature_map(continuous(3), self.X), self.X, self.y)
        return gp_density(rows, float(np.log(2.0 * np.ptp(self.y))))

    @pytest.fixture
    def theta(self, density: Density) -> Array:
        """Such that all values lie in the linear half of the warp."""
        return np.array([*np.log([0.4, 0.9, 2.5]), -0.3, np.log(0.02), density.prior.loc[-1]])

    def regressor(self, density: Density, theta: Array) -> GaussianProcessRegressor:
        lengthscales, (amplitude, noise) = np.exp(theta[:3]), np.exp(theta[3:5])
        kernel = ConstantKernel(amplitude) * Matern(lengthscales, nu=2.5)
        kernel = kernel + ConstantKernel(OFFSET_VAR) + WhiteKernel(noise)
        z = 1.0 + (self.y - self.y.max()) / np.exp(theta[-1])
        assert (z >= 0.0).all()
        mean = oracles.bowl(self.X, np.arange(3), density.bowl_weight)
        return GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(self.X, z - mean)

    def test_log_marginal_likelihood(self, density: Density, theta: Array) -> None:
        expected = self.regressor(density, theta).log_marginal_likelihood_value_
        ours = log_likelihood(density, theta[None])[0]
        np.testing.assert_allclose(ours, expected, rtol=1e-6)

    def test_gradient(self, density: Density, theta: Array) -> None:
        regressor = self.regressor(density, theta)
        _, expected = regressor.log_marginal_likelihood(regressor.kernel_.theta, True)
        amplitude, *lengthscales, _, noise = expected
        _, grad = density.value_and_grad(theta[None])
        ours = (grad - density.prior.gradient(theta[None]))[0]
        np.testing.assert_allclose(ours[:5], [*lengthscales, amplitude, noise], rtol=1e-6)

    def test_warped_values(self, density: Density, theta: Array) -> None:
        v, z = density.warped(density.unpack(theta[None]))
        np.testing.assert_allclose(v[0], 1.0 + (self.y - self.y.max()) / np.exp(theta[-1]))
        np.testing.assert_array_equal(z, v)


class TestJacobian:
    """The likelihood is one of the raw values, so scales can be compared."""

    def test_finite_difference(self) -> None:
        rows = mixed_rows(8, 0.4, 0, noisy=False)
        density = gp_density(rows, 0.0)
        theta = thetas(density, 1)
        t = density.unpack(theta)
        step = 1e-5
        n = len(rows.y)
        moved = [
            Density(Rows(rows.features, rows.axis, rows.shiftable, y), density.prior)
            for y in (rows.y + step, rows.y - step)
        ]
        for m in moved:
            m.anchor = density.anchor
        up, down = (m.warped(t)[1][0] for m in moved)
        slope = (up - down) / (2.0 * step)
        rest = np.arange(n) != np.argmax(rows.y)
        assert (density.warped(t)[0] < 0.0).any()
        expected = np.log(slope[rest]).sum()
        np.testing.assert_allclose(log_jacobian(density, theta)[0], expected, rtol=1e-6)

    @pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
    def test_integrates_over_the_worse_value(self, scale: float) -> None:
        """Of two values with the better one given: the mass below it, whatever the scale."""
        X = np.array([[0.2], [0.7]])
        fm = feature_map(continuous(1), X)
        theta = np.array([[np.log(0.4), 0.0, np.log(0.1), np.log(scale)]])

        def log_value(gap: float) -> float:
            density = gp_density(Rows.of(fm, X, np.array([5.0, 5.0 - gap])), 0.0)
            value, _ = density.value_and_grad(theta, with_grad=False)
            return float(value[0] - density.prior.log_density(theta)[0])

        log_gap = np.linspace(-12.0, 15.0, 600)
        integrand = np.exp([log_value(np.exp(g)) + g for g in log_gap])
        mass = integrate.trapezoid(integrand, log_gap)
        z = np.linspace(-14.0, 1.0, 600)
        density = gp_density(Rows.of(fm, X, np.array([5.0, 4.0])), 0.0)
        mean, cov = oracles.plain_prior(
            X, fm.axis, np.array([0]), density.bowl_weight, density.unpack(theta)
        )
        cov = cov + 0.1 * np.eye(2)
        below = [np.exp(oracles.log_normal(np.array([1.0, u]), mean, cov)) for u in z]
        np.testing.assert_allclose(mass, integrate.trapezoid(below, z), rtol=1e-3)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("noisy", [False, True])
def test_plain_value_agrees_with_the_dense_oracle(noisy: bool, share: float) -> None:
    rows = mixed_rows(9, 0.4, 1, noisy)
    density = gp_density(rows, 0.3, additive_share=share)
    for theta in thetas(density, 3)[:, None]:
        t = density.unpack(theta)
        v, z = density.warped(t)
        mean, cov = oracles.plain_prior(
            rows.features, rows.axis, rows.shiftable, density.bowl_weight, t, share
        )
        expected = oracles.log_normal(z[0], mean, cov + np.diag(density.noise(t, v)[0]))
        np.testing.assert_allclose(log_likelihood(density, theta)[0], expected, rtol=1e-8)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("noisy", [False, True])
def test_value_with_a_parent_agrees_with_the_dense_joint_gp(noisy: bool, share: float) -> None:
    """``p(target | source) = p(source, target) / p(source)``."""
    source = mixed_source()
    rows = mixed_rows(7, 0.45, 2, noisy)
    density = transfer_density(rows, source, additive_share=share)
    parent, z_parent = source.parent, oracles.values_of(source.parent)
    m = len(z_parent)
    for theta in thetas(density, 3)[:, None]:
        t = density.unpack(theta)
        v, z = density.warped(t)
        mean, cov = oracles.joint_prior(parent, rows.features, rows.axis, t, share)
        cov = cov + np.diag([*oracles.noise_of(parent), *density.noise(t, v)[0]])
        joint = oracles.log_normal(np.concatenate([z_parent, z[0]]), mean, cov)
        alone = oracles.log_normal(z_parent, mean[:m], cov[:m, :m])
        np.testing.assert_allclose(log_likelihood(density, theta)[0], joint - alone, rtol=1e-6)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("has_parent", [False, True])
@pytest.mark.parametrize("hyperprior", [VALUES, LEVELS], ids=["values", "levels"])
def test_gradient_agrees_with_finite_differences(
    hyperprior: Hyperprior, has_parent: bool, noisy: bool, share: float
) -> None:
    rows = mixed_rows(9, 0.45, 4, noisy)
    density = gp_density(rows, 0.5, hyperprior, additive_share=share)
    if has_parent:
        source = mixed_source(hyperprior=hyperprior)
        density = transfer_density(rows, source, hyperprior, additive_share=share)

    def value(theta: Array) -> float:
        return float(density.value_and_grad(theta[None], with_grad=False)[0][0])

    batch = thetas(density, 3, seed=5)
    values, grads = density.value_and_grad(batch)
    for theta, one, grad in zip(batch, values, grads, strict=True):
        np.testing.assert_allclose(one, value(theta), rtol=1e-12)
        expected = oracles.finite_difference(value, theta)
        np.testing.assert_allclose(grad, expected, rtol=1e-5, atol=1e-5)


def test_gradient_with_a_parent_that_knows_some_axes_only() -> None:
    rng = np.random.default_rng(6)
    X_source, X = rng.random((10, 2)), rng.random((6, 3))
    source_rows = Rows.of(feature_map(continuous(2), X_source), X_source, quadratic(X_source, 0.3))
    source = fit_source(source_rows, np.array([0, 2]), np.array([0, 2]), 3)
    density = transfer_density(
        Rows.of(feature_map(continuous(3), X), X, quadratic(X, 0.45)), source
    )
    theta = thetas(density, 1)[0]
    _, grad = density.value_and_grad(theta[None])
    expected = oracles.finite_difference(
        lambda x: float(density.value_and_grad(x[None], with_grad=False)[0][0]), theta
    )
    np.testing.assert_allclose(grad[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("has_parent", [False, True])
def test_order_of_rows_is_irrelevant(has_parent: bool) -> None:
    rows = mixed_rows(8, 0.45, 7, noisy=True)
    assert rows.noise_var is not None
    order = np.random.default_rng(0).permutation(8)
    mixed = Rows(
        rows.features[order], rows.axis, rows.shiftable, rows.y[order], rows.noise_var[order]
    )
    source = mixed_source()
    a, b = (
        transfer_density(r, source) if has_parent else gp_density(r, 0.5) for r in (rows, mixed)
    )
    theta = thetas(a, 2)
    np.testing.assert_allclose(a.value_and_grad(theta)[0], b.value_and_grad(theta)[0], rtol=1e-9)


def test_values_in_another_unit_move_the_scale_only() -> None:
    rows = mixed_rows(8, 0.45, 8, noisy=False)
    other = Rows(rows.features, rows.axis, rows.shiftable, 1000.0 * rows.y - 17.0)
    a, b = gp_density(rows, 0.5), gp_density(other, 0.5 + float(np.log(1000.0)))
    theta = thetas(a, 2)
    moved = theta + np.array([0.0] * (theta.shape[1] - 1) + [np.log(1000.0)])
    np.testing.assert_allclose(log_likelihood(a, theta), log_likelihood(b, moved), rtol=1e-9)
    va, vb = a.value_and_grad(theta), b.value_and_grad(moved)
    np.testing.assert_allclose(va[0] - vb[0], 7.0 * np.log(1000.0), rtol=1e-9)
    np.testing.assert_allclose(va[1], vb[1], rtol=1e-6, atol=1e-7)


def test_levels_are_modelled_as_they_are() -> None:
    """However bad a value, only its distance counts; likelihoods are of values in their unit."""
    rows = mixed_rows(8, 0.45, 8, noisy=False)
    density = gp_density(rows, 0.5, LEVELS)
    theta = thetas(density, 3)
    t = density.unpack(theta)
    _, z = density.warped(t)
    unit = np.exp(t.log_scale)[:, None]
    np.testing.assert_allclose(unit * (z - 1.0), (rows.y - rows.y.max()) * np.ones((3, 1)))
    mean, cov = oracles.plain_prior(
        rows.features, rows.axis, rows.shiftable, density.bowl_weight, density.unpack(theta[:1])
    )
    cov = cov + np.exp(t.log_noise_var[0]) * np.eye(8)
    expected = oracles.log_normal(z[0], mean, cov) - 7.0 * t.log_scale[0]
    value = density.value_and_grad(theta)[0] - density.prior.log_density(theta)
    np.testing.assert_allclose(value[0], expected, rtol=1e-8)


def test_extra_noise_is_measured_in_the_unit_of_the_values() -> None:
    """In the linear half, extra variance ``s**2 c`` is a noise variance of ``c``."""
    X = np.random.default_rng(9).random((6, 1))
    y = quadratic(X, 0.4)
    fm = feature_map(continuous(1), X)
    density = gp_density(Rows.of(fm, X, y, np.full(6, 0.03)), 0.0)
    theta = np.array([[-1.0, 0.0, np.log(0.02), np.log(2.0)]])
    t = density.unpack(theta)
    v, _ = density.warped(t)
    assert (v >= 0.0).all()
    np.testing.assert_allclose(density.noise(t, v), 0.02 + 0.03 / 4.0, rtol=1e-12)


def test_parent_brings_its_own_bowl() -> None:
    rows = mixed_rows(8, 0.45, 8, noisy=False)
    density = transfer_density(rows, mixed_source())
    other = Density(rows, density.prior, density.parent, bowl_weight=3.0)
    theta = thetas(density, 2)
    np.testing.assert_array_equal(density.value_and_grad(theta)[0], other.value_and_grad(theta)[0])


@pytest.mark.parametrize("kind", ["plain", "smooth", "levels", "with a parent"])
def test_fewer_trials_are_a_matter_of_the_rows_alone(kind: str) -> None:
    def model(rows: Rows) -> Density:
        if kind == "with a parent":
            departure = Departure(offset_var=0.5)
            return transfer_density(rows, mixed_source(), departure=departure, additive_share=0.4)
        if kind == "smooth":
            return gp_density(rows, 0.5, is_smooth=True)
        if kind == "levels":
            return gp_density(rows, 0.5, LEVELS)
        return gp_density(rows, 0.5, bowl_weight=0.7, additive_share=0.4)

    rows = mixed_rows(14, 0.4, 0, noisy=True)
    thin, expected = model(rows).thinned(9), model(rows.representative(9))
    theta = thetas(expected, 3)
    for ours, direct in zip(
        thin.value_and_grad(theta), expected.value_and_grad(theta), strict=True
    ):
        np.testing.assert_array_equal(ours, direct)


def test_no_trials_and_one_trial() -> None:
    X = np.array([[0.3]])
    fm = feature_map(continuous(1), X)
    empty = gp_density(Rows.of(fm, X[:0], np.empty(0)), 0.0)
    theta = thetas(empty, 2)
    np.testing.assert_allclose(empty.value_and_grad(theta)[0], empty.prior.log_density(theta))
    one = gp_density(Rows.of(fm, X, np.array([-7.0])), 0.0)
    value, grad = one.value_and_grad(theta)
    assert np.isfinite(value).all()
    assert np.isfinite(grad).all()
