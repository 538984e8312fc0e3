"""Families made by the project: the relation of source and target, and the best, are known."""

from __future__ import annotations

from benchmarks.tasks.synthetic.catalogue import build_synthetic
from benchmarks.tasks.synthetic.catalogue import family_of
from benchmarks.tasks.synthetic.catalogue import synthetic_ids


__all__ = ["build_synthetic", "family_of", "synthetic_ids"]
