"""Correlation of two sets of points: Matern-5/2 of all axes together and of each by itself.

    k(a, b) = (1 - share) * m(|a - b|) + share / d * sum_j m(|a_j - b_j|)

with ``m`` from Rasmussen & Williams (2006), eq. 4.17, and distances in lengthscales. The additive
part (Duvenaud et al., 2011, "Additive Gaussian processes") lets a trial speak of every point that
shares one of its coordinates: what is learned of a learning rate holds in the far corners as well,
which no distance over all axes reaches with few trials.

A smooth kernel is the squared exponential (eq. 4.9) of all axes together: no better for a search,
but where a landscape is smooth it locates the optimum from noisy trials with less error.

All functions broadcast over leading batch dimensions, so one call serves a single GP or a batch
of hyperparameter draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optuna_scaleup.types import Array


_MAX_SUMMED_AXES = 30  # every one costs as much as the kernel of all


@dataclass(frozen=True)
class Kernel:
    """Which features belong to one axis, and how much each axis explains by itself.

    Attributes:
        axis: Axis of each feature, ``0 .. d - 1``, those of one axis side by side, shape ``(D,)``.
        additive_share: Share of the variance that is a sum over single axes.
        is_smooth: Whether it is the squared exponential, which has no such share here.
    """

    axis: Array
    additive_share: float
    is_smooth: bool = False

    def __post_init__(self) -> None:
        if self.is_smooth and self.additive_share:
            raise ValueError("A smooth kernel has no additive share.")

    @cached_property
    def share(self) -> float:
        """The additive share in use: none of one axis, which is all there is, nor of very many."""
        return self.additive_share if 1 < len(self.firsts) <= _MAX_SUMMED_AXES else 0.0

    @cached_property
    def firsts(self) -> Array:
        """First feature of each axis, shape ``(d,)``."""
        return np.flatnonzero(np.diff(self.axis, prepend=-1))

    @cached_property
    def slices(self) -> list[slice]:
        """Features of each axis."""
        return [
            slice(*ends)
            for ends in zip(self.firsts, [*self.firsts[1:], len(self.axis)], strict=True)
        ]

    def __call__(self, A: Array, B: Array) -> Array:
        """Correlations.

        Args:
            A: Points divided by their lengthscales, shape ``(..., n, D)``.
            B: The same for the other side, shape ``(..., m, D)``.

        Returns:
            Shape ``(..., n, m)``.
        """
        sqd = squared_distances(A, B)
        joint = squared_exponential(sqd) if self.is_smooth else matern52(sqd)
        if not self.share:
            return joint
        joint *= len(self.firsts) * (1.0 / self.share - 1.0)
        if A is B:
            self._add_single_axes_of_pairs(joint, A)
        else:
            self._add_single_axes(joint, A, B)
        joint *= self.share / len(self.firsts)
        return joint

    def _add_single_axes(self, total: Array, A: Array, B: Array) -> None:
        # One axis after the other, in the same memory: what fits into the cache is much faster.
        r, value = np.empty_like(total), np.empty_like(total)
        for axis in self.slices:
            _distances_along(A[..., axis], B[..., axis], out=r)
            total += _matern52_of(r, out=value)

    def _add_single_axes_of_pairs(self, total: Array, A: Array) -> None:
        """The same for the points among themselves, every pair once."""
        n = A.shape[-2]
        one, other = np.tril_indices(n, -1)
        pairs = total[..., one, other]
        r, value = np.empty_like(pairs), np.empty_like(pairs)
        for axis in self.slices:
            _distances_of_pairs(A[..., axis], one, other, out=r)
            pairs += _matern52_of(r, out=value)
        total[..., one, other] = pairs
        total[..., other, one] = pairs
        total[..., np.arange(n), np.arange(n)] += len(self.firsts)

    def between(self, A: Array, B: Array, with_slopes: bool = False) -> Correlation:
        """Correlations that can be differentiated, if slopes are asked; see :meth:`__call__`."""
        if not with_slopes:
            return Correlation(self, A, B, self(A, B), np.empty(0), None)
        sqd = squared_distances(A, B)
        if self.is_smooth:
            value = squared_exponential(sqd)
            return Correlation(self, A, B, value, -0.5 * value, None)
        value, slope = matern52_and_slope(sqd)
        if not self.share:
            return Correlation(self, A, B, value, slope, None)
        weight = self.share / len(self.firsts)
        single, single_slope = matern52_and_slope(self.axis_squares(A, B))
        value = (1.0 - self.share) * value + weight * single.sum(axis=-3)
        return Correlation(self, A, B, value, (1.0 - self.share) * slope, weight * single_slope)

    def axis_squares(self, A: Array, B: Array) -> Array:
        """Squared distances along each axis, shape ``(..., d, n, m)``."""
        if len(self.firsts) < len(self.axis):
            along = [squared_distances(A[..., axis], B[..., axis]) for axis in self.slices]
            return np.stack(along, axis=-3)
        gap = np.swapaxes(A, -1, -2)[..., :, None] - np.swapaxes(B, -1, -2)[..., None, :]
        gap *= gap
        return np.asarray(gap)


@dataclass(frozen=True)
class Correlation:
    """Correlations of two sets of points and their slopes.

    Attributes:
        kernel: What made them.
        A: Scaled points, shape ``(..., n, D)``.
        B: Scaled points of the other side, shape ``(..., m, D)``.
        value: Shape ``(..., n, m)``.
        slope: Derivative in the squared distance over all axes, same shape; empty if not asked.
        axis_slopes: Derivative in that along each axis, ``(..., d, n, m)``; none without a share.
    """

    kernel: Kernel
    A: Array
    B: Array
    value: Array
    slope: Array
    axis_slopes: Array | None

    def pull(self, H: Array) -> Array:
        """``sum_n H[n, m] * dk[n, m] / dB[m]``: chain rule to the points of the other side.

        Args:
            H: Derivative of a scalar in every correlation, shape ``(..., n, m)``.

        Returns:
            Shape ``(..., m, D)``.
        """
        pulled = _pulled(H * self.slope, self.A, self.B)
        if self.axis_slopes is not None:
            pulled = pulled + self._pulled_along_axes(H[..., None, :, :] * self.axis_slopes)
        return np.asarray(2.0 * pulled)

    def _pulled_along_axes(self, by_axis: Array) -> Array:
        """The same of slopes along each axis, shape ``(..., d, n, m)``."""
        if len(self.kernel.firsts) < len(self.kernel.axis):
            along = [
                _pulled(by_axis[..., j, :, :], self.A[..., axis], self.B[..., axis])
                for j, axis in enumerate(self.kernel.slices)
            ]
            return np.concatenate(along, axis=-1)
        A, B = np.swapaxes(self.A, -1, -2), np.swapaxes(self.B, -1, -2)
        of_axes = by_axis.sum(-2) * B - (A[..., None, :] @ by_axis)[..., 0, :]
        return np.swapaxes(of_axes, -1, -2)


def _pulled(slopes: Array, A: Array, B: Array) -> Array:
    """Sums of ``slopes[n, m] * (B[m] - A[n])`` over ``n``, shape ``(..., m, D)``."""
    return np.asarray(slopes.sum(-2)[..., None] * B - np.swapaxes(slopes, -1, -2) @ A)


def squared_distances(A: Array, B: Array) -> Array:
    """Squared Euclidean distances.

    Args:
        A: Points already divided by their lengthscales, shape ``(..., n, D)``.
        B: The same for the other side, shape ``(..., m, D)``.

    Returns:
        Shape ``(..., n, m)``, never negative.
    """
    cross = A @ np.swapaxes(B, -1, -2)
    cross *= -2.0
    cross += np.einsum("...nd,...nd->...n", A, A)[..., :, None]
    cross += np.einsum("...md,...md->...m", B, B)[..., None, :]
    return np.asarray(np.maximum(cross, 0.0, out=cross))


def _distances_along(A: Array, B: Array, out: Array) -> None:
    """Distances by the features of one axis, in lengthscales over root five."""
    if A.shape[-1] > 1:
        np.sqrt(5.0 * squared_distances(A, B), out=out)
        return
    np.subtract(5.0**0.5 * A, 5.0**0.5 * np.swapaxes(B, -1, -2), out=out)
    np.abs(out, out=out)


def _distances_of_pairs(A: Array, one: Array, other: Array, out: Array) -> None:
    """The same between the points ``one`` and ``other`` of ``A``, each an index of pairs."""
    if A.shape[-1] > 1:
        np.sqrt(5.0 * squared_distances(A, A)[..., one, other], out=out)
        return
    scaled = 5.0**0.5 * A[..., 0]
    np.subtract(scaled[..., one], scaled[..., other], out=out)
    np.abs(out, out=out)


def squared_exponential(sqd: Array) -> Array:
    """Correlation at squared scaled distance ``sqd``, elementwise."""
    return np.asarray(np.exp(-0.5 * sqd))


def matern52(sqd: Array) -> Array:
    """Correlation at squared scaled distance ``sqd``, elementwise."""
    r = np.sqrt(5.0 * sqd)
    return _matern52_of(r, out=np.empty_like(r))


def _matern52_of(r: Array, out: Array) -> Array:
    """Correlation at distance ``r`` in lengthscales over root five; uses up ``r``."""
    np.divide(r, 3.0, out=out)
    out += 1.0
    out *= r
    out += 1.0
    np.negative(r, out=r)
    out *= np.exp(r, out=r)
    return out


def matern52_and_slope(sqd: Array) -> tuple[Array, Array]:
    """Correlation and its derivative with respect to ``sqd``, finite at zero distance."""
    r = np.sqrt(5.0 * sqd)
    decay = np.exp(-r)
    return ((r / 3.0 + 1.0) * r + 1.0) * decay, (-5.0 / 6.0) * (1.0 + r) * decay
