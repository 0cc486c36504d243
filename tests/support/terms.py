"""Approvals and models whose day comes."""

from __future__ import annotations

from datetime import timedelta

from governance.models import Approval, Model
from governance.services import approvals, life
from kit import clock
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tests.support.world import World


def announce_end(actor: Actor, model: Model) -> Model:
    """Deprecates a model, with a sunset in a quarter."""
    now = clock.now()
    return life.deprecate(
        actor=actor, model=model, sunset_at=now + timedelta(days=90), reason="another is better", now=now
    )


def approved_long_ago(world: World, days: int = 300) -> Approval:
    """So that a year's approval is to be recertified soon."""
    at, officer = clock.now() - timedelta(days=days), world.officer
    model = world.model(f"model-{new_id().hex[-8:]}", approved=False)
    with within(world.admin.scope):
        asked = approvals.submit(
            actor=world.admin, model=model, justification="letters", terms=approvals.Terms(), now=at
        )
    with within(officer.scope):
        approval = approvals.approve(
            actor=officer, request=asked, reason="fine", signed_hash=asked.content_hash, now=at
        )
    assert approval is not None
    return approval
