"""Dask's client, for an example that bears the name of Dask's own package ``distributed``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from dask.distributed import Client
    from dask.distributed import LocalCluster
    from dask.distributed import as_completed
else:
    _path = list(sys.path)
    sys.path[:] = [p for p in _path if Path(p or ".").resolve() != Path(__file__).parent]
    try:
        from dask.distributed import Client
        from dask.distributed import LocalCluster
        from dask.distributed import as_completed
    finally:
        sys.path[:] = _path

__all__ = ["Client", "LocalCluster", "as_completed"]
