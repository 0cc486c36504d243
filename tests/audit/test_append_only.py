"""Attacks on what is written, each on the parent and on a partition by its own name."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors, sql

from audit.ledger.append import Writer
from tests.audit.conftest import Connect
from tests.audit.rows import Tenant, outcome_of, requested

SERVING = ["app", "system", "gateway"]
ROLES = [*SERVING, "migrator", "superuser"]
PARENTS = ["audit_record", "audit_settlement", "audit_body"]

CHANGES = [
    "UPDATE {table} SET organization_id = gen_random_uuid()",
    "UPDATE {table} SET organization_id = gen_random_uuid() WHERE false",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    "MERGE INTO {table} USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
]
INSERTS = [
    "INSERT INTO {table} DEFAULT VALUES",
    "INSERT INTO {table} (organization_id) OVERRIDING SYSTEM VALUE VALUES (gen_random_uuid())",
    "COPY {table} FROM STDIN",
]
WEAKENINGS = [
    "ALTER TABLE {table} DISABLE TRIGGER deny_change",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} ENABLE TRIGGER deny_change",
    "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE {table} RENAME TO audit_hidden",
    "ALTER TABLE {table} OWNER TO chancery_app",
    "DROP TRIGGER deny_change ON {table}",
    "DROP TABLE {table}",
    "DROP TABLE {table} CASCADE",
    "CREATE RULE swallow AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "CREATE POLICY opened ON {table} USING (true)",
]


def on(table: str, statement: str) -> sql.Composed:
    return sql.SQL(statement).format(table=sql.Identifier(table))


def partition_of(connection: psycopg.Connection, parent: str) -> str:
    row = connection.execute(
        "SELECT relid::regclass::text FROM pg_partition_tree(%s) WHERE isleaf ORDER BY 1 LIMIT 1", [parent]
    ).fetchone()
    assert row
    return str(row[0])


@pytest.fixture(params=PARENTS)
def parent(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["parent", "partition"])
def target(request: pytest.FixtureRequest, parent: str, connect: Connect) -> str:
    return parent if request.param == "parent" else partition_of(connect("superuser"), parent)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_or_removes_rows(connect: Connect, role: str, target: str) -> None:
    attacker = connect(role)
    for attack in CHANGES:
        with pytest.raises(errors.InsufficientPrivilege):
            attacker.execute(on(target, attack))


@pytest.mark.parametrize("role", SERVING)
def test_nobody_who_serves_inserts_directly(connect: Connect, role: str, target: str) -> None:
    attacker = connect(role)
    for attack in INSERTS:
        with pytest.raises(errors.InsufficientPrivilege):
            attacker.execute(on(target, attack))


@pytest.mark.parametrize("role", ROLES)
def test_nobody_weakens_the_guards(connect: Connect, role: str, target: str) -> None:
    attacker = connect(role)
    for attack in WEAKENINGS:
        with pytest.raises(errors.InsufficientPrivilege):
            attacker.execute(on(target, attack))


@pytest.mark.parametrize("role", ROLES)
def test_nobody_takes_a_partition_away(connect: Connect, role: str, parent: str) -> None:
    part = sql.Identifier(partition_of(connect("superuser"), parent))
    attacker = connect(role)
    detach = sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(sql.Identifier(parent), part)
    for attack in (detach, sql.SQL("DROP SCHEMA public CASCADE"), sql.SQL("DROP OWNED BY chancery_owner CASCADE")):
        with pytest.raises(errors.InsufficientPrivilege):
            attacker.execute(attack)


@pytest.mark.parametrize("role", SERVING)
def test_nobody_who_serves_becomes_somebody_else(connect: Connect, role: str) -> None:
    attacker = connect(role)
    for attack in ("SET session_replication_role = replica", "SET ROLE chancery_owner", "SET ROLE postgres"):
        with pytest.raises(errors.InsufficientPrivilege):
            attacker.execute(attack)


def test_the_replica_role_does_not_switch_the_triggers_off(connect: Connect, target: str) -> None:
    superuser = connect("superuser")
    superuser.execute("SET session_replication_role = replica")
    for attack in CHANGES:
        with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
            superuser.execute(on(target, attack))


async def test_the_owner_cannot_overwrite_through_a_conflict(connect: Connect, writer: Writer, tenant: Tenant) -> None:
    row = requested(tenant)
    await writer.requested(row)
    await writer.outcome(outcome_of(row))
    owner = connect("migrator")
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        owner.execute(
            "INSERT INTO audit_settlement SELECT * FROM audit_settlement WHERE request_id = %s "
            "ON CONFLICT (request_id) DO UPDATE SET cost_nano_usd = 0",
            [row.id],
        )


@pytest.mark.parametrize("role", SERVING)
def test_a_partition_is_not_read_by_its_own_name(connect: Connect, role: str, parent: str) -> None:
    part, reader = partition_of(connect("superuser"), parent), connect(role)
    with pytest.raises(errors.InsufficientPrivilege):
        reader.execute(on(part, "SELECT * FROM {table}"))


def test_the_gateway_reads_nothing_of_the_ledger(connect: Connect, parent: str) -> None:
    gateway = connect("gateway")
    with pytest.raises(errors.InsufficientPrivilege):
        gateway.execute(on(parent, "SELECT * FROM {table}"))
