"""Roles and database, made by administrators of different power."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from portal.embedded import bootstrap, postgres
from portal.embedded.home import Home
from portal.embedded.supervisor import Supervisor
from tests.portal.embedded.conftest import fresh_home

PASSWORDS = {role: f"{role}: a/b@c?" for role in bootstrap.LOGINS}


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with fresh_home() as home, Supervisor(home, lambda line: None) as supervisor:
        server = postgres.configure(home)
        supervisor.start(server.program)
        supervisor.wait("postgres", 30)
        yield server.admin_url


@pytest.fixture
def admin_url(server_url: str) -> Iterator[str]:
    """A server without a trace of the product."""
    yield server_url
    with psycopg.connect(server_url, autocommit=True) as server:
        for database in (bootstrap.DEFAULT_DATABASE, "register"):
            server.execute(f"DROP DATABASE IF EXISTS {database}")
        for role in (*bootstrap.LOGINS.values(), bootstrap.OWNER, "cloud_admin"):
            server.execute(f"DROP ROLE IF EXISTS {role}")


def test_each_role_can_do_its_part_and_no_more(admin_url: str) -> None:
    done = bootstrap.bootstrap(admin_url, PASSWORDS)
    assert done.lacking == ()
    assert bootstrap.bootstrap(admin_url, PASSWORDS) == done  # a second time changes nothing
    with psycopg.connect(done.urls.migrator) as migrator:
        migrator.execute("CREATE TABLE public.owned (meaning vector(3))")
        owner = migrator.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'owned'").fetchone()
        assert owner == (bootstrap.OWNER,)
    for url in (done.urls.app, done.urls.system, done.urls.gateway):
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.intruder ()")
    with psycopg.connect(admin_url) as server:
        powers = "rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
        names = [bootstrap.OWNER, *bootstrap.LOGINS.values()]
        rows = server.execute(f"SELECT 1 FROM pg_roles WHERE rolname = ANY (%s) AND ({powers})", [names])  # noqa: S608
        assert rows.fetchall() == []


def test_an_administrator_who_is_no_superuser_is_told_what_is_missing(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as server:
        server.execute("CREATE ROLE cloud_admin LOGIN CREATEDB CREATEROLE PASSWORD 'p'")
    parts = admin_url.partition("@")[2].replace("/postgres?", "/register?")
    done = bootstrap.bootstrap(f"postgresql://cloud_admin:p@{parts}", PASSWORDS)
    assert [line.partition(":")[0] for line in done.lacking] == [
        "install the extension vector",
        "guard the ledger's tables against ALTER and DROP",
    ]
    with psycopg.connect(done.urls.migrator) as migrator:
        assert migrator.info.dbname == "register"
        migrator.execute("CREATE TABLE public.owned ()")


def test_a_role_that_could_pass_row_security_by_is_refused(admin_url: str) -> None:
    bootstrap.bootstrap(admin_url, PASSWORDS)
    with psycopg.connect(admin_url, autocommit=True) as server:
        server.execute("ALTER ROLE chancery_app BYPASSRLS")
    with pytest.raises(bootstrap.Refused, match="chancery_app"):
        bootstrap.bootstrap(admin_url, PASSWORDS)


def test_a_given_password_is_preferred(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD_APP", "given")
    found = bootstrap.passwords(home)
    assert found["app"] == "given"
    assert found == bootstrap.passwords(home)
    assert len(set(found.values())) == len(bootstrap.LOGINS)
