"""Labels: short, told apart, and never read as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import optuna
import pytest
from optuna.samplers import RandomSampler

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source


pytest.importorskip("plotly", reason="the figures need plotly")

from optuna_scaleup import visualization as figures
from optuna_scaleup.visualization._labels import escaped
from optuna_scaleup.visualization._labels import shortened
from optuna_scaleup.visualization._labels import shortened_together


def test_labels_keep_both_ends() -> None:
    names = [shortened(f"optimizer.learning_rate_{end}") for end in "ab"]
    assert names == ["optimize…_rate_a", "optimize…_rate_b"]
    assert shortened("short") == "short"
    assert len(shortened("no-name-409aef50-6ce5-4d8e-90c6-0e7926f367ba", 24)) == 24


def test_labels_are_no_markup() -> None:
    assert escaped("<b>a & b</b>, $x$") == "&lt;b&gt;a &amp; b&lt;/b&gt;, &#36;x&#36;"
    assert shortened("<i>" + "x" * 20) == "&lt;i&gt;xxxxx…xxxxxxx"  # cut first: no half of &lt;


@pytest.mark.parametrize(
    "labels",
    [
        [f"configuration_{i}_of_the_optimiser" for i in range(25)],
        [*(f"configuration_{i}_of_the_optimiser" for i in range(3)), "none"],
        ["a" * 30, "a" * 31, "a" * 32],
        [f"{'a' * 12}{'xyz'[i]}{'b' * 20}{'xyz'[i]}{'a' * 12}" for i in range(3)],
        ["small", "small", "large"],
    ],
)
def test_labels_of_one_axis_are_told_apart(labels: list[str]) -> None:
    short = shortened_together(labels)
    assert len(set(short)) == len(labels)
    assert max(map(len, short)) <= 16


def test_what_tells_labels_apart_is_shown() -> None:
    alike = [f"configuration_{i}_of_the_optimiser" for i in (9, 10, 11)]
    shown = ["configuration…9…", "configuratio…10…", "configuratio…11…"]
    assert shortened_together(alike) == shown
    assert shortened_together(["lr", "optimizer.momentum"]) == ["lr", "optimize…omentum"]


OURS = {"<sup>", "</sup>"}
MARKUP = re.compile(r"<[^>]*>|&(?!amp;|lt;|gt;|#36;)|[$]")
LABELS = frozenset(("name", "ticktext", "title"))
LONG = "optimizer.schedule.learning_rate_of_the_first_stage"
NAMES = ("<i>run</i> $x$ " + "proxy of the transformer " * 3, "<i>run</i> $x$ " + "large " * 15)


@pytest.fixture(scope="module")
def oddly_named() -> optuna.Study:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float(LONG, 0.0, 1.0)
        choices = ["<b>bold</b>", *(f"configuration_{i}_of_the_optimiser" for i in range(3))]
        return x + (trial.suggest_categorical("kind & co", choices) == choices[0])

    small, large = (optuna.create_study(study_name=name) for name in NAMES)
    small.sampler = RandomSampler(seed=0)
    small.optimize(objective, n_trials=8)
    source = Source(small, scale={"<size>": 1.0})
    large.sampler = ScaleUpSampler(source, scale={"<size>": 4.0}, seed=0)
    large.optimize(objective, n_trials=2)
    return large


@pytest.mark.parametrize(
    "plot",
    [
        figures.plot_anytime,
        figures.plot_drift,
        figures.plot_recommendation,
        lambda study: figures.plot_surrogate(study, LONG),
        lambda study: figures.plot_surrogate(study, "kind & co"),
        lambda study: figures.plot_surrogate(study, [LONG, "kind & co"]),
        figures.plot_transfer,
    ],
    ids=["anytime", "drift", "recommendation", "slice", "choices", "map", "transfer"],
)
def test_figures_show_names_as_they_are_and_short(
    oddly_named: optuna.Study, plot: Callable[[optuna.Study], Any]
) -> None:
    figure = plot(oddly_named).to_dict()
    texts = list(_texts(figure))
    assert not [text for text in texts if set(MARKUP.findall(text)) - OURS]
    labels = [html.unescape(text) for text in _texts(figure, LABELS) if "<sup>" not in text]
    assert max(map(len, labels)) <= 60


def test_the_full_name_is_shown_when_pointed_at(oddly_named: optuna.Study) -> None:
    for plot in (figures.plot_anytime, figures.plot_transfer, figures.plot_surrogate):
        told = " ".join(map(html.unescape, _texts(plot(oddly_named).to_dict())))
        assert any(name in told for name in NAMES)


def _texts(
    node: Any, keys: frozenset[str] = frozenset(), is_wanted: bool = False
) -> Iterator[str]:
    """What a figure writes, its titles line by line; all of it, or below some keys."""
    if isinstance(node, str) and (is_wanted or not keys):
        yield from node.split("<br>")
    elif isinstance(node, dict):
        for key, value in node.items():
            if key != "template":
                yield from _texts(value, keys, is_wanted or key in keys)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _texts(value, keys, is_wanted)
