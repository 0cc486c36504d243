"""The database out into a dump and back: one snapshot, with its rows counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from tempfile import NamedTemporaryFile
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from portal.backup import tools
from portal.backup.manifest import Refused

BACKUP_ROLE = "chancery_backup"
# Made by `bootstrap_database` in every database, so the target has it already.
_NOT_OURS = ("EXTENSION", "EVENT TRIGGER", "SCHEMA - chancery_guard", "chancery_guard", "SCHEMA - public")
_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
# Of another server's counting: here they would lie in the future, and count as never seen.
_RESTAMP = (
    "UPDATE audit_record SET xid = pg_current_xact_id() WHERE xid > pg_current_xact_id()",
    "UPDATE governance_snapshot_change SET xid = pg_current_xact_id() WHERE xid > pg_current_xact_id()",
    # What usage has counted stays told apart from what it has not: the one before this transaction, the other in it.
    *(
        f"UPDATE {table} SET xid = CASE WHEN pg_visible_in_snapshot(xid, seen::pg_snapshot) THEN '3' "  # noqa: S608
        "ELSE pg_current_xact_id() END FROM audit_usage_cursor "
        "WHERE xid >= pg_current_xact_id() OR NOT pg_visible_in_snapshot(xid, seen::pg_snapshot)"
        for table in ("audit_settlement", "audit_correction")
    ),
    "UPDATE audit_usage_cursor SET seen = format('%1$s:%1$s:', pg_current_xact_id())",
)
_LEDGER_DDL = "-c chancery.ledger_ddl=on"


def make_role(admin_url: str, database: str, password: str = "") -> str:
    """The address of a role that reads every row and writes none. Idempotent; only a superuser may make it."""
    password = password or token_urlsafe(24)
    name = sql.Identifier(BACKUP_ROLE)
    with psycopg.connect(_with(admin_url, database=database), autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [BACKUP_ROLE]).fetchone():
            server.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
        verifier = server.pgconn.encrypt_password(password.encode(), BACKUP_ROLE.encode(), b"scram-sha-256").decode()
        server.execute(sql.SQL("ALTER ROLE {} LOGIN BYPASSRLS PASSWORD {}").format(name, verifier))
        server.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(name))
        server.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(name))
        server.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), name))
    return _with(admin_url, database=database, user=BACKUP_ROLE, password=password)


@contextmanager
def snapshot(url: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """A connection to one moment, and the moment's name for others. It lasts as long as the context."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        yield connection, row[0]


def dump(url: str, snapshot_name: str, path: Path) -> None:
    """Raises `tools.ToolFailed`."""
    tools.run("pg_dump", "--format=custom", f"--snapshot={snapshot_name}", f"--file={path}", url=url)


def counts(connection: psycopg.Connection) -> dict[str, int]:
    """Rows by table, partitions within theirs. The role must see every row."""
    found = {}
    for (name,) in connection.execute(_TABLES).fetchall():
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.SQL(name))).fetchone()
        assert row is not None
        found[name] = int(row[0])
    return found


def migrations(connection: psycopg.Connection) -> tuple[str, ...]:
    rows = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1").fetchall()
    return tuple(name for (name,) in rows)


def require_empty(admin_url: str) -> None:
    """Raises `Refused` where there is a table already."""
    with psycopg.connect(admin_url) as server:
        tables = server.execute(_TABLES).fetchall()
    if tables:
        raise Refused(f"The database has {len(tables)} tables already; a backup is restored into an empty one alone.")


def restore(admin_url: str, path: Path) -> None:
    """Tables and rows, then what guards them. Raises `tools.ToolFailed`; what it left is not to be used then."""
    with NamedTemporaryFile("w", suffix=".list") as chosen:
        chosen.write(_chosen_entries(admin_url, path))
        chosen.flush()
        common = ("--exit-on-error", "--single-transaction", f"--use-list={chosen.name}", "--dbname=")
        for sections in (("pre-data", "data"), ("post-data",)):
            wanted = [f"--section={section}" for section in sections]
            tools.run("pg_restore", *common, *wanted, str(path), url=admin_url, options=_LEDGER_DDL)
            if "data" in sections:
                _restamp(admin_url)
    with psycopg.connect(admin_url, autocommit=True) as server:
        server.execute("ANALYZE")


def _chosen_entries(admin_url: str, path: Path) -> str:
    listed = tools.run("pg_restore", "--list", str(path), url=admin_url)
    return "\n".join(line for line in listed.splitlines() if not any(mark in line for mark in _NOT_OURS))


def _restamp(admin_url: str) -> None:
    """Before the triggers are there that let no record be changed."""
    with psycopg.connect(admin_url, options=_LEDGER_DDL) as server:
        for statement in _RESTAMP:
            server.execute(statement)


def _with(url: str, *, database: str, user: str = "", password: str = "") -> str:
    parts = urlsplit(url)
    login, _, address = parts.netloc.rpartition("@")
    if user:
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{address}", path=f"/{quote(database, safe='')}"))
