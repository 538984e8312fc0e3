"""Suggestions are timed on one thread."""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info
from threadpoolctl import threadpool_limits

from benchmarks import latency
from benchmarks.__main__ import main


torch = pytest.importorskip("torch")


def n_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info()} | {torch.get_num_threads()}


def test_all_libraries_are_limited_and_released() -> None:
    assert np.linalg.inv(np.eye(2)).trace() == 2  # the library is loaded
    before = torch.get_num_threads()
    with threadpool_limits(2):
        torch.set_num_threads(2)
        try:
            with latency.one_thread():
                assert n_threads() == {1}
            assert n_threads() == {2}
        finally:
            torch.set_num_threads(before)


def test_suggestions_are_timed_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []

    def spied(*_: object) -> list[float]:
        seen.append(n_threads())
        return [0.1, 0.3]

    monkeypatch.setattr(latency, "_time_suggestions", spied)
    command = ["latency", "--out", str(tmp_path), "--counts", "10", "--repeats", "2"]
    with threadpool_limits(2):
        assert main(command) == 0
    assert seen == [{1}, {1}]
    assert set(pd.read_csv(tmp_path / "latency.csv")["seconds"]) == {0.1, 0.3}


def test_a_library_on_several_threads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unlimited:
        def limit(self, limits: int) -> AbstractContextManager[None]:
            return nullcontext()

        def info(self) -> list[dict[str, object]]:
            return [{"internal_api": "openblas", "num_threads": 4}]

    monkeypatch.setattr(latency, "ThreadpoolController", Unlimited)
    with pytest.raises(ValueError, match="openblas"), latency.one_thread():
        pass
