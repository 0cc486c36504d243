"""Requests for approval, and the models that they are for."""

from __future__ import annotations

from typing import Any

from governance.models import ApprovalRequest, Model
from governance.services import approvals
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tests.support.preparing import unique
from tests.support.world import World


def new_model(world: World) -> Model:
    return world.model(unique("model"), approved=False)


def ask(world: World, actor: Actor | None = None, model: Model | None = None, **terms: Any) -> ApprovalRequest:
    """An open request: the administrator's for a new model unless told otherwise."""
    actor, model = actor or world.admin, model or new_model(world)
    asked = approvals.Terms(**terms)
    with within(actor.scope):
        return approvals.submit(actor=actor, model=model, justification="letters", terms=asked, now=clock.now())


def draft(world: World, actor: Actor | None = None, **terms: Any) -> ApprovalRequest:
    """The administrator's, for a new model, unless told otherwise."""
    actor, model = actor or world.admin, new_model(world)
    asked = approvals.Terms(**terms)
    with within(actor.scope):
        return approvals.draft(actor=actor, model=model, justification="letters", terms=asked, now=clock.now())
