"""Rows of a search space as real vectors whose Euclidean distance is the kernel's distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optuna_scaleup.types import Array
from optuna_scaleup.types import UnitSpace


_ACTIVITY_WEIGHT = 0.5  # What being active or not adds to a distance, in unit lengths.


@dataclass(frozen=True)
class FeatureMap:
    """Maps unit coordinates to features; one or more columns per axis.

    A numeric axis keeps its coordinate. A categorical axis becomes one column a choice, scaled so
    that two different choices are at distance one (Hamming). A numeric axis that is inactive
    somewhere gets one more column that tells active from inactive; a categorical one is none of
    its choices then.

    Attributes:
        axis: Index of the axis each feature belongs to, shape ``(n_features,)``.
        choice: Index of the choice a categorical column stands for, else -1.
        is_activity: Whether a column tells active from inactive.
        n_axes: Number of axes, with or without features.
    """

    axis: Array
    choice: Array
    is_activity: Array
    n_axes: int

    @classmethod
    def of(cls, space: UnitSpace, conditional_axes: Array) -> FeatureMap:
        """Builds the map; ``conditional_axes`` (bool, ``(d,)``) marks axes inactive somewhere."""
        axis: list[int] = []
        choice: list[int] = []
        is_activity: list[bool] = []
        for j, a in enumerate(space.axes):
            choices = range(len(a.grid)) if a.is_categorical and a.grid is not None else [-1]
            for k in choices:
                axis.append(j)
                choice.append(k)
                is_activity.append(False)
            if conditional_axes[j] and not a.is_categorical:
                axis.append(j)
                choice.append(-1)
                is_activity.append(True)
        return cls(
            np.array(axis, dtype=int),
            np.array(choice, dtype=int),
            np.array(is_activity, dtype=bool),
            space.n_dims,
        )

    @property
    def is_shiftable(self) -> Array:
        """Features along which the optimum may drift: numeric ones, shape ``(n_features,)``."""
        return np.asarray((self.choice < 0) & ~self.is_activity)

    def transform(self, X: Array) -> Array:
        """Features of the rows of ``X``: ``(..., d)`` to ``(..., n_features)``."""
        columns = X[..., self.axis]
        inactive = np.isnan(columns)
        one_hot = (columns == self.choice) * np.sqrt(0.5)
        numeric = np.where(inactive, 0.5, columns)
        activity = np.where(inactive, _ACTIVITY_WEIGHT, 0.0)
        features = np.where(self.choice >= 0, one_hot, numeric)
        return np.asarray(np.where(self.is_activity, activity, features))
