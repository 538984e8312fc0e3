"""The examples are scripts: their folder goes on the path, as it does when one is run."""

from __future__ import annotations

import sys
from pathlib import Path


EXAMPLES = str(Path(__file__).parents[2] / "examples")
if EXAMPLES not in sys.path:
    sys.path.insert(0, EXAMPLES)
