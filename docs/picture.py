"""Draws the README's picture from the studies that the quickstart stored.

    python docs/picture.py sqlite:///quickstart/studies.db docs/quickstart.png

Left: what the small and the large network make of a learning rate, all samplers and seeds.
Right: the best loss of the large network against the number of its trials, mean over the seeds.
"""

from __future__ import annotations

import re
import statistics
import sys
from collections import defaultdict
from itertools import accumulate

import matplotlib.pyplot as plt
import optuna
from matplotlib.axes import Axes
from optuna.trial import FrozenTrial
from optuna.trial import TrialState


Studies = dict[str, list[optuna.Study]]
COLORS = {"ScaleUpSampler(small)": "C3", "GPSampler": "C0", "TPESampler": "C2"}


def read_studies(storage: str) -> Studies:
    """The stored studies of all seeds by name: ``small`` and ``large, <sampler>``."""
    studies: Studies = defaultdict(list)
    for name in optuna.get_all_study_names(storage):
        if match := re.fullmatch(r"(.*), seed \d+", name):
            studies[match[1]].append(optuna.load_study(study_name=name, storage=storage))
    return studies


def finished(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def draw_landscape(axes: Axes, studies: Studies) -> None:
    """Loss against learning rate at both scales, over all other parameters."""
    for label, prefix, color in (("small", "small", "C0"), ("large", "large", "C3")):
        trials = [
            trial
            for name, group in studies.items()
            if name.startswith(prefix)
            for study in group
            for trial in finished(study)
            if trial.state == TrialState.COMPLETE and trial.value is not None
        ]
        points = sorted(
            (t.params["learning_rate"], t.value) for t in trials if t.value is not None
        )
        axes.plot(*zip(*points, strict=True), ".", color=color, alpha=0.4, label=label)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="learning rate",
        ylabel="validation cross-entropy",
        title="What is best for the small network is not for the large",
    )
    axes.legend()


def draw_progress(axes: Axes, studies: Studies) -> None:
    """Best loss so far of each sampler's large studies."""
    for name, group in studies.items():
        sampler = name.removeprefix("large, ")
        runs = [_best_so_far(finished(study)) for study in group]
        if sampler == name or any(len(run) < 2 for run in runs):
            continue
        means = [statistics.fmean(values) for values in zip(*runs, strict=False)]
        counts = range(1, len(means) + 1)
        axes.plot(counts, means, "o-", color=COLORS.get(sampler, "0.6"), label=sampler)
    n_seeds = max(map(len, studies.values()))
    axes.set(
        yscale="log",
        xlabel="trials of the large network",
        ylabel="best validation cross-entropy",
        title=f"Tuning the large network (mean of {n_seeds} seeds)",
    )
    axes.legend()


def _best_so_far(trials: list[FrozenTrial]) -> list[float]:
    values = [
        t.value if t.state == TrialState.COMPLETE and t.value is not None else float("inf")
        for t in trials
    ]
    return list(accumulate(values, min))


def main() -> None:
    """Reads the storage named first on the command line, writes the file named second."""
    storage, path = sys.argv[1:]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    studies = read_studies(storage)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    draw_landscape(left, studies)
    draw_progress(right, studies)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
