"""Break glass in a test's words: a third and a fourth who decide, and each act in the service's answer."""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction

from governance.models import BreakGlass, Model
from governance.services import break_glass
from governance.services.break_glass import Terms
from kit import clock
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants.models import Role
from tests.support.world import World


def third(world: World) -> Actor:
    return world.person("theo", Role.COMPLIANCE_OFFICER)


def fourth(world: World) -> Actor:
    return world.person("fay", Role.ADMINISTRATOR)


def ask(actor: Actor, model: Model, **terms: Any) -> BreakGlass:
    with within(actor.scope):
        return break_glass.ask(
            actor=actor, model=model, reason="The other model is down.", terms=Terms(**terms), now=clock.now()
        )


def countersign(actor: Actor, glass: BreakGlass, **told: Any) -> BreakGlass:
    words = {"reason": "I see it, too.", "signed_hash": glass.content_hash, "now": clock.now(), **told}
    with within(actor.scope):
        return break_glass.countersign(actor=actor, glass=fresh(glass), **words)


def review(actor: Actor, glass: BreakGlass, *, is_justified: bool = True, **told: Any) -> BreakGlass:
    words = {"reason": "Looked at it.", "signed_hash": glass.content_hash, **told}
    with within(actor.scope):
        return break_glass.review(actor=actor, glass=fresh(glass), is_justified=is_justified, **words)


def end(actor: Actor, glass: BreakGlass) -> BreakGlass:
    with within(actor.scope):
        return break_glass.end(actor=actor, glass=fresh(glass), reason="Over.", now=clock.now())


def opened(world: World, model: Model, **terms: Any) -> BreakGlass:
    """In force: asked for by the administrator, countersigned by the officer."""
    return countersign(world.officer, ask(world.admin, model, **terms))


def waiting(world: World) -> BreakGlass:
    """Asked for by the administrator, for a new model."""
    return ask(world.admin, world.model(f"model-{new_id().hex[-8:]}", approved=False))


def broken(world: World) -> BreakGlass:
    """In force, for a new model."""
    return countersign(world.officer, waiting(world))


def find_against(actor: Actor, glass: BreakGlass) -> BreakGlass:
    return review(actor, glass, is_justified=False)


def fresh(glass: BreakGlass) -> BreakGlass:
    """As it is now. Call it within a scope."""
    return BreakGlass.objects.select_related("model", "team").get(id=glass.id)


def run_out(glass: BreakGlass) -> None:
    """As if its hours were over."""
    with transaction.atomic(using="migrator"), connections["migrator"].cursor() as cursor:
        cursor.execute("UPDATE governance_breakglass SET ends_at = clock_timestamp() WHERE id = %s", [glass.id])
