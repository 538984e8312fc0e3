"""Takes the pictures of optuna-dashboard, of what the quickstart stored.

    python -m docs.screenshots sqlite:///quickstart/studies.db docs

It needs the extras ``browser`` and ``test`` and Debian's ``chromium``; it publishes what it shows.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import optuna

from optuna_scaleup.dashboard import publish
from tests.dashboard.browser import chromium_page
from tests.dashboard.browser import serving


LARGE = "large, ScaleUpSampler(small), seed 0"
TRIAL = 0
FIGURES = ("Surrogate Plot", "Transfer Plot", "Drift Plot", "Recommendation Plot")
HEADER = 80  # pixels that the page's bar hides


def take_notes_and_figures(page: Any, base: str, folder: Path) -> None:
    """What optuna-dashboard shows of a study."""
    page.set_viewport_size({"width": 1280, "height": 960})
    page.goto(f"{base}/note")
    page.get_by_role("heading", name="ScaleUpSampler").wait_for()
    page.screenshot(path=folder / "dashboard_note.png")
    page.set_viewport_size({"width": 1280, "height": 760})
    page.goto(f"{base}/trials?numbers={TRIAL}")
    page.get_by_text("Why this point").wait_for()
    page.screenshot(path=folder / "dashboard_trial.png")
    page.set_viewport_size({"width": 1100, "height": 1140})
    page.goto(base)
    page.get_by_text("Drift Plot").first.wait_for()
    page.wait_for_timeout(5000)  # until all figures are drawn
    boxes = [title.bounding_box() for kind in FIGURES for title in page.get_by_text(kind).all()]
    top = min(box["y"] for box in boxes if box is not None)
    page.evaluate(f"window.scrollBy(0, {top - HEADER})")
    page.wait_for_timeout(1000)
    page.screenshot(path=folder / "dashboard_figures.png")


def main(url: str, folder: Path) -> None:
    """Writes all pictures to ``folder``."""
    study = optuna.load_study(study_name=LARGE, storage=url)
    publish(study)
    with (
        TemporaryDirectory() as profile,
        serving(url) as address,
        chromium_page(Path(profile)) as page,
    ):
        base = f"{address}/dashboard/studies/{study._study_id}"
        take_notes_and_figures(page, base, folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
