"""The tables of a comparison as Markdown text."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from benchmarks.summary import ALL
from benchmarks.summary import best_peers
from benchmarks.summary import complete_methods
from benchmarks.summary import family_means
from benchmarks.summary import is_peer
from benchmarks.summary import ratios_to_best_peer
from benchmarks.summary import trials_to_reach


def markdown_report(rows: pd.DataFrame, missing: pd.DataFrame) -> str:
    """Means and ratios over all tasks and by family, trials to reach cold, what is missing."""
    if rows.empty:
        return "No results."
    means, ratios = family_means(rows), ratios_to_best_peer(rows)
    families = [ALL, *sorted(set(means.index.get_level_values("family")) - {ALL})]
    parts = [_coverage(rows)]
    for family in families:
        n_tasks = rows["task"].nunique()
        if family != ALL:
            n_tasks = rows.loc[rows["family"] == family, "task"].nunique()
        parts.append(f"### {family}: mean normalised regret ({n_tasks} tasks)")
        parts.append(markdown_table(means.loc[family], digits=3))
    peers = best_peers(rows)
    if not peers.empty:
        parts.append("### Ratio to the best peer of those that ran all tasks of the family")
        parts.append(markdown_table(_ours(ratios), digits=2))
        parts.append("### That peer")
        parts.append(markdown_table(peers, digits=0))
    if "gp_cold" in set(rows["method"]):
        needed = trials_to_reach(rows).to_frame("trials")
        parts.append("### Trials to reach cold GPSampler's last regret (median over tasks)")
        parts.append(markdown_table(needed, digits=1))
    if not missing.empty:
        parts.append("### Missing runs")
        counts = missing.groupby(["method", "reason"])["task"].unique().map(_listed)
        parts.append(markdown_table(counts.to_frame("tasks"), digits=0))
    return "\n\n".join(parts)


def markdown_table(frame: pd.DataFrame, digits: int) -> str:
    """A Markdown table of a frame, its index levels as first columns."""
    names = [str(name or "") for name in frame.index.names]
    header = [*names, *map(_heading, frame.columns)]
    lines = [_line(header), _line(["---"] * len(header))]
    for index, values in zip(frame.index, frame.itertuples(index=False), strict=True):
        lines.append(_line([*_labels(index), *(_cell(v, digits) for v in values)]))
    return "\n".join(lines)


def _heading(column: object) -> str:
    return f"@{column}" if isinstance(column, int) else str(column)


def _labels(index: object) -> list[str]:
    return [str(label) for label in index] if isinstance(index, tuple) else [str(index)]


def _coverage(rows: pd.DataFrame) -> str:
    """How much was run; a mean over fewer tasks than the others' does not compare."""
    n_runs = rows[["method", "task", "seed"]].drop_duplicates().groupby("method").size()
    complete = complete_methods(rows)
    runs = [
        f"{method} {n}" + ("" if method in complete else " (not all tasks)")
        for method, n in n_runs.items()
    ]
    return (
        f"{rows['task'].nunique()} tasks, {rows['trial'].max()} trials. Runs: {', '.join(runs)}."
    )


def _ours(ratios: pd.DataFrame) -> pd.DataFrame:
    ours = [not is_peer(method) for method in ratios.index.get_level_values("method")]
    return ratios[ours] if any(ours) else ratios.loc[[ALL]]


def _listed(tasks: Sequence[str]) -> str:
    return ", ".join(sorted(tasks))


def _cell(value: object, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
