"""Fits of the sources, made once for the same data."""

from __future__ import annotations

import numpy as np

from optuna_scaleup.model.features import FeatureMap
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import Source
from optuna_scaleup.model.sources import fit_source
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem


_MAX_SOURCES = 3  # the largest ones; each is a hypothesis of its own
_MAX_CACHED = 64


class SourceFits:
    """Cache of fitted sources, by fingerprint of their data and space they are fitted in."""

    def __init__(self) -> None:
        self._cache: dict[tuple[object, ...], Source] = {}

    def sources_of(self, problem: Problem) -> list[Source]:
        """The fitted sources of a problem, small to large, without those that say nothing."""
        feature_map = feature_map_of(problem)
        keys = problem.source_keys or (None,) * len(problem.sources)
        usable = [
            (dataset, key)
            for dataset, key in zip(problem.sources, keys, strict=True)
            if dataset.n_trials and not np.isnan(dataset.X).all()
        ]
        return [
            self._fit_once(dataset, key, feature_map) for dataset, key in usable[-_MAX_SOURCES:]
        ]

    def _fit_once(self, dataset: Dataset, key: str | None, feature_map: FeatureMap) -> Source:
        if key is None:
            return _fit(dataset, feature_map)
        space_key = (feature_map.axis.tobytes(), feature_map.is_activity.tobytes())
        source = self._cache.get((key, *space_key))
        if source is None:
            source = _fit(dataset, feature_map)
            while len(self._cache) >= _MAX_CACHED:
                self._cache.pop(next(iter(self._cache)), None)
            self._cache[(key, *space_key)] = source
        return source


def feature_map_of(problem: Problem) -> FeatureMap:
    """Features of the target's space; conditional where a study lacks a parameter at times."""
    conditional = np.isnan(problem.target.X).any(axis=0)
    for dataset in problem.sources:
        inactive = np.isnan(dataset.X)
        conditional |= inactive.any(axis=0) & ~inactive.all(axis=0)
    return FeatureMap.of(problem.space, conditional)


def _fit(dataset: Dataset, feature_map: FeatureMap) -> Source:
    """Fits a source on the axes that it knows."""
    known_axes = np.flatnonzero(~np.isnan(dataset.X).all(axis=0))
    columns = np.flatnonzero(np.isin(feature_map.axis, known_axes))
    rows = Rows.of(feature_map, dataset.X, dataset.Y[:, 0], dataset.noise_var)
    rows = Rows(
        rows.features[:, columns],
        np.searchsorted(known_axes, feature_map.axis[columns]),
        np.flatnonzero(feature_map.is_shiftable[columns]),
        rows.y,
        rows.noise_var,
    )
    return fit_source(rows, columns, known_axes, feature_map.n_axes)
