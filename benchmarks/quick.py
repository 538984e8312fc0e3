"""``--quick``: a small comparison for continuous integration, under a minute on two cores."""

from __future__ import annotations

import argparse

from benchmarks.suites import MissingData
from benchmarks.suites import public_tasks


SYNTHETIC_IDS = ("shift_2d", "reversed_2d", "plateau_2d", "mixed_0")
TRAINING_IDS = ("ridge_diabetes",)
PUBLIC_IDS = ("sp1", "yp12", "tp1")
METHODS = ("scaleup", "gp_cold", "gp_enqueue3", "tpe_enqueue3", "random")
N_TRIALS = 12


def make_quick(arguments: argparse.Namespace) -> None:
    """Replaces tasks, methods, seeds and length; says in one line if public data is missing."""
    arguments.tasks, arguments.families = [*SYNTHETIC_IDS, *TRAINING_IDS], None
    try:
        arguments.tasks += [task.id for task in public_tasks(arguments.data, PUBLIC_IDS)]
    except MissingData as error:
        print(f"{error} Without them.")
    arguments.methods, arguments.seeds = list(METHODS), [0]
    arguments.n_trials, arguments.name = N_TRIALS, "quick"
