"""A rerun resumes from the results file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import quick
from benchmarks.__main__ import main
from benchmarks.methods import METHODS
from benchmarks.methods import Session
from benchmarks.results import CRASH
from benchmarks.results import LIMIT
from benchmarks.results import ResultsFile
from benchmarks.results import read_missing
from benchmarks.results import read_results
from benchmarks.runner import Row
from benchmarks.runner import RunKey
from benchmarks.runner import RunResult
from benchmarks.runner import run


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
    crashed = RunResult(RunKey("t", "tpe", 0), "f", missing_because="KeyError: 'x'", is_crash=True)
    results.append(crashed)
    finished = results.finished(n_trials=3)
    assert finished == {RunKey("t", "random", 0), RunKey("t", "cmaes_source", 0)}


def test_crashes_of_older_files_are_told_by_their_name(tmp_path: Path) -> None:
    (tmp_path / "r.missing.csv").write_text(
        "family,task,method,seed,reason\n"
        "f,t,tpe,0,KeyError: 'x'\n"
        "f,t,ax,0,botorch.exceptions.errors.ModelFittingError: no\n"
        "f,t,cmaes_source,0,CmaEsSampler has no categorical parameters\n"
    )
    results = ResultsFile(tmp_path / "r.csv")
    assert list(read_missing([tmp_path / "r.csv"])["kind"]) == [CRASH, CRASH, LIMIT]
    results.append(RunResult(RunKey("t", "gp_cold", 0), "f", missing_because="no", is_crash=True))
    assert list(read_missing([tmp_path / "r.csv"])["kind"]) == [CRASH, CRASH, LIMIT, CRASH]
    assert results.finished(n_trials=3) == {RunKey("t", "cmaes_source", 0)}


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


class Crash(Exception):
    """What a broken method raises."""


def broken(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Makes a method crash as soon as it is started."""

    def start(*_: object) -> Session:
        raise Crash("at once")

    monkeypatch.setitem(METHODS, name, replace(METHODS[name], start=start))


@pytest.mark.parametrize("name", ["scaleup", "scaleup_cold"])
def test_a_crash_of_our_own_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    broken(monkeypatch, name)
    with pytest.raises(Crash):
        run(RunKey("shift_2d", name, 0), 1, tmp_path, None)


def test_a_crash_of_a_rival_is_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, "random")
    result = run(RunKey("shift_2d", "random", 0), 1, tmp_path, None)
    assert result.missing_because == "Crash: at once"
    assert result.is_crash


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_quick_fails_if_a_rival_crashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quick, "SYNTHETIC_IDS", ("shift_2d", "mixed_0"))
    monkeypatch.setattr(quick, "TRAINING_IDS", ())
    monkeypatch.setattr(quick, "METHODS", ("random", "cmaes_source"))
    monkeypatch.setattr(quick, "N_TRIALS", 2)
    command = ["regret", "--quick", "--data", str(tmp_path), "--out", str(tmp_path)]
    assert main(command) == 0  # what is impossible is no fault
    broken(monkeypatch, "random")
    assert main([*command, "--redo"]) == 2
    assert "random on shift_2d, random on mixed_0" in capsys.readouterr().err


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
