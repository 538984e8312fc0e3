"""Settings of the whole suite."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import optuna
import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import settings


pytest.register_assert_rewrite("optuna.testing.pytest_samplers")

# Speed depends on the machine and the draw, so no single example has a deadline.
_common = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # Many examples are whole studies: shrinking one takes longer than understanding it.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
settings.register_profile("quick", _common, max_examples=25, derandomize=True)
# A change lands or fails for what it is, not for the draw; "explore" looks for what nobody met.
settings.register_profile("ci", _common, max_examples=320, derandomize=True)
settings.register_profile("explore", _common, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True)
def _quiet_optuna() -> None:
    """Optuna reports each trial otherwise; tests of log lines raise the level again."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def log_lines(_quiet_optuna: None) -> Iterator[list[str]]:
    """What the package logs from INFO up during the test."""
    handler = _Lines()
    logger = logging.getLogger("optuna.optuna_scaleup")
    logger.addHandler(handler)
    optuna.logging.set_verbosity(optuna.logging.INFO)
    yield handler.lines
    logger.removeHandler(handler)
