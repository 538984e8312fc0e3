"""The figures of the tables, on results small enough to check by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.anytime import anytime_table
from benchmarks.goals import goals_frame
from benchmarks.summary import best_peers
from benchmarks.summary import complete_methods
from benchmarks.summary import family_means
from benchmarks.summary import figure
from benchmarks.summary import ratios_to_best_peer
from benchmarks.summary import trials_to_reach
from benchmarks.tasks.synthetic import build_synthetic


REGRETS = {
    ("a", "a1"): {"scaleup": (0.4, 0.1), "gp_cold": (1.0, 0.2), "random": (0.8, 0.4)},
    ("a", "a2"): {"scaleup": (0.2, 0.2), "gp_cold": (1.0, 0.4), "random": (0.6, 0.6)},
    ("b", "b1"): {"scaleup": (0.9, 0.5), "gp_cold": (0.5, 0.5), "random": (1.0, 1.0)},
}


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (family, task, method, seed, trial, regret, regret, 0.5)
            for (family, task), methods in REGRETS.items()
            for method, regrets in methods.items()
            for seed in (0, 1)
            for trial, regret in enumerate(regrets, start=1)
        ],
        columns=["family", "task", "method", "seed", "trial", "value", "regret", "seconds"],
    )


def test_every_task_has_the_same_weight(rows: pd.DataFrame) -> None:
    means = family_means(rows)
    assert figure(means, ("all", "gp_cold"), 1) == pytest.approx(2.5 / 3)
    assert figure(means, ("a", "gp_cold"), 2) == pytest.approx(0.3)


def test_best_peer_is_chosen_anew(rows: pd.DataFrame) -> None:
    peers = best_peers(rows)
    assert [peers[count].to_dict()["all"] for count in (1, 2)] == ["random", "gp_cold"]
    ratios = ratios_to_best_peer(rows)
    assert figure(ratios, ("a", "scaleup"), 1) == pytest.approx(0.3 / 0.7)
    assert figure(ratios, ("a", "scaleup"), 2) == pytest.approx(0.15 / 0.3)


def test_incomplete_methods_are_no_peers(rows: pd.DataFrame) -> None:
    is_lost = (rows["method"] == "random") & (rows["task"] == "b1")
    assert complete_methods(rows[~is_lost]) == ["gp_cold", "scaleup"]
    peers = best_peers(rows[~is_lost])
    assert {peers[count].to_dict()["all"] for count in (1, 2)} == {"gp_cold"}


def test_a_peer_of_a_family_ran_all_of_its_tasks(rows: pd.DataFrame) -> None:
    is_lost = (rows["method"] == "random") & (rows["task"] == "b1")
    kept = rows[~is_lost]
    assert [best_peers(kept)[count].to_dict()["a"] for count in (1, 2)] == ["random", "gp_cold"]
    assert best_peers(kept)[1].to_dict()["b"] == "gp_cold"
    ratios = ratios_to_best_peer(kept)
    assert figure(ratios, ("a", "scaleup"), 1) == pytest.approx(0.3 / 0.7)
    assert figure(ratios, ("all", "scaleup"), 1) == pytest.approx(0.5 / (2.5 / 3))
    is_half = (rows["method"] == "random") & (rows["task"] == "a2")
    assert best_peers(rows[~is_half])[1].to_dict()["a"] == "gp_cold"


def test_families_may_have_peers_where_all_tasks_have_none(rows: pd.DataFrame) -> None:
    is_lost = (rows["method"] == "random") & (rows["task"] == "b1")
    kept = rows[~is_lost & (rows["method"] != "gp_cold")].assign(
        trial=lambda frame: frame["trial"] + 2
    )
    assert list(best_peers(kept).index) == ["a"]
    goals = goals_frame(kept, [])
    assert list(goals.index) == ["a: over the best peer (random) @3"]


def test_trials_to_reach_counts_one_more_when_never(rows: pd.DataFrame) -> None:
    needed = trials_to_reach(rows)
    assert needed["gp_cold"] == 2
    assert needed["scaleup"] == 2
    assert needed["random"] == 3


def test_time_budget_counts_training_and_sampler(rows: pd.DataFrame) -> None:
    table = anytime_table(rows, train_seconds=1.0, n_trainings=[1, 2, 3])
    measured = [figure(table, "gp_cold", f"{n} s") for n in (1, 2, 3)]
    assert measured == pytest.approx([1.0, 2.5 / 3, 1.1 / 3])


def test_short_trainings_have_budgets_in_seconds(rows: pd.DataFrame) -> None:
    table = anytime_table(rows, train_seconds=0.1, n_trainings=[1, 2])
    assert list(table.columns) == ["1 s", "2 s"]
    assert figure(table, "gp_cold", "1 s") == pytest.approx(2.5 / 3)


def test_goals_compare_with_the_cold_sampler_where_the_source_misleads() -> None:
    task = build_synthetic("reversed_2d")
    columns = ["family", "task", "method", "seed", "trial", "value", "regret", "seconds"]
    regrets = {"scaleup": 0.3, "gp_cold": 0.2, "scaleup_cold": 0.1}
    frame = pd.DataFrame(
        [
            (task.family, task.id, method, 0, trial, regret, regret, 0.1)
            for method, regret in regrets.items()
            for trial in range(1, 11)
        ],
        columns=columns,
    )
    goals = goals_frame(frame, [task])
    misleading = "misleading (reversed), over gp_cold @10"
    assert figure(goals, misleading, "measured") == pytest.approx(1.5)
    assert goals["met"].to_dict()[misleading] == "no"
    assert figure(goals, "no source, over gp_cold @10", "measured") == pytest.approx(0.5)


def test_no_goal_compares_with_a_peer_where_there_is_none(rows: pd.DataFrame) -> None:
    alone = rows[rows["method"] == "scaleup"].assign(trial=lambda frame: frame["trial"] + 2)
    assert goals_frame(alone, []).empty
