"""What not every supported version of Optuna has."""

from __future__ import annotations

import optuna
import pytest


needs_set_constraint = pytest.mark.skipif(
    not hasattr(optuna.Trial, "set_constraint"), reason="Trial.set_constraint came with Optuna 5"
)
