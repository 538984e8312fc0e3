"""A rerun resumes from the results file."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.results import ResultsFile
from benchmarks.results import read_missing
from benchmarks.results import read_results
from benchmarks.runner import Row
from benchmarks.runner import RunKey
from benchmarks.runner import RunResult


def _result(
    task: str = "t", method: str = "random", seed: int = 0, n: int = 3, cost: float | None = None
) -> RunResult:
    rows = (Row("f", task, method, seed, i, 1.0, 0.5, 0.01, cost) for i in range(1, n + 1))
    return RunResult(RunKey(task, method, seed), "f", tuple(rows))


def test_whole_runs_count_as_finished(tmp_path: Path) -> None:
    results = ResultsFile(tmp_path / "r.csv")
    results.append(_result(seed=0))
    results.append(_result(seed=1, n=2))
    results.append(RunResult(RunKey("t", "cmaes_source", 0), "f", missing_because="no numbers"))
    finished = results.finished(n_trials=3)
    assert finished == {RunKey("t", "random", 0), RunKey("t", "cmaes_source", 0)}


def test_forget_drops_rows_and_reasons(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    results = ResultsFile(path)
    missing = RunKey("t", "cmaes_source", 0)
    results.append(_result(seed=0))
    results.append(_result(seed=1))
    results.append(RunResult(missing, "f", missing_because="no numbers"))
    results.forget({RunKey("t", "random", 1), missing})
    assert set(read_results([path])["seed"]) == {0}
    assert read_missing([path]).empty


@pytest.mark.parametrize("name", ["r.csv", "r.parquet"])
def test_suffix_chooses_the_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    results = ResultsFile(path)
    results.append(_result(seed=0))
    results.append(_result(seed=1, cost=2.0))
    results.forget({RunKey("t", "random", 0)})
    results.append(_result(seed=2))
    rows = read_results([path])
    assert list(rows["seed"]) == [1, 1, 1, 2, 2, 2]
    assert list(rows["cost"].dropna()) == [2.0, 2.0, 2.0]
    assert results.finished(n_trials=3) == {RunKey("t", "random", s) for s in (1, 2)}


def test_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"r\.xlsx"):
        ResultsFile(tmp_path / "r.xlsx")


def test_an_older_file_gets_the_new_column(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("family,task,method,seed,trial,value,regret,seconds\nf,t,random,0,1,1,0.5,0\n")
    assert read_results([path])["cost"].isna().all()
    ResultsFile(path).append(_result(seed=1, n=1, cost=3.0))
    rows = read_results([path])
    assert list(rows["seed"]) == [0, 1]
    assert list(rows["cost"].dropna()) == [3.0]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_rerun_adds_only_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["regret", "--out", str(tmp_path), "--tasks", "shift_2d", "mixed_0", "--n-trials", "3"]
    command = [*base, "--methods", "random", "cmaes_source", "--seeds"]
    assert main([*command, "0"]) == 0
    before = (tmp_path / "regret.csv").read_text()
    assert main([*command, "0", "1"]) == 0
    after = (tmp_path / "regret.csv").read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) - 1 == 3 * 2 * (2 + 1)
    printed = capsys.readouterr().out
    assert "CmaEsSampler has no categorical parameters | mixed_0 |" in printed


def test_missing_data_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = str(tmp_path / "nowhere")
    assert main(["regret", "--data", nowhere, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "nowhere" in error
    assert "slds-lmu/yahpo_data" in error


def test_unknown_task_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["regret", "--families", "synthetic", "--tasks", "nosuch", "--out", str(tmp_path)]
    assert main(arguments) == 2
    assert "nosuch" in capsys.readouterr().err
