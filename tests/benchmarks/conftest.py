"""The benchmarks need packages of their own extra; without them there is nothing to test."""

from __future__ import annotations

from importlib.util import find_spec


NEEDED = ("pandas", "tqdm", "plotly", "matplotlib")

collect_ignore_glob = [] if all(find_spec(name) for name in NEEDED) else ["test_*.py"]
