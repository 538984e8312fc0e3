"""Takes the pictures of optuna-dashboard, of what the quickstart stored.

    python docs/screenshots.py sqlite:///quickstart/studies.db docs

It needs the extra ``browser`` and Debian's ``chromium``, and publishes notes and figures.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler
from wsgiref.simple_server import make_server

import optuna
from optuna_dashboard import wsgi
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright

from optuna_scaleup.dashboard import publish


LARGE = "large, ScaleUpSampler(small), seed 0"
TRIAL = 0
FIGURES = ("Surrogate Plot", "Transfer Plot", "Drift Plot", "Recommendation Plot")
HEADER = 80  # pixels that the page's bar hides
FLAGS = ["--no-sandbox", "--disable-gpu"]


class Silent(WSGIRequestHandler):
    """Logs no request."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def dashboard(storage: optuna.storages.BaseStorage) -> Iterator[str]:
    """The address of an optuna-dashboard."""
    server = make_server("127.0.0.1", 0, wsgi(storage), handler_class=Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dashboard/studies"
    finally:
        server.shutdown()


@contextmanager
def chromium() -> Iterator[Page]:
    """A page of a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            yield browser.new_page()
        finally:
            browser.close()


def take_notes_and_figures(page: Page, base: str, folder: Path) -> None:
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
    storage = optuna.storages.get_storage(url)
    study = optuna.load_study(study_name=LARGE, storage=storage)
    publish(study)
    with dashboard(storage) as address, chromium() as page:
        take_notes_and_figures(page, f"{address}/{study._study_id}", folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
