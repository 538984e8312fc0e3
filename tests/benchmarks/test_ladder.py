"""Ladders with a known drift, several sources at once, and the calibration of predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.calibration import place_table
from benchmarks.calibration import trial_table
from benchmarks.calibration import value_table
from benchmarks.drift_family import LARGEST
from benchmarks.drift_family import SMALLEST
from benchmarks.drift_family import SPACE
from benchmarks.drift_family import TARGET
from benchmarks.drift_family import drift_ladder
from benchmarks.drift_family import finished_sources
from benchmarks.drift_family import median_excess
from benchmarks.drift_family import to_params
from benchmarks.drift_family import to_unit
from benchmarks.drift_family import value_at
from benchmarks.ladder import exponent_table
from benchmarks.many_sources import latency_table
from benchmarks.many_sources import mixed_rows
from benchmarks.many_sources import mixed_table


def test_the_best_values_follow_the_law() -> None:
    ladder = drift_ladder(3, seed=4)
    assert (ladder.sizes[0], ladder.sizes[-1]) == pytest.approx((SMALLEST, LARGEST))
    for size, source in zip(ladder.sizes, ladder.sources, strict=True):
        best = to_params(source.center)
        for exponent, (name, value) in zip(ladder.exponents, best.items(), strict=True):
            assert value == pytest.approx(ladder.optimum[name] * (size / TARGET) ** exponent)
        assert value_at(source, best) == pytest.approx(source.level)
    assert value_at(ladder.target, ladder.optimum) == pytest.approx(0.0, abs=1e-12)
    assert 0.0 < median_excess(ladder.target) < 1.0
    assert min(source.center.min() for source in ladder.sources) > 0.0


def test_wrong_ladders_are_wrong() -> None:
    law, shuffled, random = (drift_ladder(3, 0, k) for k in ("law", "shuffled", "random"))
    assert law.told_sizes == law.sizes == shuffled.sizes
    assert shuffled.told_sizes != shuffled.sizes
    assert sorted(shuffled.told_sizes) == sorted(shuffled.sizes)
    gaps = [np.abs(r.center - s.center) for r, s in zip(random.sources, law.sources, strict=True)]
    assert max(map(np.max, gaps)) > 0.01
    with pytest.raises(ValueError, match="No such kind"):
        drift_ladder(3, 0, "other")


def test_places_and_configurations_are_each_others_inverse() -> None:
    u = np.array([0.25, 0.75])
    np.testing.assert_allclose(to_unit(to_params(u)), u)
    assert to_params(np.array([0.5, 0.5]))["a"] == pytest.approx(1e-3)


@pytest.mark.parametrize("by", ["random", "tpe"])
def test_sources_are_the_same_every_time(by: str) -> None:
    ladder = drift_ladder(2, 1)
    first, second = (finished_sources(ladder, 1, by) for _ in range(2))
    for a, b, size in zip(first, second, ladder.sizes, strict=True):
        assert a.study is not None
        assert b.study is not None
        assert a.scale == {"size": size}
        assert [t.values for t in a.study.trials] == [t.values for t in b.study.trials]
        assert a.study.trials[0].params.keys() == SPACE.keys()


def test_tables() -> None:
    exponents = pd.DataFrame(
        {"sources": [2, 2], "by": "tpe", "error": [0.05, 0.2], "is_inside": True, "width": 1.0}
    )
    assert exponent_table(exponents)["error below 0.1"].tolist() == [0.5]
    mixed = pd.DataFrame(
        {"harm": ["none", "reversed"], "order": ["alone", "x"], "regret": [0.1, 0.2]}
    )
    assert mixed_table(mixed)["over the excellent one alone"].tolist() == [1.0, 2.0]
    latency = pd.DataFrame(
        {"sources": 1, "trial": [1, 2, 3], "seconds": [3.0, 1.0, 2.0], "cpu_seconds": 0.5}
    )
    assert latency_table(latency).to_numpy().tolist() == [[3.0, 0.5, 1.5, 0.5]]
    values = pd.DataFrame(
        {
            "family": ["a", "a", "a", "b"],
            "task": ["a1", "a1", "a2", "b1"],
            "trial": [1, 2, 1, 30],
            "is_inside": [True, False, True, True],
            "is_worse": [False, True, False, False],
        }
    )
    assert value_table(values)["inside"].to_dict() == {"a": 0.75, "b": 1.0, "all": 2.5 / 3}
    assert trial_table(values)["inside"].tolist() == [1.0, 0.0, 1.0]
    places = pd.DataFrame(
        {"sources": [2, 4], "deviation": 0.0, "in 50 %": [0, 1], "in 90 %": [1, 1]}
    )
    assert place_table(places).to_numpy()[-1].tolist() == [0.5, 1.0]


def test_commands_print_and_keep_what_they_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = ["--quick", "--out", str(tmp_path)]
    assert main(["ladder", "--parts", "exponents", *quick]) == 0
    assert main(["calibration", *quick]) == 0
    told = capsys.readouterr().out
    assert "| 2 | random | " in told
    assert "| shift | " in told
    kept = {path.name for path in tmp_path.glob("*.csv")}
    assert kept == {"ladder_exponents.csv", "calibration_values.csv", "calibration_places.csv"}


def test_sources_together_are_compared_with_the_good_one_alone() -> None:
    rows = pd.DataFrame(mixed_rows(1, is_quick=True))
    assert rows["order"].tolist() == ["alone", "harmful one smaller", "harmful one larger"]
    assert (rows["regret"] >= 0.0).all()
