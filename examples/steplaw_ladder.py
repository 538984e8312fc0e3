"""Three sweeps of small language models predict learning rate and batch size of a large one.

The losses are those of real pre-training runs: Step Law (arXiv:2503.04715) trained models of many
sizes on many amounts of text, each on a grid of learning rates and batch sizes. Here 40 random
runs of each of three small settings are all that is known. What they say about a model of 1,074
million parameters on 20 billion tokens, 6 to 25 times their compute, is compared with the 118 runs
of that setting that nobody has looked at.

The runs are not part of this project, as they come without a licence: the CSV file is that of the
repository step-law/steplaw, with the columns model, N, D, lr, bs and loss.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import plotly.graph_objects as go
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from plotly.subplots import make_subplots
from scipy.interpolate import RBFInterpolator
from threadpoolctl import threadpool_limits

from _common import format_table
from _figures import write_page
from optuna_scaleup import Interval
from optuna_scaleup import Recommendation
from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source
from optuna_scaleup import TransferReport


Setting = tuple[int, float]  # millions of parameters, billions of tokens
Runs = dict[str, list[float]]

SMALL: tuple[Setting, ...] = ((215, 4), (215, 11.4), (429, 8))
LARGE: Setting = (1074, 20)
SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(2.4e-4, 2.21e-2, log=True),
    "bs": IntDistribution(16, 2048, log=True),  # sequences of 2,048 tokens
}
PUBLISHED = {"lr": {"params": -0.713, "tokens": 0.307}, "bs": {"params": 0.0, "tokens": 0.571}}
DEFAULT_DATA = Path(__file__).parents[1] / ".." / "shared" / "data" / "steplaw" / "steplaw.csv"


def read_runs(path: Path) -> dict[Setting, Runs]:
    """The dense models' runs by setting, as columns."""
    settings: dict[Setting, Runs] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["model"] == "dense":
                setting = round(float(row["N"]) / 1e6), round(float(row["D"]) / 1e9, 1)
                runs = settings.setdefault(setting, {"lr": [], "bs": [], "loss": []})
                for name, column in runs.items():
                    column.append(float(row[name]))
    return settings


def scale_of(setting: Setting) -> dict[str, float]:
    """Sizes of a training."""
    return {"params": setting[0] * 1e6, "tokens": setting[1] * 1e9}


def sweep(runs: Runs, n_runs: int, rng: np.random.Generator) -> Runs:
    """Some of the runs, at random."""
    picked = rng.permutation(len(runs["loss"]))[:n_runs]
    return {name: [column[i] for i in picked] for name, column in runs.items()}


def best_run(runs: Runs) -> dict[str, float]:
    """The run with the smallest loss."""
    i = int(np.argmin(runs["loss"]))
    return {name: column[i] for name, column in runs.items()}


def step_law(scale: Mapping[str, float]) -> dict[str, float]:
    """The published formula, fitted by its authors to all runs, the large ones as well."""
    lr = 1.79 * scale["params"] ** -0.713 * scale["tokens"] ** 0.307
    return {"lr": lr, "bs": 0.58 * scale["tokens"] ** 0.571 / 2048}


class Surface:
    """The loss between the runs of one setting: a thin-plate spline of its log excess."""

    def __init__(self, runs: Runs) -> None:
        loss = np.array(runs["loss"])
        self._best = float(loss.min())
        excess = np.log(np.minimum(loss, 1.6 * self._best) - self._best + 0.01)
        self._spline = RBFInterpolator(_logs(runs["lr"], runs["bs"]), excess, smoothing=0.02)

    def __call__(self, params: Mapping[str, Any]) -> float:
        value = self._spline(_logs([params["lr"]], [params["bs"]]))[0]
        return float(np.exp(value)) - 0.01 + self._best


def _logs(lr: Sequence[float], bs: Sequence[float]) -> Any:
    return np.column_stack([np.log2(lr) / 2, np.log2(bs) / 2])


def result_table(guesses: Mapping[str, Mapping[str, Any]], large: Runs) -> str:
    """Every guess with its loss beside the best of the runs at the large setting."""
    surface, best = Surface(large), best_run(large)
    rows = [
        [name, f"{p['lr']:.2e}", f"{p['bs']:.0f}", f"{loss:.4f}", f"{loss - best['loss']:+.4f}"]
        for name, p in guesses.items()
        for loss in [surface(p)]
    ]
    n_runs = len(large["loss"])
    measured = [f"best of all {n_runs} large runs", f"{best['lr']:.2e}", f"{best['bs']:.0f}"]
    rows.append([*measured, f"{best['loss']:.4f}", "+0.0000"])
    return format_table(["from", "lr", "bs", "loss", "above the best"], rows)


def exponent_table(report: TransferReport) -> str:
    """The exponents that the small sweeps show, beside the published ones."""
    rows = [
        [
            name,
            size,
            f"{e.median:+.2f}",
            f"{e.outer[0]:+.2f} to {e.outer[1]:+.2f}",
            f"{PUBLISHED[name][size]:+.3f}",
        ]
        for name, exponents in report.exponents.items()
        for size, e in exponents.items()
        if size in PUBLISHED[name]  # nothing is published of the product
    ]
    return format_table(["best", "by", "exponent", "90 %", "Step Law"], rows)


def figure(found: Recommendation, runs: Mapping[Setting, Runs]) -> go.Figure:
    """Where the best values lie by compute: measured, predicted and published."""
    names = {"lr": "learning rate", "bs": "batch size (sequences)"}
    drawn = make_subplots(rows=1, cols=2, subplot_titles=list(names.values()))
    settings = [*SMALL, LARGE]
    compute = [6 * math.prod(scale_of(s).values()) for s in settings]
    for column, name in enumerate(names, start=1):
        is_first = column == 1

        def add(
            x: Sequence[float],
            y: Sequence[float],
            label: str,
            *,
            column: int = column,
            is_first: bool = is_first,
            **style: Any,
        ) -> None:
            trace = go.Scatter(
                x=x, y=y, name=label, legendgroup=label, showlegend=is_first, **style
            )
            drawn.add_trace(trace, row=1, col=column)

        where = found.optimum[name]
        assert isinstance(where, Interval)  # no parameter here is categorical
        for label, (low, high), width in (
            ("predicted optimum, 90 %", where.outer, 6),
            ("predicted optimum, 50 %", where.inner, 14),
        ):
            line = {"color": "rgba(31, 119, 180, 0.45)", "width": width}
            add([compute[-1]] * 2, [low, high], label, mode="lines", line=line)
        measured = [best_run(runs[s])[name] for s in settings]
        published = [step_law(scale_of(s))[name] for s in settings]
        order = np.argsort(compute)
        law_x, law_y = ([values[i] for i in order] for values in (compute, published))
        add(law_x, law_y, "Step Law", mode="lines+markers", line={"color": "grey", "dash": "dot"})
        add(
            compute[:-1],
            measured[:-1],
            "best run of each small sweep",
            mode="markers",
            marker={"color": "black", "size": 10, "symbol": "circle-open"},
        )
        add(
            compute[-1:],
            measured[-1:],
            "best large run",
            mode="markers",
            marker={"color": "firebrick", "size": 12, "symbol": "star"},
        )
        add(
            compute[-1:],
            [found.params[name]],
            "recommended",
            mode="markers",
            marker={"color": "navy", "size": 10, "symbol": "diamond"},
        )
    drawn.update_xaxes(type="log", title="compute, 6 · parameters · tokens (FLOP)")
    drawn.update_yaxes(type="log")
    return drawn


def main() -> None:
    """Predicts, compares, draws."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, default=DEFAULT_DATA, help="steplaw.csv of step-law/steplaw")
    add("--n-runs", type=int, default=40, help="runs of each small sweep (default: 40)")
    add("--seed", type=int, default=0, help="which runs these are (default: 0)")
    add(
        "--drift-prior",
        choices=["consensus", "steplaw", "deepseek"],
        help="a law to believe in advance (default: consensus)",
    )
    add("--quick", action="store_true", help="20 runs of each small sweep")
    add("--out", type=Path, default=Path("steplaw_ladder"), help="folder for the page of figures")
    flags = parser.parse_args()
    if not flags.data.is_file():
        sys.exit(
            f"The runs are missing: there is no file {flags.data}. Get the table of runs of the "
            "repository step-law/steplaw (arXiv:2503.04715; columns model, N, D, lr, bs, loss) "
            "and name it with --data."
        )
    threadpool_limits(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    all_runs = read_runs(flags.data)
    rng = np.random.default_rng(flags.seed)
    runs = {s: sweep(all_runs[s], 20 if flags.quick else flags.n_runs, rng) for s in SMALL}
    sources = [
        Source.from_dataframe(
            runs[s], SPACE, "loss", scale=scale_of(s), name=f"{s[0]}M parameters, {s[1]}B tokens"
        )
        for s in SMALL
    ]
    study = optuna.create_study(study_name="1074M parameters, 20B tokens")
    sampler = ScaleUpSampler(
        sources,
        scale=scale_of(LARGE),
        drift_prior=flags.drift_prior,
        search_space=SPACE,
        seed=flags.seed,
    )
    (found,) = sampler.recommend(study)
    (unsized,) = ScaleUpSampler(
        [Source.from_dataframe(runs[s], SPACE, "loss") for s in SMALL],
        search_space=SPACE,
        seed=flags.seed,
    ).recommend(study)
    guesses = {
        "recommended, sizes known": found.params,
        "recommended, sizes unknown": unsized.params,
        f"best run of the {SMALL[-1][0]}M sweep": best_run(runs[SMALL[-1]]),
        "Step Law's formula": step_law(scale_of(LARGE)),
    }
    results = result_table(guesses, all_runs[LARGE])
    exponents = exponent_table(sampler.diagnose(study))
    print(f"{found}\n\n{results}\n\n{exponents}\n")
    flags.out.mkdir(parents=True, exist_ok=True)
    page = flags.out / "report.html"
    drawn = figure(found, {**runs, LARGE: all_runs[LARGE]})
    write_page(
        page,
        "Step Law: three small sweeps and a large language model",
        [
            ("Prediction", [str(found), results], [("Best values by compute", drawn)]),
            ("Exponents", [exponents], []),
        ],
    )
    print(f"figures: {page}")


if __name__ == "__main__":
    main()
