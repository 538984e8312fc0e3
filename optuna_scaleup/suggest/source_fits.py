"""Fits of the sources, made once for the same data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from optuna_scaleup.model.drift import Drift
from optuna_scaleup.model.drift import Optimum
from optuna_scaleup.model.drift import fit_drift
from optuna_scaleup.model.features import FeatureMap
from optuna_scaleup.model.gp import HYPERPRIORS
from optuna_scaleup.model.rows import Rows
from optuna_scaleup.model.sources import FittedSource
from optuna_scaleup.model.sources import fit_source
from optuna_scaleup.model.sources import source_evidence
from optuna_scaleup.suggest.optima import locate_optimum
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Scales


T = TypeVar("T")

_MAX_SOURCES = 3  # the largest ones; each is a hypothesis of its own
_MAX_LADDER = 5  # the largest ones of known size; how the optimum moves is learnt from these
_MAX_CACHED = 256  # more than three sources with their constraints; 17 kB each for 40 trials
_N_KEY_DIGITS = 16
_METHOD = "2"  # to be changed with the model, so that fits of another version do not count

_Key = tuple[object, ...]


class SourceFits:
    """Cache of fitted sources, their optima and the drift of these, by fingerprint of the data.

    A fit that it lacks it looks for on the problem's shelf, and what it had to fit it puts there.
    """

    def __init__(self) -> None:
        self._cache: dict[_Key, FittedSource] = {}
        self._evidence: dict[_Key, float] = {}
        self._optima: dict[_Key, tuple[Array, Array]] = {}
        self._drifts: dict[_Key, Drift] = {}

    def sources_of(self, problem: Problem) -> list[FittedSource]:
        """The fitted sources of a problem, small to large, without those that say nothing.

        Each comes with a forecast of where the optimum went since, if sizes are known.
        """
        usable = _in_use(problem)
        sources = [self._fit_once(problem, i) for i in usable]
        if problem.scales is None:
            return sources
        drift, is_known = self._drift_once(problem, problem.scales), problem.scales.is_known
        return [
            source.moved(drift.motion.at(i)) if is_known[i] else source
            for i, source in zip(usable, sources, strict=True)
        ]

    def log_evidence_of(self, problem: Problem) -> float:
        """Log marginal likelihood of all sources in use, each of its own GP."""
        return sum(self._evidence_once(problem, i) for i in _in_use(problem))

    def share(self, problem: Problem) -> None:
        """Lays the fits of the sources in use on the problem's shelf, old ones as well."""
        for i in _in_use(problem):
            source, key = self._fit_once(problem, i), _key(problem, i)
            if problem.shelf is not None and key is not None:
                problem.shelf.put(_shelf_key(key), source.theta)

    def drift_of(self, problem: Problem) -> Drift | None:
        """How the optimum moves with size; :obj:`None` where no size is known."""
        return None if problem.scales is None else self._drift_once(problem, problem.scales)

    def ladder_of(self, problem: Problem, scales: Scales) -> list[Optimum]:
        """Optima of the sources of known size that the drift is learnt from, small to large."""
        is_known = scales.is_known
        ladder = [i for i in telling_sources(problem) if is_known[i]][-_MAX_LADDER:]
        return self._located(problem, ladder)

    def optima_of(self, problem: Problem) -> list[Optimum]:
        """Optima of the sources that :meth:`sources_of` gives, small to large."""
        return self._located(problem, _in_use(problem))

    def _located(self, problem: Problem, indices: Sequence[int]) -> list[Optimum]:
        return [Optimum(i, *self._locate_once(problem, i)) for i in indices]

    def _drift_once(self, problem: Problem, scales: Scales) -> Drift:
        key = _drift_key(problem, scales)
        return _once(self._drifts, key, lambda: self._fit_drift(problem, scales))

    def _fit_drift(self, problem: Problem, scales: Scales) -> Drift:
        return fit_drift(scales, self.ladder_of(problem, scales))

    def _fit_once(self, problem: Problem, i: int) -> FittedSource:
        key = _key(problem, i)
        return _once(self._cache, key, lambda: _fit_shared(problem, i, key))

    def _evidence_once(self, problem: Problem, i: int) -> float:
        key = _key(problem, i)
        return _once(self._evidence, key, lambda: self._evidence_of(problem, i))

    def _evidence_of(self, problem: Problem, i: int) -> float:
        theta = self._fit_once(problem, i).theta
        rows, _, _ = _known_rows(problem.sources[i], feature_map_of(problem))
        return source_evidence(rows, theta, HYPERPRIORS[problem.kind])

    def _locate_once(self, problem: Problem, i: int) -> tuple[Array, Array]:
        return _once(
            self._optima,
            _key(problem, i),
            lambda: locate_optimum(problem.sources[i], problem.space),
        )


def _once(cache: dict[_Key, T], key: _Key | None, compute: Callable[[], T]) -> T:
    """What was computed for ``key`` before; without a key it is computed anew."""
    if key is None:
        return compute()
    found = cache.pop(key, None)
    if found is None:
        found = compute()
        while len(cache) >= _MAX_CACHED:
            cache.pop(next(iter(cache)), None)
    cache[key] = found  # last, as what was not asked for longest goes first
    return found


def _key(problem: Problem, i: int) -> _Key | None:
    if not problem.source_keys:
        return None
    return problem.source_keys[i], problem.kind.name, *_space_key(problem)


def _drift_key(problem: Problem, scales: Scales) -> _Key | None:
    if not problem.source_keys:
        return None
    parts = (scales.log_ratios, scales.slope_mean, scales.slope_std)
    sizes = [(part.shape, part.tobytes()) for part in parts]
    return (*problem.source_keys, *_space_key(problem), *sizes)


def _space_key(problem: Problem) -> _Key:
    """Which features there are, as all trials of all studies show it."""
    feature_map = feature_map_of(problem)
    return feature_map.axis.tobytes(), feature_map.is_activity.tobytes()


def telling_sources(problem: Problem) -> list[int]:
    """Positions of the sources that say anything."""
    return [
        i
        for i, dataset in enumerate(problem.sources)
        if dataset.n_trials and not np.isnan(dataset.X).all()
    ]


def _in_use(problem: Problem) -> list[int]:
    """Indices of the sources that are hypotheses, small to large."""
    return telling_sources(problem)[-_MAX_SOURCES:]


def feature_map_of(problem: Problem) -> FeatureMap:
    """Features of the target's space; conditional where a study lacks a parameter at times."""
    conditional = np.isnan(problem.target.X).any(axis=0)
    for dataset in problem.sources:
        inactive = np.isnan(dataset.X)
        conditional |= inactive.any(axis=0) & ~inactive.all(axis=0)
    return FeatureMap.of(problem.space, conditional)


def _fit_shared(problem: Problem, i: int, key: _Key | None) -> FittedSource:
    """Fits a source unless another worker did."""
    shelf = problem.shelf
    if shelf is None or key is None:
        return _fit(problem, i)
    known = shelf.get(_shelf_key(key))
    source = _fit(problem, i, known)
    if known is None or not np.array_equal(known, source.theta):
        shelf.put(_shelf_key(key), source.theta, instead_of=known)
    return source


def _shelf_key(key: _Key) -> str:
    return hashlib.sha256(repr((_METHOD, *key)).encode()).hexdigest()[:_N_KEY_DIGITS]


def _fit(problem: Problem, i: int, theta: Array | None = None) -> FittedSource:
    """Fits a source on the axes that it knows."""
    feature_map, hyperprior = feature_map_of(problem), HYPERPRIORS[problem.kind]
    rows, columns, known_axes = _known_rows(problem.sources[i], feature_map)
    return fit_source(rows, columns, known_axes, feature_map.n_axes, theta, hyperprior)


def _known_rows(dataset: Dataset, feature_map: FeatureMap) -> tuple[Rows, Array, Array]:
    """A source's trials on the features that it knows, which features and which axes these are."""
    known_axes = np.flatnonzero(~np.isnan(dataset.X).all(axis=0))
    columns = np.flatnonzero(np.isin(feature_map.axis, known_axes))
    rows = Rows.of(feature_map, dataset.X, dataset.Y[:, 0], dataset.noise_var)
    known = Rows(
        rows.features[:, columns],
        np.searchsorted(known_axes, feature_map.axis[columns]),
        np.flatnonzero(feature_map.is_shiftable[columns]),
        rows.y,
        rows.noise_var,
    )
    return known, columns, known_axes
