"""Why each trial was tried: every reason that is given is true."""

from __future__ import annotations

import json
from typing import Any
from typing import Literal

import optuna
import pytest


pytest.importorskip("plotly", reason="the dashboard shows figures")

from optuna_scaleup.dashboard._trial_notes import trial_note


SPACE: dict[str, optuna.distributions.BaseDistribution] = {
    "lr": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
    "n": optuna.distributions.IntDistribution(1, 4),
    "kind": optuna.distributions.CategoricalDistribution(["a", "b"]),
}


def note(
    interval: tuple[float, float, float],
    best: float | None,
    *,
    number: int = 3,
    lr: float = 0.02,
    direction: Literal["minimize", "maximize"] = "minimize",
    attrs: dict[str, Any] | None = None,
) -> str:
    study = optuna.create_study(direction=direction)
    trial = optuna.create_trial(
        params={"lr": lr, "n": 2, "kind": "b"},
        distributions=SPACE,
        value=1.0,
        system_attrs={
            "scaleup:prediction:0": json.dumps(
                {"value_interval": interval, "source_weights": [0.9, 0.1]}
            ),
            **(attrs or {}),
        },
    )
    trial.number = number
    return trial_note(study, trial, best, ["small", "no source"])


def test_hope_goes_the_way_of_the_study() -> None:
    assert "unsure enough that it may be: down to 0.5." in note((0.5, 1.5, 2.0), 1.0)
    up = note((0.5, 1.5, 2.0), 1.75, direction="maximize")
    assert "unsure enough that it may be: up to 2." in up


def test_the_centre_is_tried_for_what_it_tells() -> None:
    """It stands in the plan whatever is expected there."""
    assert "the centre of the space, which tells whether" in note((0.5, 1.5, 2.0), 1.0, lr=0.01)
    assert "the centre of the space, which tells whether" in note((1.2, 1.5, 2.0), 1.0, lr=0.01)
    assert "centre" not in note((0.5, 1.5, 2.0), 1.0, lr=0.011)
    assert "**Exploit**" in note((0.5, 0.9, 2.0), 1.0, lr=0.01)


def test_the_first_trial_of_a_constrained_study_rests_on_the_sources() -> None:
    attrs = {"constraints": (1.0,)}
    first = note((0.5, 0.9, 2.0), None, number=0, attrs=attrs)
    assert "the best guess from the sources alone" in first
    later = note((0.5, 0.9, 2.0), None, attrs=attrs)
    assert "the best guess as long as no feasible value was known" in later
