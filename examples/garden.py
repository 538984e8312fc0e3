"""First steps: the largest garden that a given length of fence can enclose along a wall.

Two sides of length x run away from the wall and take 2x of the fence; what is left is the third
side. The area x * (fence - 2x) is largest at x = fence / 4: with a fence of 500 that is 31,250 at
x = 125. Ten trials find it. Then a fence of 700 is bought: the optimum moves to 61,250 at x = 175,
and the ten trials of the small garden tell where to look.

A second run continues the stored studies: only trials that are missing are run.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import optuna
from threadpoolctl import threadpool_limits

from _common import Objective
from _common import format_table
from _common import parse_options
from _common import run_study
from _common import trials_until
from _compare import TRANSFER
from _compare import ZERO_SHOT
from _compare import Studies
from _compare import by_sampler
from _compare import progress_figure
from _compare import progress_table
from _compare import rivals
from _compare import run_large
from _figures import write_page
from optuna_scaleup import ScaleUpSampler


SMALL, LARGE = 500.0, 700.0  # length of the fence


def make_objective(fence: float) -> Objective:
    """The area of a garden with that much fence, as an Optuna objective."""

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, fence / 2)
        return x * (fence - 2 * x)

    return objective


def enough(fence: float) -> float:
    """An area within 0.1 % of what no garden exceeds."""
    return 0.999 * fence**2 / 8


def first_steps(smalls: Sequence[optuna.Study]) -> str:
    """What the small studies found, one row a seed."""
    rows = [
        [
            study.study_name,
            f"{study.best_params['x']:.2f}",
            f"{study.best_value:,.1f}",
            f"{trials_until(study, enough(SMALL)):.0f}",
        ]
        for study in smalls
    ]
    header = ["study", "best x", "best area", "trials until within 0.1 % of 31,250"]
    return format_table(header, rows)


def transfer_table(large: Studies) -> str:
    """How soon each sampler found the large garden's optimum."""
    rows = []
    for name, group in large.items():
        counts = [trials_until(study, enough(LARGE)) for study in group]
        found = f"{sum(map(math.isfinite, counts))} of {len(group)}"
        median = statistics.median(counts)
        rows.append([name, found, f"{median:.0f}" if math.isfinite(median) else "more"])
    header = ["large garden", "studies within 0.1 % of 61,250", "median number of trials"]
    return format_table(header, rows)


def draw(path: Path, small: optuna.Study, large: Studies) -> None:
    """The small study's trials on its curve, and each sampler's on that of the large garden."""
    titles = {"small garden": (small, SMALL)}
    titles |= {name: (group[0], LARGE) for name, group in large.items() if name != ZERO_SHOT}
    figure, panels = plt.subplots(1, len(titles), figsize=(13, 3.6), layout="constrained")
    for axes, (title, (study, fence)) in zip(panels, titles.items(), strict=True):
        x = np.linspace(0, fence / 2, 200)
        axes.plot(x, x * (fence - 2 * x), color="0.7")
        axes.axvline(fence / 4, color="0.7", linestyle=":")
        for trial in study.trials:
            axes.plot(trial.params["x"], trial.value, "o", color="C0", alpha=0.5)
            axes.annotate(str(trial.number), (trial.params["x"], trial.value or 0.0))
        axes.set(title=title, xlabel="x", ylabel="area" if study is small else None)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Runs what is missing, prints the tables, draws the figures."""
    threadpool_limits(1)  # matrices this small are slower on several threads
    mpl.use("Agg")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = parse_options(__doc__, out="garden", n_small=10, n_large=6, quick=(6, 4), n_seeds=5)
    smalls, larges = [], []
    for seed in options.seeds:
        small = run_study(
            f"small, seed {seed}",
            options.storage,
            make_objective(SMALL),
            # By default the first trial is the centre of the range: here that is the answer.
            lambda s: ScaleUpSampler(seed=s, initial_design="random"),
            n_trials=options.n_small,
            seed=seed,
            direction="maximize",
        )
        large = run_large(
            options,
            make_objective(LARGE),
            rivals(small),
            seed=seed,
            direction="maximize",
            zero_shot=small.best_params,
        )
        smalls.append(small)
        larges.append(large)

    studies = by_sampler(larges)
    tables = [
        first_steps(smalls),
        transfer_table(studies),
        progress_table(studies, options.n_large, value="area", digits=0),
    ]
    print("\n" + "\n\n".join(tables) + "\n")
    draw(options.out / "garden.png", smalls[0], studies)
    figure = progress_figure(studies, options.n_large, value="area")
    page = options.out / "report.html"
    write_page(page, "The garden", [("Results", tables, [("Best so far", figure)])])
    print(f"best with transfer: {studies[TRANSFER][0].best_params}")
    print(f"figures: {page}, {options.out / 'garden.png'}")


if __name__ == "__main__":
    main()
