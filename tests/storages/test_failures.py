"""Storages that go away, and passwords in their URLs."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
import pytest
import sqlalchemy
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import study_attrs
from tests.storages.places import Place
from tests.storages.places import free_port
from tests.storages.places import grpc_proxy
from tests.storages.places import sqlite
from tests.storages.workers import STUDY
from tests.storages.workers import create
from tests.storages.workers import load
from tests.storages.workers import objective


PASSWORD = "Tr0ub4dor-and-3"


@contextmanager
def cut_at(study: optuna.Study, address: str, statement: int) -> Iterator[Callable[[], bool]]:
    """Ends all connections to the database just before the storage's n-th statement."""
    admin = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT")
    engine = study._storage._backend.engine  # type: ignore[attr-defined]
    n_statements = 0

    def cut(*_: Any) -> None:
        nonlocal n_statements
        n_statements += 1
        if n_statements == statement:
            query = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            with admin.connect() as connection:
                connection.execute(sqlalchemy.text(query))

    sqlalchemy.event.listen(engine, "before_cursor_execute", cut)
    try:
        yield lambda: n_statements >= statement
    finally:
        sqlalchemy.event.remove(engine, "before_cursor_execute", cut)
        admin.dispose()


def test_a_database_that_goes_away_at_any_moment_of_a_suggestion(postgresql: Place) -> None:
    create(postgresql)
    study = load(postgresql, seed=0, is_warm=True)
    for statement in range(1, 60):
        trial = study.ask()
        with cut_at(study, postgresql.address, statement) as was_cut:
            if not was_cut_in(was_cut, trial):
                break
        study.tell(trial, objective(trial))  # the next call works
    assert statement > 5
    assert {t.state for t in study.trials[:-1]} == {TrialState.COMPLETE}


def was_cut_in(was_cut: Callable[[], bool], trial: optuna.Trial) -> bool:
    """Runs the objective; whether the storage's own error came out of it."""
    try:
        objective(trial)
    except (optuna.exceptions.StorageInternalError, sqlalchemy.exc.OperationalError):
        assert was_cut()
        return True
    assert not was_cut()
    return False


def test_a_proxy_that_is_restarted(tmp_path: Any) -> None:
    grpc = pytest.importorskip("grpc", reason="needs grpc: the extra `storages`")
    with sqlite(tmp_path) as behind:
        create(behind)
        port = free_port()
        with grpc_proxy(behind, port) as place:
            study = load(place, seed=0, is_warm=True)
            trial = study.ask()
        with pytest.raises(grpc.RpcError):
            objective(trial)
        with grpc_proxy(behind, port):
            study.tell(trial, objective(trial))
            assert study.trials[0].state == TrialState.COMPLETE


@contextmanager
def role_with_password(postgresql: Place) -> Iterator[str]:
    """The URL of the same database for a role that has a password."""
    url = sqlalchemy.make_url(postgresql.address)
    role = f"scaleup_test_{secrets.token_hex(6)}"
    # Without a pool: its connections would be cut like the others.
    admin = sqlalchemy.create_engine(
        url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.pool.NullPool
    )
    with admin.connect() as connection:
        connection.execute(
            sqlalchemy.text(f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        )
    try:
        yield url.set(username=role, password=PASSWORD).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(sqlalchemy.text(f"REASSIGN OWNED BY {role} TO CURRENT_USER"))
            connection.execute(sqlalchemy.text(f"DROP ROLE {role}"))


def test_passwords_stay_in_their_url(postgresql: Place, caplog: pytest.LogCaptureFixture) -> None:
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    optuna.logging.enable_propagation()
    caplog.set_level(logging.INFO)
    with role_with_password(postgresql) as address:
        place = Place("postgresql", address)
        storage = place.open()
        small = optuna.create_study(study_name="small", storage=storage)
        small.optimize(objective, n_trials=3)
        sampler = ScaleUpSampler(small, seed=0)
        study = optuna.create_study(study_name=STUDY, storage=storage, sampler=sampler)
        study.optimize(objective, n_trials=2)
        errors = [
            error_of(lambda: ScaleUpSampler(address)),  # type: ignore[arg-type]
            error_of(lambda: ScaleUpSampler([address])),  # type: ignore[list-item]
        ]
        trial = study.ask()
        with cut_at(study, postgresql.address, 2):
            errors.append(error_of(lambda: objective(trial)))
        study.tell(trial, objective(trial))
        optuna.delete_study(study_name="small", storage=storage)
        study.optimize(objective, n_trials=1)
        kept = [study_attrs(study), *(t.system_attrs for t in study.trials)]
        kept += [study.user_attrs, *(t.user_attrs for t in study.trials)]
    optuna.logging.disable_propagation()
    assert "Using 3 finished trials of the source 'small'" in caplog.text
    assert "no longer in its storage" in caplog.text
    for text in (caplog.text, *errors, repr(study.sampler), *map(repr, kept)):
        assert PASSWORD not in text


def error_of(call: Callable[[], Any]) -> str:
    """All that a user sees of the error."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - of whatever kind
        call()
    return "".join(traceback.format_exception(raised.value))
