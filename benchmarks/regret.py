"""``python -m benchmarks regret``: all methods on all tasks, side by side."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import as_completed
from itertools import product
from pathlib import Path

from tqdm import tqdm

from benchmarks.methods import METHODS
from benchmarks.quick import make_quick
from benchmarks.report import report_text
from benchmarks.report import write_page
from benchmarks.results import CRASH
from benchmarks.results import ResultsFile
from benchmarks.results import read_missing
from benchmarks.results import read_results
from benchmarks.runner import RunKey
from benchmarks.runner import RunResult
from benchmarks.runner import quieten
from benchmarks.runner import run
from benchmarks.suites import select_tasks
from benchmarks.table_file import SUFFIXES


def run_regret(arguments: argparse.Namespace) -> None:
    """Runs what the results file lacks, then prints the tables.

    Raises:
        ValueError: If a run of ``--quick`` crashed.
    """
    quieten()
    if arguments.quick:
        make_quick(arguments)
    tasks = select_tasks(arguments.data, arguments.tasks, arguments.families)
    path = arguments.out / arguments.name
    path = path if path.suffix in SUFFIXES else path.with_name(f"{path.name}.csv")
    results = ResultsFile(path)
    results.add_invocation(
        {name: value for name, value in vars(arguments).items() if name != "run"}
    )
    methods = _installed(arguments.methods)
    keys = [
        RunKey(task.id, method, seed)
        for method, seed, task in product(methods, arguments.seeds, tasks)
    ]
    finished = set() if arguments.redo else results.finished(arguments.n_trials)
    todo = [key for key in keys if key not in finished]
    results.forget(todo)
    with tqdm(total=len(todo), unit="run", disable=not todo) as progress:
        for result in _run_all(todo, arguments):
            results.append(result)
            progress.set_postfix_str(f"{result.key.method} {result.key.task}", refresh=False)
            progress.update()
    rows, missing = read_results([path]), read_missing([path])
    text = report_text(rows, missing, arguments.data)
    print(text)
    if arguments.report is not None:
        write_page(rows, text, arguments.report)
    crashed = missing[missing["kind"] == CRASH]
    if arguments.quick and not crashed.empty:
        runs = (f"{m} on {t}" for m, t in zip(crashed["method"], crashed["task"], strict=True))
        raise ValueError(f"Runs crashed: {', '.join(runs)}.")


def _installed(names: list[str]) -> list[str]:
    """Methods whose packages are there; says which are left out."""
    lacking = {name: METHODS[name].lacks() for name in names}
    for name, packages in lacking.items():
        if packages:
            print(f"{name} is left out: {', '.join(packages)} not installed.")
    return [name for name in names if not lacking[name]]


def _run_all(keys: list[RunKey], arguments: argparse.Namespace) -> Iterator[RunResult]:
    settings: tuple[int, Path, Path] = (arguments.n_trials, arguments.data, arguments.out)
    if arguments.jobs == 1:
        for key in keys:
            yield run(key, *settings)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, context, initializer=quieten) as pool:
        futures = [pool.submit(run, key, *settings) for key in keys]
        for future in as_completed(futures):
            yield future.result()
