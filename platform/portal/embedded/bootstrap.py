"""Roles, database and extension: what only an administrator of PostgreSQL can make. Idempotent; migrations do the rest.

    chancery_owner     NOLOGIN     owns the schema and every table in it
    chancery_migrator  LOGIN       may become the owner, and must say so (its URL does)
    chancery_app       LOGIN       the portal
    chancery_system    LOGIN       tasks and commands
    chancery_gateway   LOGIN       the gateway

None is superuser or passes row-level security by; one found with such a power is refused. PostgreSQL 16 or later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from secrets import token_urlsafe
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import psycopg
from psycopg import sql

from audit.ledger import event_trigger
from portal import variables
from portal.embedded.home import Home

OWNER = "chancery_owner"
LOGINS = {
    "migrator": "chancery_migrator",
    "app": "chancery_app",
    "system": "chancery_system",
    "gateway": "chancery_gateway",
}
DEFAULT_DATABASE = "chancery"
# Further acts of the administrator in the product's database, each one transaction and repeatable: (purpose, SQL).
AFTER_BOOTSTRAP = [("guard the ledger's tables against ALTER and DROP", event_trigger.SQL)]


class Refused(Exception):
    """The server cannot hold the product's data as it is."""


@dataclass(frozen=True, slots=True)
class RoleUrls:
    app: str
    system: str
    gateway: str
    migrator: str

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.app,
            "DATABASE_URL_SYSTEM": self.system,
            "DATABASE_URL_GATEWAY": self.gateway,
            "DATABASE_URL_MIGRATOR": self.migrator,
        }


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """`lacking` says, a line each, what the administrator was not allowed to do."""

    urls: RoleUrls
    lacking: tuple[str, ...]


def passwords(home: Home) -> dict[str, str]:
    """The roles' passwords: DATABASE_PASSWORD_<ROLE>, else generated once and kept."""
    return {
        role: setting.given() or home.secret(setting.name, lambda: token_urlsafe(24))
        for role, setting in variables.DATABASE_PASSWORDS.items()
    }


def bootstrap(admin_url: str, passwords: Mapping[str, str]) -> Bootstrapped:
    """`passwords` by the keys of `LOGINS`. The database is the URL's; `chancery` where that names `postgres` or none.

    Raises `Refused`, and `psycopg.Error` where the administrator may not even make roles.
    """
    database = database_of(admin_url)
    with psycopg.connect(_url(admin_url, database="postgres"), autocommit=True) as server:
        _check_version(server)
        _make_roles(server, passwords)
        _make_database(server, database)
    with psycopg.connect(_url(admin_url, database=database), autocommit=True) as inside:
        lacking = _prepare_database(inside)
    return Bootstrapped(role_urls(admin_url, database, passwords), tuple(lacking))


def database_of(admin_url: str) -> str:
    """The product's: the URL's, `chancery` where that names `postgres` or none."""
    named = urlsplit(admin_url).path.lstrip("/")
    return DEFAULT_DATABASE if named in ("", "postgres") else unquote(named)


def admin_of(admin_url: str, database: str) -> str:
    """The administrator's address inside that database."""
    return _url(admin_url, database=database)


def role_urls(admin_url: str, database: str, passwords: Mapping[str, str]) -> RoleUrls:
    """The administrator's address with each role's name and password."""

    def url(role: str, **options: str) -> str:
        return _url(admin_url, database=database, user=LOGINS[role], password=passwords[role], **options)

    return RoleUrls(url("app"), url("system"), url("gateway"), url("migrator", options=f"-c role={OWNER}"))


def allow_connections(server: psycopg.Connection, database: str) -> None:
    """The product's roles and nobody else. Not copied to a database made from a template."""
    name = sql.Identifier(database)
    server.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for role in LOGINS.values():
        server.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role)))


def _check_version(server: psycopg.Connection) -> None:
    if server.info.server_version < 160000:
        raise Refused("PostgreSQL 16 or later is needed.")


def _make_roles(server: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    known = {row[0] for row in server.execute("SELECT rolname FROM pg_roles")}
    for role in (OWNER, *LOGINS.values()):
        if role not in known:
            server.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    for key, role in LOGINS.items():
        # The verifier is computed here, so that the password is in no statement and in no log.
        verifier = server.pgconn.encrypt_password(passwords[key].encode(), role.encode(), b"scram-sha-256").decode()
        server.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), verifier))
    for member in (sql.Identifier(LOGINS["migrator"]), sql.SQL("CURRENT_USER")):
        server.execute(sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(sql.Identifier(OWNER), member))
    powerful = server.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s) AND (rolsuper OR rolbypassrls)",
        [[OWNER, *LOGINS.values()]],
    ).fetchall()
    if powerful:
        names = ", ".join(row[0] for row in powerful)
        raise Refused(f"{names}: superuser or BYPASSRLS, which voids the isolation of tenants. Take it away first.")


def _make_database(server: psycopg.Connection, database: str) -> None:
    if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(database))
        )


def _prepare_database(inside: psycopg.Connection) -> list[str]:
    owner = sql.Identifier(OWNER)
    steps: list[tuple[str, Callable[[], object]]] = [
        ("restrict who may connect", lambda: allow_connections(inside, inside.info.dbname)),
        ("install the extension vector", lambda: inside.execute("CREATE EXTENSION IF NOT EXISTS vector")),
        (
            f"give the schema public to {OWNER}",
            lambda: inside.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owner)),
        ),
        (
            "keep others from creating in the schema public",
            lambda: inside.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
        ),
        *((purpose, partial(inside.execute, statement)) for purpose, statement in AFTER_BOOTSTRAP),
    ]
    lacking = []
    for purpose, act in steps:
        try:
            act()
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported) as refusal:
            lacking.append(f"{purpose}: {refusal.diag.message_primary}")
    return lacking


def _url(url: str, *, database: str, user: str = "", password: str = "", **options: str) -> str:
    """`url` with another database, and with another login and further options where given."""
    parts = urlsplit(url)
    login, _, address = parts.netloc.rpartition("@")
    if user:
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    address = f"{login}@{address}" if login else address
    query = urlencode({**dict(parse_qsl(parts.query)), **options}, quote_via=quote)
    return f"postgresql://{address}/{quote(database, safe='')}{'?' if query else ''}{query}"
