"""``python -m optuna_scaleup``: the command line."""

from __future__ import annotations

import sys

from optuna_scaleup.cli import main


if __name__ == "__main__":
    sys.exit(main())
