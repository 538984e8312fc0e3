"""Trials of one study as the models see them."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property

import numpy as np

from optuna_scaleup.model import warp
from optuna_scaleup.model.features import FeatureMap
from optuna_scaleup.types import Array


@dataclass(frozen=True)
class Rows:
    """Trials of one study on the features that a model uses.

    Attributes:
        features: Shape ``(n, D)``.
        axis: Axis of each feature, numbered ``0 .. n_axes - 1`` without gaps, shape ``(D,)``.
        shiftable: Numeric features, shape ``(n_shift,)``.
        y: Values, shape ``(n,)``, larger is better.
        noise_var: Extra noise variance in squared units of ``y``, shape ``(n,)``, if any.
    """

    features: Array
    axis: Array
    shiftable: Array
    y: Array
    noise_var: Array | None = None

    @cached_property
    def n_axes(self) -> int:
        return int(self.axis.max()) + 1 if len(self.axis) else 0

    @property
    def n_measured(self) -> int:
        """Rows of which the value is no estimate."""
        return len(self.y) if self.noise_var is None else int(np.sum(self.noise_var == 0.0))

    @property
    def log_scale(self) -> float:
        """Logarithm of the distance from median to best."""
        return float(np.log(warp.robust_scale(self.y)))

    @classmethod
    def of(
        cls, feature_map: FeatureMap, X: Array, y: Array, noise_var: Array | None = None
    ) -> Rows:
        """All features of the rows of ``X``, shape ``(n, d)``."""
        shiftable = np.flatnonzero(feature_map.is_shiftable)
        return cls(
            feature_map.transform(X), feature_map.axis, shiftable, warp.winsorise(y), noise_var
        )

    def representative(self, n_max: int) -> Rows:
        """At most ``n_max`` rows: the best half, then the ones farthest from those chosen.

        Keeps the cost of a fit bounded. The good end is where the model must be right, the spread
        (greedy k-centre, Gonzalez, 1985) tells it about the rest.
        """
        n = len(self.y)
        if n <= n_max:
            return self
        squares = np.einsum("nd,nd->n", self.features, self.features)
        best = np.argsort(-self.y, kind="stable")[: n_max // 2]
        chosen: list[int] = []
        gap = np.full(n, np.inf)
        while len(chosen) < n_max:
            i = int(best[len(chosen)] if len(chosen) < len(best) else np.argmax(gap))
            chosen.append(i)
            # Squared distances, of one-hot features of hundreds of choices as well.
            distance = squares + squares[i] - 2.0 * (self.features @ self.features[i])
            gap = np.minimum(gap, distance)
            gap[i] = -np.inf  # not zero, at which repeated rows are, too
        index = np.sort(chosen)
        noise_var = None if self.noise_var is None else self.noise_var[index]
        return replace(self, features=self.features[index], y=self.y[index], noise_var=noise_var)
