"""Real storages, each test with a database, file or prefix of its own."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import secrets
import socket
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from optuna.storages import BaseStorage
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend


# A server on another address is named by an environment variable.
POSTGRESQL = os.environ.get(
    "STORAGE_TESTS_POSTGRESQL", "postgresql+psycopg://root:ci@127.0.0.1:5432/postgres"
)
MARIADB = os.environ.get("STORAGE_TESTS_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/mysql")
REDIS = os.environ.get("STORAGE_TESTS_REDIS", "redis://127.0.0.1:6379")

# Children start from a process that has imported all they need and opened nothing.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.storages.workers"])


_opened: list[optuna.storages.RDBStorage] = []


@dataclass(frozen=True)
class Place:
    """Where a storage is, for any process to open."""

    kind: str
    address: str

    def open(self) -> BaseStorage:
        if self.kind == "journal":
            return JournalStorage(JournalFileBackend(self.address))
        if self.kind == "redis":
            url, prefix = self.address.split("#")
            return JournalStorage(optuna.storages.journal.JournalRedisBackend(url, prefix=prefix))
        if self.kind == "grpc":
            return optuna.storages.GrpcStorageProxy(host="127.0.0.1", port=int(self.address))
        storage = optuna.storages.RDBStorage(self.address)
        _opened.append(storage)
        return optuna.storages.get_storage(storage)


@contextmanager
def sqlite(folder: Path) -> Iterator[Place]:
    yield Place("sqlite", f"sqlite:///{folder / 'studies.db'}")
    _close_all()


@contextmanager
def journal(folder: Path) -> Iterator[Place]:
    yield Place("journal", str(folder / "studies.log"))


@contextmanager
def postgresql(folder: Path) -> Iterator[Place]:
    with _database(POSTGRESQL, "psycopg", "{} WITH (FORCE)") as url:
        yield Place("postgresql", url)


@contextmanager
def mariadb(folder: Path) -> Iterator[Place]:
    with _database(MARIADB, "pymysql", "{}") as url:
        yield Place("mariadb", url)


@contextmanager
def redis(folder: Path) -> Iterator[Place]:
    _need("redis")
    import redis as client

    server = client.Redis.from_url(REDIS)
    try:
        server.ping()
    except client.ConnectionError:
        pytest.skip("needs a Redis server: STORAGE_TESTS_REDIS names its URL")
    prefix = _own_name()
    try:
        yield Place("redis", f"{REDIS}#{prefix}")
    finally:
        for key in server.scan_iter(f"{prefix}*"):
            server.delete(key)
        server.close()


@contextmanager
def grpc(folder: Path) -> Iterator[Place]:
    """A proxy in front of SQLite."""
    _need("grpc")
    with sqlite(folder) as behind, grpc_proxy(behind, free_port()) as place:
        yield place


@contextmanager
def grpc_proxy(behind: Place, port: int) -> Iterator[Place]:
    server = PROCESSES.Process(target=_serve, args=(behind, port), daemon=True)
    server.start()
    try:
        optuna.storages.GrpcStorageProxy(host="127.0.0.1", port=port).wait_server_ready(60)
        yield Place("grpc", str(port))
    finally:
        server.kill()
        server.join()


def _serve(behind: Place, port: int) -> None:
    optuna.storages.run_grpc_proxy_server(behind.open(), host="127.0.0.1", port=port)


PLACES: dict[str, Callable[[Path], AbstractContextManager[Place]]] = {
    make.__name__: make for make in (sqlite, journal, postgresql, mariadb, redis, grpc)
}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _database(server: str, driver: str, drop: str) -> Iterator[str]:
    """A new database on a server; the URL keeps its password."""
    _need(driver)
    url, name = sqlalchemy.make_url(server), _own_name()
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    except sqlalchemy.exc.OperationalError:
        variable = "STORAGE_TESTS_" + ("POSTGRESQL" if driver == "psycopg" else "MARIADB")
        pytest.skip(f"needs a database server: {variable} names its URL")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _close_all()
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(f"DROP DATABASE {drop.format(name)}"))
        engine.dispose()


def _close_all() -> None:
    """Closes the connections of what this process opened."""
    while _opened:
        storage = _opened.pop()
        storage.remove_session()
        storage.engine.dispose()


def _own_name() -> str:
    return f"scaleup_test_{secrets.token_hex(6)}"


def _need(driver: str) -> None:
    if importlib.util.find_spec(driver) is None:
        pytest.skip(f"needs {driver}: pip install 'optuna-scaleup[storages]'")
