"""``python -m benchmarks report``: tables of finished results, and a page with figures."""

from __future__ import annotations

import argparse
import html
from pathlib import Path

import pandas as pd

from benchmarks.figures import regret_by_cost
from benchmarks.figures import regret_by_time
from benchmarks.figures import regret_by_trials
from benchmarks.goals import goals_frame
from benchmarks.pictures import save_pictures
from benchmarks.report_tables import markdown_report
from benchmarks.report_tables import markdown_table
from benchmarks.results import read_missing
from benchmarks.results import read_results
from benchmarks.suites import MissingData
from benchmarks.suites import select_rows
from benchmarks.suites import select_tasks
from benchmarks.tasks import Task


TRAIN_SECONDS = 10.0
PAGE_STYLE = "body{font-family:sans-serif;max-width:1200px;margin:2em auto}pre{font-size:85%}"


def run_report(arguments: argparse.Namespace) -> None:
    """Prints the tables of one or several results files; writes the page if asked to."""
    rows = select_rows(read_results(arguments.results), arguments)
    missing = select_rows(read_missing(arguments.results), arguments)
    text = report_text(rows, missing, arguments.data)
    print(text)
    if arguments.report is not None and not rows.empty:
        write_page(rows, text, arguments.report)


def report_text(rows: pd.DataFrame, missing: pd.DataFrame, data_dir: Path) -> str:
    """All tables as Markdown, the goals last."""
    text = markdown_report(rows, missing)
    if rows.empty:
        return text
    goals = goals_frame(rows, _tasks_of(rows, data_dir))
    if goals.empty:
        return text
    return f"{text}\n\n### Goals\n\n{markdown_table(goals, digits=2)}"


def write_page(rows: pd.DataFrame, text: str, path: Path) -> None:
    """One self-contained HTML page, and the still pictures beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    by_trials = regret_by_trials(rows).to_html(full_html=False, include_plotlyjs=True)
    by_time = regret_by_time(rows, TRAIN_SECONDS).to_html(full_html=False, include_plotlyjs=False)
    path.write_text(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>Benchmarks</title><style>{PAGE_STYLE}</style></head><body>"
        "<h1>Benchmarks: from small to large</h1>"
        "<p>Mean over tasks and seeds of the best value so far, 0 at the best known value and 1 "
        "at a median random configuration; the bands reach from the lower to the upper "
        "quartile.</p>"
        f"<h2>By target trials</h2>{by_trials}"
        f"<h2>By wall-clock time, the sampler's own included</h2>{by_time}"
        f"{_cost_section(rows)}"
        f"<h2>Tables</h2><pre>{html.escape(text)}</pre></body></html>"
    )
    save_pictures(rows, path.parent)


def _cost_section(rows: pd.DataFrame) -> str:
    figure = regret_by_cost(rows)
    if figure is None:
        return ""
    return f"<h2>By training cost</h2>{figure.to_html(full_html=False, include_plotlyjs=False)}"


def _tasks_of(rows: pd.DataFrame, data_dir: Path) -> list[Task]:
    """The tasks of the rows; none if their data is not there."""
    try:
        return select_tasks(data_dir, ids=set(rows["task"].astype(str)))
    except MissingData:
        return []
