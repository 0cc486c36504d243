"""Waivers in a test's words: each act in the service's answer."""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction

from governance.models import Approval, UseCase, WaivedCondition, Waiver
from governance.services import waivers
from governance.services.waivers import Terms
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tests.support.breaking_glass import third
from tests.support.world import World


def ask(
    actor: Actor,
    approval: Approval,
    use_case: UseCase,
    condition: WaivedCondition = WaivedCondition.RECERTIFICATION,
    **terms: Any,
) -> Waiver:
    asked = Terms(condition, **{"compensating_control": "Everything is read by a person.", **terms})
    with within(actor.scope):
        return waivers.ask(
            actor=actor,
            approval=approval,
            use_case=use_case,
            reason="The audit is in a month.",
            terms=asked,
            now=clock.now(),
        )


def sign(actor: Actor, waiver: Waiver, **told: Any) -> Waiver:
    words = {"reason": "I have read it.", "signed_hash": waiver.content_hash, "now": clock.now(), **told}
    with within(actor.scope):
        return waivers.sign(actor=actor, waiver=fresh(waiver), **words)


def end(actor: Actor, waiver: Waiver) -> Waiver:
    with within(actor.scope):
        return waivers.end(actor=actor, waiver=fresh(waiver), reason="Over.", now=clock.now())


def signed_once(world: World, waiver: Waiver) -> Waiver:
    """By an officer: whoever decides may be the second."""
    return sign(third(world), waiver)


def waived(world: World, approval: Approval, use_case: UseCase, condition: WaivedCondition, **terms: Any) -> Waiver:
    """In force: asked for by the administrator, signed by two officers."""
    return sign(world.officer, signed_once(world, ask(world.admin, approval, use_case, condition, **terms)))


def fresh(waiver: Waiver) -> Waiver:
    """As it is now. Call it within a scope."""
    return Waiver.objects.select_related("approval__model", "use_case").get(id=waiver.id)


def run_out(waiver: Waiver) -> None:
    """As if its days were over."""
    with transaction.atomic(using="migrator"), connections["migrator"].cursor() as cursor:
        cursor.execute("UPDATE governance_waiver SET ends_at = clock_timestamp() WHERE id = %s", [waiver.id])
