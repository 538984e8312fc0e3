"""Every method runs behind the same protocol, or says why it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import Study
from optuna.trial import TrialState
from optuna.trial import create_trial

from benchmarks.methods import METHODS
from benchmarks.methods import Impossible
from benchmarks.methods.source_params import best_source_params
from benchmarks.methods.source_params import complete
from benchmarks.methods.source_params import into_space
from benchmarks.methods.source_params import told_rows
from benchmarks.runner import run_method
from benchmarks.sources import source_studies
from benchmarks.tasks.synthetic import build_synthetic


N_SOURCE_TRIALS = 10  # CmaEsSampler takes the best tenth.
# These have no conditional parameters.
FLAT_ONLY = {
    "cmaes_source", "ax", "botorch_mtgp", "baybe", "openbox", "vizier", "syne_tune", "smac",
}  # fmt: skip


PEERS = FLAT_ONLY - {"cmaes_source"}  # which want environments of their own


def where_installed(name: str, task_id: str) -> pytest.ParameterSet:
    """A run that is skipped, with the reason, where its method lacks a package."""
    lacking = METHODS[name].lacks()
    skip = pytest.mark.skipif(bool(lacking), reason=f"needs {', '.join(lacking)}")
    marks = [skip, pytest.mark.peers] if name in PEERS else [skip]
    return pytest.param(name, task_id, marks=marks)


RUNS = [
    where_installed(name, task_id)
    for name in METHODS
    for task_id in ("ladder_2d", "conditional_0")
    if not (name in FLAT_ONLY and task_id == "conditional_0")
]


@pytest.mark.parametrize(("name", "task_id"), RUNS)
def test_method_runs_and_repeats(name: str, task_id: str) -> None:
    task = build_synthetic(task_id)
    sources = source_studies(task, seed=0, n_trials=N_SOURCE_TRIALS)
    rows = run_method(METHODS[name], task, sources, seed=0, n_trials=3)
    again = run_method(METHODS[name], task, sources, seed=0, n_trials=3)
    assert [row.trial for row in rows] == [1, 2, 3]
    assert [row.value for row in rows] == [row.value for row in again]
    regrets = [row.regret for row in rows]
    assert regrets == sorted(regrets, reverse=True)
    assert min(row.seconds for row in rows) > 0


def test_cmaes_names_its_limits() -> None:
    task = build_synthetic("mixed_0")
    sources = source_studies(task, seed=0, n_trials=2)
    with pytest.raises(Impossible, match="categorical"):
        METHODS["cmaes_source"].start(task, sources, 0)


@pytest.mark.parametrize("name", sorted(FLAT_ONLY))
def test_conditional_spaces_are_a_listed_limit(name: str) -> None:
    task = build_synthetic("conditional_0")
    with pytest.raises(Impossible):
        METHODS[name].start(task, source_studies(task, seed=0, n_trials=2), 0)


def test_source_configurations_are_completed_with_the_middle() -> None:
    space = {
        "x": FloatDistribution(0, 1),
        "n": IntDistribution(1, 9),
        "z": FloatDistribution(0, 4),
    }
    assert complete({"x": 2.0, "only_source": 3}, space) == {"x": 1.0, "n": 5, "z": 2.0}


def partly_failed(search_space: Mapping[str, BaseDistribution]) -> Study:
    """Values 3 and 2, a failed trial, and one stopped at -9."""
    study = optuna.create_study()
    for x, value, state in (
        (0.1, 3.0, TrialState.COMPLETE),
        (0.2, None, TrialState.FAIL),
        (0.3, 2.0, TrialState.COMPLETE),
        (0.4, -9.0, TrialState.PRUNED),
    ):
        study.add_trial(
            create_trial(
                params=dict.fromkeys(search_space, x),
                distributions=dict(search_space),
                value=value,
                state=state,
            )
        )
    return study


def test_no_failed_trial_is_told() -> None:
    space = {"x": FloatDistribution(0, 1)}
    source = partly_failed(space)
    assert told_rows(space, source) == [({"x": 0.1}, 3.0), ({"x": 0.3}, 2.0)]
    wider = {**space, "z": FloatDistribution(0, 4)}
    assert told_rows(wider, source) == [({"x": 0.1, "z": 2.0}, 3.0), ({"x": 0.3, "z": 2.0}, 2.0)]


def test_no_failed_trial_is_copied() -> None:
    task = build_synthetic("dimensions_1d")
    space: dict[str, BaseDistribution] = {n: FloatDistribution(0, 1) for n in task.search_space}
    (name,) = space
    copied = best_source_params(replace(task, search_space=space), [partly_failed(space)])
    assert copied == [{name: 0.3}, {name: 0.1}]


def test_best_k_follows_the_source() -> None:
    task = build_synthetic("reversed_2d")
    sources = source_studies(task, seed=0, n_trials=N_SOURCE_TRIALS)
    session = METHODS["best_k"].start(task, sources, 0)
    expected = sorted(sources[0].trials, key=lambda t: t.value or 0.0)
    for trial in expected[:3]:
        assert session.suggest() == trial.params
        session.observe(0.0)


def test_best_source_params_honour_the_direction() -> None:
    task = build_synthetic("shift_2d")
    sources = source_studies(task, seed=0, n_trials=N_SOURCE_TRIALS)
    lowest = best_source_params(task, sources, 1)
    highest = best_source_params(replace(task, direction="maximize"), sources, 1)
    assert lowest == [sources[0].best_params]
    assert highest != lowest


def test_params_are_moved_into_the_target_space() -> None:
    space = {
        "x": FloatDistribution(0, 1),
        "n": IntDistribution(1, 4),
        "only_target": IntDistribution(0, 1),
    }
    assert into_space({"x": 2.0, "n": 0, "only_source": 3}, space) == {"x": 1.0, "n": 1}
