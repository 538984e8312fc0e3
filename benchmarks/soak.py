"""``python -m benchmarks soak``: thousands of short trials through one sampler.

One sampler serves one study after another, as in a service that never ends; what it keeps must not
grow, and the suggestions of the last study must cost what those of the first one cost.
"""

from __future__ import annotations

import argparse
import gc
import time
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from tqdm import tqdm

from benchmarks.methods.scaleup import scaleup_sampler
from benchmarks.report_tables import markdown_table
from benchmarks.runner import quieten
from benchmarks.sources import source_studies
from benchmarks.suites import find_task


TASK = "shift_4d"
_PAGE = 4096


def run_soak(arguments: argparse.Namespace) -> None:
    """Prints memory and latency by study; writes a CSV."""
    quieten()
    task = find_task(TASK, arguments.data)
    sampler = scaleup_sampler(task, source_studies(task, 0, cache_dir=arguments.out), 0)
    rows: list[dict[str, Any]] = []
    for i in tqdm(range(arguments.n_trials // arguments.per_study), unit="study"):
        study = optuna.create_study(direction=task.direction, sampler=sampler)
        seconds = []
        for _ in range(arguments.per_study):
            trial = study.ask()
            start = time.perf_counter()
            params = task.suggest(trial)
            seconds.append(time.perf_counter() - start)
            study.tell(trial, task.evaluate(params))
        del study, trial
        gc.collect()
        rows.append({"study": i, "MB": _resident(), "ms a suggestion": 1e3 * np.mean(seconds)})
    frame = pd.DataFrame(rows).set_index("study")
    arguments.out.mkdir(parents=True, exist_ok=True)
    frame.to_csv(arguments.out / "soak.csv")
    print(markdown_table(frame, digits=1))
    print(
        f"memory grew by {frame['MB'].iloc[-1] - frame['MB'].iloc[0]:.1f} MB after the first study"
    )


def _resident() -> float:
    """Memory of this process in megabytes; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6
