"""Small-to-large tuning tasks; :func:`load_tasks` is the entry."""

from __future__ import annotations

from benchmarks.tasks.registry import load_tasks
from benchmarks.tasks.task import Condition
from benchmarks.tasks.task import SourceTask
from benchmarks.tasks.task import Surface
from benchmarks.tasks.task import Task


__all__ = ["Condition", "SourceTask", "Surface", "Task", "load_tasks"]
