"""What a person sees: optuna-dashboard in a headless Chromium, SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna
import pytest

from optuna_scaleup import ScaleUpSampler
from tests.dashboard.browser import chromium_page
from tests.dashboard.browser import serving
from tests.storages.places import PLACES


pytest.importorskip("optuna_dashboard", reason="needs optuna-dashboard")
pytest.importorskip("plotly", reason="the figures need plotly")

from optuna_scaleup.dashboard import publish


def objective(trial: optuna.Trial) -> float:
    return (trial.suggest_float("x", 0.0, 1.0) - 0.4) ** 2


def fill(storage: Any) -> optuna.Study:
    small = optuna.create_study(
        study_name="small", storage=storage, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    small.optimize(objective, n_trials=6)
    large = optuna.create_study(
        study_name="large", storage=storage, sampler=ScaleUpSampler(small, seed=0)
    )
    large.optimize(objective, n_trials=2)
    for study in (small, large):
        publish(study)
    return large


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_notes_and_figures_are_there(kind: str, tmp_path: Path) -> None:
    with PLACES[kind](tmp_path) as place:
        large = fill(place.open())
        names = ("small", "large")
        ids = {s.study_name: s._study_id for s in optuna.get_all_study_summaries(large._storage)}
        with serving(place.address) as address, chromium_page(tmp_path / "profile") as page:
            for name in names:
                base = f"{address}/dashboard/studies/{ids[name]}"
                page.goto(f"{base}/note")
                page.get_by_role("heading", name="ScaleUpSampler").wait_for()
                note = page.inner_text("body")
                assert "Recommendation" in note
                assert "optuna-scaleup begins" not in note
                assert place.address not in note
                page.goto(f"{base}/trials?numbers=1")
                page.get_by_text("Why this point").wait_for()
                page.goto(base)
                page.get_by_text("Surrogate Plot: x").first.wait_for()
            shown = page.inner_text("body")
            for title in ("Transfer Plot", "Recommendation Plot", "Drift Plot"):
                assert title in shown
            page.goto(f"{base}/trials?numbers=1")
            page.get_by_text("listened to").wait_for()
            assert "small" in page.inner_text("body")
