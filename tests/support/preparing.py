"""Acts that are prepared: somebody who may do one, what it needs made before, and the doing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from audit.models import Record
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tests.support.world import World

REFUSED = "portal.act.refused"


@dataclass(frozen=True, slots=True)
class Act:
    """Prepared: what it needs is there. `actor` is somebody who may do it; it is done within the scope of who does."""

    actor: Actor
    do: Callable[[Actor], Any]


def perform(act: Act, actor: Actor | None = None) -> Any:
    actor = actor or act.actor
    with within(actor.scope):
        return act.do(actor)


def acts_of(world: World) -> list[Record]:
    """The organisation's acts, oldest first, without those that were refused."""
    return list(_acts(world).exclude(action=REFUSED))


def refused_in(world: World) -> list[Record]:
    """The acts that were refused in the organisation, oldest first."""
    return list(_acts(world).filter(action=REFUSED))


def _acts(world: World) -> QuerySet[Record]:
    rows = Record.across_tenants.using("system").filter(organization_id=world.organization.id, kind="act")
    return rows.order_by("id")


def unique(word: str) -> str:
    return f"{word}-{new_id().hex[-8:]}"


def by_admin(do: Callable[[Actor, World], Any]) -> Callable[[World], Act]:
    return lambda world: Act(world.admin, lambda actor: do(actor, world))


def on(make: Callable[[World], Any], do: Callable[[Actor, Any], Any]) -> Callable[[World], Act]:
    """An administrator's act on something that is made before."""

    def prepare(world: World) -> Act:
        subject = make(world)
        return Act(world.admin, lambda actor: do(actor, subject))

    return prepare


def by_officer(make: Callable[[World], Any], do: Callable[[Actor, Any], Any]) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        return Act(world.officer, on(make, do)(world).do)

    return prepare


def after(first: Callable[[World], Act], do: Callable[[Actor, Any], Any]) -> Callable[[World], Act]:
    """An act on the result of another."""
    return on(lambda world: perform(first(world)), do)
