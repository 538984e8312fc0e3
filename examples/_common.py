"""What every example shares: flags, resumable studies and tables."""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import Literal

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState


FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
Direction = Literal["minimize", "maximize"]
Objective = Callable[[optuna.Trial], float]
SamplerFactory = Callable[[int], optuna.samplers.BaseSampler]


@dataclass(frozen=True)
class Options:
    """What the flags ask for."""

    storage: str
    n_small: int
    n_large: int
    seeds: range
    out: Path
    quick: bool
    own: argparse.Namespace  # flags of this example alone


def parse_options(
    description: str | None,
    *,
    out: str,
    n_small: int,
    n_large: int,
    quick: tuple[int, int],
    n_seeds: int = 1,
    add_own: Callable[[argparse.ArgumentParser], object] | None = None,
    argv: Sequence[str] | None = None,
) -> Options:
    """Reads the flags that all examples have in common.

    Args:
        description: The text above the list of flags.
        out: Default folder for the figures and, unless ``--storage`` says otherwise, the studies.
        n_small: Default number of small trials.
        n_large: Default number of large trials.
        quick: The same two numbers under ``--quick``.
        n_seeds: Default number of seeds; one under ``--quick``.
        add_own: Adds the flags that this example alone has.
        argv: The command line; :obj:`None` for the process's own.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--storage", help="Optuna storage URL (default: an SQLite file in the --out folder)")
    add("--n-small", type=_positive, help=f"trials of the small study (default: {n_small})")
    add("--n-large", type=_positive, help=f"trials of each large study (default: {n_large})")
    add("--seed", type=int, default=0, help="first seed (default: 0)")
    add("--seeds", type=_positive, help=f"number of seeds to average over (default: {n_seeds})")
    add("--quick", action="store_true", help="a few trials only, to see that it runs")
    add("--out", type=Path, default=Path(out), help=f"folder for the results (default: {out})")
    if add_own is not None:
        add_own(parser)
    flags = parser.parse_args(argv)
    if flags.quick:
        (n_small, n_large), n_seeds = quick, 1
    flags.out.mkdir(parents=True, exist_ok=True)
    return Options(
        storage=flags.storage or f"sqlite:///{flags.out / 'studies.db'}",
        n_small=flags.n_small or n_small,
        n_large=flags.n_large or n_large,
        seeds=range(flags.seed, flags.seed + (flags.seeds or n_seeds)),
        out=flags.out,
        quick=flags.quick,
        own=flags,
    )


def run_study(
    name: str,
    storage: str,
    objective: Objective,
    make_sampler: SamplerFactory,
    *,
    n_trials: int,
    seed: int,
    direction: Direction | Sequence[Direction] = "minimize",
    pruner: optuna.pruners.BasePruner | None = None,
    first_params: Sequence[dict[str, Any]] = (),
) -> optuna.Study:
    """Brings the stored study of that name to ``n_trials`` finished trials, starting it if needed.

    Args:
        name: Name of the study in the storage.
        storage: Optuna storage URL.
        objective: What the study optimises.
        make_sampler: Called with a seed, gives the sampler.
        n_trials: Finished trials the study has in the end; those that are stored already count.
        seed: Seed of this run's repetition.
        direction: ``"minimize"`` or ``"maximize"``; one for each of several objectives.
        pruner: The study's pruner; :obj:`None` for none.
        first_params: Parameters of the first trials; then the sampler chooses.
    """
    study = optuna.create_study(
        study_name=name,
        storage=storage,
        pruner=pruner or optuna.pruners.NopPruner(),
        directions=[direction] if isinstance(direction, str) else list(direction),
        load_if_exists=True,
    )
    n_done = len(study.get_trials(deepcopy=False, states=FINISHED))
    print(f"{name}: {n_done} of {n_trials} trials stored", flush=True)
    for params in first_params:
        study.enqueue_trial(params, skip_if_exists=True)
    if n_done < n_trials:
        # Random samplers would draw the stored points once more if they restarted from one seed.
        study.sampler = make_sampler(seed + 10_000 * n_done)
        study.optimize(objective, n_trials=n_trials - n_done, show_progress_bar=True)
    return study


def best_after(study: optuna.Study, n_trials: int) -> float:
    """Best value among the first ``n_trials`` finished trials; NaN if all were pruned."""
    first = study.get_trials(deepcopy=False, states=FINISHED)[:n_trials]
    values = [t.value for t in first if t.state == TrialState.COMPLETE and t.value is not None]
    best = max if study.direction == StudyDirection.MAXIMIZE else min
    return best(values, default=float("nan"))


def trials_until(study: optuna.Study, goal: float) -> float:
    """Number of finished trials until the best value reaches the goal; infinity if never."""
    sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
    n_trials = len(study.get_trials(deepcopy=False, states=FINISHED))
    counts = (k for k in range(1, n_trials + 1) if sign * (best_after(study, k) - goal) >= 0)
    return next(counts, math.inf)


def n_pruned(study: optuna.Study) -> int:
    """Number of trials that the pruner stopped."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)))


def wall_time(study: optuna.Study) -> float:
    """Seconds spent in finished trials, the sampler's own time included."""
    trials = study.get_trials(deepcopy=False, states=FINISHED)
    return sum(t.duration.total_seconds() for t in trials if t.duration is not None)


def mean_and_sd(values: Sequence[float], digits: int) -> str:
    """``mean`` of one value, ``mean ± standard deviation`` of several."""
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain-text table that is valid Markdown as well."""
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "| " + " | ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * w for w in widths) + " |")
    return "\n".join(lines)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number
