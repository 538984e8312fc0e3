"""Trials of one study as the models see them."""

from __future__ import annotations

from dataclasses import dataclass

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

    @property
    def n_axes(self) -> int:
        return int(self.axis.max()) + 1 if len(self.axis) else 0

    @classmethod
    def of(
        cls, feature_map: FeatureMap, X: Array, y: Array, noise_var: Array | None = None
    ) -> Rows:
        """All features of the rows of ``X``, shape ``(n, d)``."""
        shiftable = np.flatnonzero(feature_map.is_shiftable)
        return cls(
            feature_map.transform(X), feature_map.axis, shiftable, warp.winsorise(y), noise_var
        )
