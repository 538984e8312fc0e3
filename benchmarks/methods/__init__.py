"""Every competitor behind one protocol, one small file each; :data:`METHODS` names them."""

from __future__ import annotations

from benchmarks.methods.method import Impossible
from benchmarks.methods.method import Method
from benchmarks.methods.method import Session
from benchmarks.methods.registry import METHODS


__all__ = ["METHODS", "Impossible", "Method", "Session"]
