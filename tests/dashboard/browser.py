"""optuna-dashboard as a person sees it: a server process and a headless Chromium."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def serving(storage: str) -> Iterator[str]:
    """The address of an optuna-dashboard that serves ``storage``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = "import sys; from optuna_dashboard import run_server; "
    program += f"run_server(sys.argv[1], host='127.0.0.1', port={port})"
    server = subprocess.Popen(
        [sys.executable, "-c", program, storage],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


@contextmanager
def chromium_page(profile: Path) -> Iterator[Any]:
    """A page of a new headless Chromium, 1280 by 900 pixels."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("needs chromium")
    with sync_api.sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=executable,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )
        context.set_default_timeout(120_000)
        try:
            yield context.pages[0] if context.pages else context.new_page()
        finally:
            context.close()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300.0
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError("optuna-dashboard ended before it served anything.")
        try:
            urllib.request.urlopen(f"{address}/api/studies", timeout=10).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("optuna-dashboard does not answer.")
