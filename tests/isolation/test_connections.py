"""A connection that served one tenant serves the next: nothing of a scope stays behind on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, Event
from time import sleep

import pytest
from asgiref.sync import sync_to_async
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from kit import scoping
from kit.scoping import Scope, within
from tenants.models import Organization, Project, Team
from tests.support.cast import Browser, Cast, browser
from tests.support.world import World

_SETTINGS = ("organization", "teams", "user", "email", "token")


def settings() -> dict[str, str]:
    """What PostgreSQL's policies would read on this connection now, and which connection it is."""
    with connection.cursor() as cursor:
        found = {"pid": str(connection.connection.info.backend_pid)}
        for name in _SETTINGS:
            cursor.execute("SELECT current_setting(%s, true)", [f"chancery.{name}"])
            found[name] = cursor.fetchone()[0] or ""
    return found


@pytest.fixture
def nothing() -> dict[str, str]:
    connection.ensure_connection()
    found = settings()
    assert set(found.values()) - {found["pid"]} == {""}
    return found


def of(world: World) -> Scope:
    return Scope(world.organization.id, frozenset({world.team.id}), world.key.id)


def test_nothing_is_left_of_a_scope(nothing: dict[str, str], world: World) -> None:
    with within(of(world)):
        assert settings() != nothing
    assert settings() == nothing


def test_nothing_is_left_of_a_scope_that_an_exception_ended(nothing: dict[str, str], world: World) -> None:
    with pytest.raises(ZeroDivisionError), within(of(world)):
        raise ZeroDivisionError
    assert settings() == nothing
    assert scoping.entered() is None


@pytest.mark.parametrize("statement", ["SELECT 1 / 0", "SELECT no_such_column", "SELECT FROM audit_writer"])
def test_nothing_is_left_of_a_scope_whose_transaction_failed(
    nothing: dict[str, str], world: World, statement: str
) -> None:
    with pytest.raises(Exception, match=r"division|column|permission"), within(of(world)):
        with connection.cursor() as cursor:
            cursor.execute(statement)
    assert settings() == nothing


def test_an_inner_scope_that_fails_leaves_the_outer_one(world: World, other_world: World) -> None:
    with within(of(world)):
        outer = settings()
        with pytest.raises(IntegrityError), within(other_world.system.scope):
            Team.objects.bulk_create([other_world.team])
        assert settings() == outer
        assert Team.across_tenants.get() == world.team


def test_a_scope_set_without_a_transaction_is_lost_at_once(nothing: dict[str, str], world: World) -> None:
    scoping._announce(of(world), "default")
    assert settings() == nothing
    scoping.look_up_address("somebody@example.com")
    assert settings() == nothing


def test_an_address_looked_up_is_forgotten_with_the_transaction(nothing: dict[str, str]) -> None:
    with transaction.atomic():
        scoping.look_up_address("somebody@example.com")
        scoping.look_up_token(b"digest")
    assert settings() == nothing


def test_two_threads_are_in_two_scopes(world: World, other_world: World) -> None:
    both_are_in = Barrier(2)

    def look(entered: World) -> list[object]:
        with within(entered.system.scope):
            both_are_in.wait()
            found: list[object] = [Organization.objects.get(), Project.objects.get(), Project.across_tenants.get()]
            both_are_in.wait()
        connection.close()
        return found

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(look, [world, other_world]))
    assert answers == [[each.organization, each.project, each.project] for each in (world, other_world)]
    assert scoping.entered() is None


def test_requests_of_two_tenants_share_a_connection_and_nothing_else(
    nothing: dict[str, str], acme: Cast, other_world: World
) -> None:
    people = [acme.ada, acme.bob]
    for person in people:
        page = browser(person).get("/api/organizations/").json()
        assert [row["id"] for row in page["results"]] == [str(acme.world.organization.id)]
        assert settings() == nothing
    assert Browser().get("/api/organizations/").status_code == 401
    assert settings() == nothing


def test_a_request_that_fails_leaves_nothing_behind(
    nothing: dict[str, str], acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM audit_writer")

    monkeypatch.setattr("tenants.rest.views.TeamViewSet.list", fail)
    with pytest.raises(ProgrammingError):
        browser(acme.ada).get("/api/teams/")
    assert settings() == nothing
    assert scoping.entered() is None


async def test_two_tasks_of_one_loop_are_in_two_scopes(world: World, other_world: World) -> None:
    """They wait for each other inside their scopes, on threads that the loop hands out as it likes."""
    both_are_in = Barrier(2, timeout=10)

    def look(entered: World) -> list[object]:
        with within(entered.system.scope):
            both_are_in.wait()
            found: list[object] = [Organization.objects.get(), Project.across_tenants.get()]
            both_are_in.wait()
        connection.close()
        return found

    tasks = [asyncio.to_thread(look, each) for each in (world, other_world)]
    assert await asyncio.gather(*tasks) == [[each.organization, each.project] for each in (world, other_world)]
    assert scoping.entered() is None


async def test_a_task_that_is_cancelled_leaves_nothing_to_the_next_on_its_connection(world: World) -> None:
    """Django's thread for synchronous code is one, and so is its connection."""
    entered = Event()

    def stay() -> None:
        with within(of(world)):
            entered.set()
            sleep(0.2)

    task = asyncio.create_task(sync_to_async(stay)())
    await asyncio.to_thread(entered.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set((await sync_to_async(settings)()).values()) - {""} == {await sync_to_async(_pid)()}
    assert scoping.entered() is None


def test_tenants_take_turns_on_one_connection_whatever_becomes_of_the_turn_before(
    nothing: dict[str, str], world: World, other_world: World
) -> None:
    """As behind a pooler: each turn ends well, raises, breaks its transaction or is rolled back, and the next sees
    its own."""

    def fail() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    endings: list[Callable[[], None]] = [lambda: None, lambda: transaction.set_rollback(True), fail]
    for turn in range(24):
        mine = (world, other_world)[turn % 2]
        with suppress(DataError), within(mine.system.scope):
            assert Team.across_tenants.get() == mine.team
            endings[turn % 3]()
        assert settings() == nothing


def _pid() -> str:
    return str(connection.connection.info.backend_pid)
