"""Connections as each role, and a writer, on this worker's database."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from audit.ledger.append import Writer
from portal.embedded import postgres
from portal.embedded.home import Home
from tests.audit.rows import Tenant

Connect = Callable[[str], psycopg.Connection]
VARIABLES = {
    "app": "DATABASE_URL",
    "system": "DATABASE_URL_SYSTEM",
    "gateway": "DATABASE_URL_GATEWAY",
    "migrator": "DATABASE_URL_MIGRATOR",
}


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


@pytest.fixture
def other_tenant() -> Tenant:
    return Tenant()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens an autocommitting connection as `app`, `system`, `gateway`, `migrator` (the owner), or `superuser`."""
    opened: list[psycopg.Connection] = []

    def open_as(role: str) -> psycopg.Connection:
        opened.append(psycopg.connect(url_of(role), autocommit=True))
        return opened[-1]

    yield open_as
    for connection in opened:
        connection.close()


def url_of(role: str) -> str:
    if role != "superuser":
        return os.environ[VARIABLES[role]]
    admin = urlsplit(postgres.configure(Home(Path(os.environ["CHANCERY_TEST_HOME"]))).admin_url)
    return admin._replace(path=urlsplit(os.environ["DATABASE_URL"]).path).geturl()


@pytest.fixture
def gateway_url() -> str:
    return url_of("gateway")


@pytest.fixture
async def writer(gateway_url: str) -> AsyncIterator[Writer]:
    async with Writer(gateway_url) as running:
        yield running


def enter(connection: psycopg.Connection, tenant: Tenant, teams: str = "*", user: UUID | None = None) -> None:
    """What `kit.scoping.within` tells the database, for the rest of the transaction."""
    connection.execute(
        "SELECT set_config('chancery.organization', %s, true), set_config('chancery.teams', %s, true), "
        "set_config('chancery.user', %s, true)",
        [str(tenant.id), teams, str(user or "")],
    )


def records_of(tenant: Tenant) -> list[Any]:
    """Rows of `audit_record`, oldest first, with the columns as attributes; for use in async tests too."""
    return _rows("SELECT * FROM audit_record WHERE organization_id = %s ORDER BY id", tenant)


def settlements_of(tenant: Tenant) -> list[Any]:
    return _rows("SELECT * FROM audit_settlement WHERE organization_id = %s ORDER BY request_id", tenant)


def corrections_of(tenant: Tenant) -> list[Any]:
    return _rows("SELECT * FROM audit_correction WHERE organization_id = %s ORDER BY request_id", tenant)


def _rows(query: LiteralString, tenant: Tenant) -> list[Any]:
    with psycopg.connect(url_of("system"), row_factory=namedtuple_row) as connection:
        return list(connection.execute(query, [tenant.id]))
