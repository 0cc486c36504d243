from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from audit.ledger.append import Writer
from audit.ledger.rows import RequestedRow, SealedBody
from kit.ids import new_id
from tests.audit.conftest import Connect, enter
from tests.audit.rows import Tenant, outcome_of, requested

TABLES = ["audit_record", "audit_settlement", "audit_body"]
BODY = SealedBody("request", new_id(), b"sealed", b"c" * 32, b"h" * 32)


@pytest.fixture
async def row(writer: Writer, tenant: Tenant) -> RequestedRow:
    """A settled request of the tenant's team, with a body."""
    row = requested(tenant, bodies=(BODY,))
    await writer.requested(row)
    await writer.outcome(outcome_of(row))
    return row


def count(connection: psycopg.Connection, table: str) -> int:
    found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert found
    return int(found[0])


@pytest.mark.parametrize("table", TABLES)
async def test_an_organisation_sees_its_own_rows_only(
    connect: Connect, row: RequestedRow, tenant: Tenant, other_tenant: Tenant, table: str
) -> None:
    app = connect("app")
    with app.transaction():
        enter(app, tenant)
        assert count(app, table) > 0
        enter(app, other_tenant)
        assert count(app, table) == 0


@pytest.mark.parametrize("table", TABLES)
async def test_a_team_does_not_see_its_sister(connect: Connect, row: RequestedRow, tenant: Tenant, table: str) -> None:
    app = connect("app")
    with app.transaction():
        enter(app, tenant, teams=str(tenant.team_id))
        assert count(app, table) > 0
        enter(app, tenant, teams=str(new_id()))
        assert count(app, table) == 0
        enter(app, tenant, teams="")
        assert count(app, table) == 0


async def test_what_belongs_to_no_team_is_seen_by_all(connect: Connect, writer: Writer, tenant: Tenant) -> None:
    await writer.requested(replace(requested(tenant), team_id=None))
    app = connect("app")
    with app.transaction():
        enter(app, tenant, teams=str(new_id()))
        assert count(app, "audit_record") == 1


@pytest.mark.parametrize("table", TABLES)
async def test_without_an_organisation_there_is_nothing(connect: Connect, row: RequestedRow, table: str) -> None:
    assert count(connect("app"), table) == 0
