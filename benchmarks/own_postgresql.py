"""A PostgreSQL server of one's own on a free port, so that nobody else notices a restart."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        folder: Its data.
        port: Where it listens on this machine.
    """

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://scaleup@127.0.0.1:{self.port}/postgres"

    def control(self, *command: str) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        options += " -c fsync=off -c max_connections=300"
        log = str(self.folder / "log")
        _run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-o", options, "-w", *command)

    def restart(self) -> None:
        """At once, as after a power cut: all connections break."""
        self.control("-m", "immediate", "restart")


@contextmanager
def own_postgresql() -> Iterator[Server]:
    """Starts a server, and removes it in the end.

    Raises:
        ValueError: If PostgreSQL's programs are not installed.
    """
    folder = Path(tempfile.mkdtemp(prefix="scaleup-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")  # PostgreSQL refuses to run as root
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(folder, free.getsockname()[1])
    try:
        _run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "scaleup", "--no-sync")
        server.control("start")
        yield server
        server.control("-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program) or max(
        map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{program}")), default=None
    )
    if found is None:
        raise ValueError(f"{program} is not installed: this needs the programs of PostgreSQL.")
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*user, found, *arguments], cwd="/", capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        raise ValueError(f"{program} failed: {done.stderr.strip()}")
