"""Which workers may still decide without a change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from governance.models import GatewayProcess
from governance.snapshot import acknowledge, changes
from governance.snapshot.changes import Delta
from kit import clock
from kit.ids import new_id
from kit.scoping import within
from tenants.services import api_keys
from tests.support.world import World


class Worker:
    """One that looks when it is told to."""

    def __init__(self) -> None:
        self.id = new_id()
        self.last: Delta = changes.load_all()
        acknowledge.introduce(self.id, self.last, now=clock.now())

    def look(self) -> None:
        self.last = changes.pull(self.last)
        acknowledge.beat(self.id, seen=self.last.seen, version=self.last.version)

    def misses_key_of(self, world: World, *, after: timedelta = timedelta()) -> bool:
        found = acknowledge.pending(clock.now() + after, using="default", object_id=world.key.id)
        return found.filter(id=self.id).exists()


def revoke(world: World) -> None:
    with within(world.system.scope):
        api_keys.revoke(actor=world.system, key=world.key, now=clock.now())


def test_a_worker_is_waited_for_until_it_has_looked(world: World) -> None:
    worker = Worker()
    assert not worker.misses_key_of(world)
    revoke(world)
    assert worker.misses_key_of(world)
    worker.look()
    assert not worker.misses_key_of(world)


def test_a_change_to_something_else_is_not_waited_for(world: World, other_world: World) -> None:
    worker = Worker()
    revoke(other_world)
    assert not worker.misses_key_of(world)
    assert acknowledge.pending(clock.now(), using="default").filter(id=worker.id).exists()


def test_a_silent_worker_is_waited_for_as_long_as_it_may_decide(world: World) -> None:
    worker = Worker()
    revoke(world)
    may_decide = timedelta(seconds=settings.SNAPSHOT_MAX_AGE_SECONDS)
    assert worker.misses_key_of(world, after=may_decide)
    assert not worker.misses_key_of(world, after=may_decide + timedelta(minutes=1))


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_worker_with_a_wrong_clock_is_waited_for(world: World, hours: int) -> None:
    with clock.shifted(timedelta(hours=hours)):
        worker = Worker()
        worker.look()
    revoke(world)
    assert worker.misses_key_of(world)
    assert not worker.misses_key_of(world, after=timedelta(minutes=30))


def test_one_that_has_said_nothing_yet_has_seen_nothing(world: World) -> None:
    revoke(world)
    now = clock.now()
    process = GatewayProcess.objects.using("gateway").create(host="h", pid=1, started_at=now, heartbeat_at=now)
    assert acknowledge.pending(now, using="default", object_id=world.key.id).filter(id=process.id).exists()
