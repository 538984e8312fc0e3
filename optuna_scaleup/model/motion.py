"""How far the optimum of a small study lies from that of the large one: a prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optuna_scaleup.types import Array


MOTION_STD = 0.1  # widths of the space, where no size is known
MOTION_DOF = 4.0  # most axes hardly move, one may move far


@dataclass(frozen=True)
class Motion:
    """Prior of how far the optimum of a source lies from the target's, along each axis.

    Either it hardly moved, or it went somewhere: Student's t with ``MOTION_DOF`` both. All in
    widths of the space, shape ``(..., d)``.

    Attributes:
        mean: Where it went.
        std: Scale of that expectation's error.
        steady_share: Probability that it hardly moved.
        steady_std: Scale of what "hardly" means.
    """

    mean: Array
    std: Array
    steady_share: Array
    steady_std: Array

    @classmethod
    def unknown(cls, shape: tuple[int, ...]) -> Motion:
        """Where no size is known."""
        return cls(*(np.full(shape, c) for c in (0.0, MOTION_STD, 0.0, MOTION_STD)))

    def at(self, index: int | Array) -> Motion:
        """Along some axes, or of one of several sources."""
        fields = self.mean, self.std, self.steady_share, self.steady_std
        return Motion(*(np.asarray(field[index]) for field in fields))

    def moments(self) -> tuple[Array, Array]:
        """Mean and variance over both."""
        share, var_of_t = self.steady_share, MOTION_DOF / (MOTION_DOF - 2.0)
        mean = (1.0 - share) * self.mean
        square = (1.0 - share) * (self.mean**2 + var_of_t * self.std**2)
        square = square + share * var_of_t * self.steady_std**2
        return mean, square - mean**2
