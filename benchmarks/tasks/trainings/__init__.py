"""Real trainings with scikit-learn on data that it brings along: small ones, then large ones."""

from __future__ import annotations

from benchmarks.tasks.trainings.catalogue import build_training
from benchmarks.tasks.trainings.catalogue import training_ids


__all__ = ["build_training", "training_ids"]
