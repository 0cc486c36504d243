"""What a worker's next look finds: all that was committed since the last one, and only that."""

from __future__ import annotations

import os
from dataclasses import replace
from uuid import UUID

import psycopg
from django.db import connections

from governance.snapshot import changes
from governance.snapshot.changes import Delta
from kit import clock
from kit.scoping import within
from tenants.services import api_keys
from tests.support.world import World

_REVOKE = "UPDATE tenants_apikey SET revoked_at = now() WHERE id = %s"


def revoke(world: World) -> None:
    with within(world.system.scope):
        api_keys.revoke(actor=world.system, key=world.key, now=clock.now())


def revoked(delta: Delta, key_id: UUID) -> bool:
    entry = delta.entries.get("api_key", {}).get(key_id)
    return entry is not None and entry.is_revoked


def after_a_crash(delta: Delta) -> Delta:
    """As if a thousand transactions had been seen whose numbers the server, started again, gives to others."""
    with connections["gateway"].cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000")
        (number,) = cursor.fetchone()
    return replace(delta, seen=f"{number}:{number}:")


def test_a_change_is_found_once(world: World) -> None:
    before = changes.load_all()
    revoke(world)
    found = changes.pull(before)
    assert revoked(found, world.key.id)
    assert found.version > before.version
    assert found.oldest_at is not None
    again = changes.pull(found)
    assert world.key.id not in again.entries.get("api_key", {})


def test_a_slow_transaction_is_found_when_it_commits(world: World, other_world: World) -> None:
    before = changes.load_all()
    with psycopg.connect(os.environ["DATABASE_URL_SYSTEM"]) as slow:
        slow.execute(_REVOKE, [world.key.id])
        revoke(other_world)
        first = changes.pull(before)
        assert revoked(first, other_world.key.id)
        assert not revoked(first, world.key.id)
        slow.commit()
    second = changes.pull(first)
    assert revoked(second, world.key.id)
    assert second.version < first.version


def test_what_is_gone_is_named_as_gone(world: World) -> None:
    before = changes.load_all()
    with psycopg.connect(os.environ["DATABASE_URL_SYSTEM"]) as connection:
        connection.execute("DELETE FROM tenants_apikeysecret WHERE api_key_id = %s", [world.key.id])
        connection.execute("DELETE FROM tenants_apikey WHERE id = %s", [world.key.id])
    found = changes.pull(before)
    assert found.entries["api_key"][world.key.id] is None


def test_after_a_lost_connection_a_reused_transaction_number_hides_nothing(world: World) -> None:
    before = after_a_crash(changes.load_all())
    revoke(world)
    assert not revoked(changes.pull(before), world.key.id)
    doubting = changes.pull(before, doubting=True)
    assert revoked(doubting, world.key.id)
