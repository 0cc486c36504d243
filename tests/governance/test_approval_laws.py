"""No order of acts, by whomever, ends with a permission that fewer than two people have given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance import selectors
from governance.models import Approval, ApprovalRequest, Decision, Model
from governance.services import approvals, suspensions
from kit import clock
from kit.context import Actor
from kit.errors import ChanceryError
from kit.scoping import within
from tenants.models import Role
from tests.support import world as worlds
from tests.support.acts import new_model
from tests.support.world import World

PEOPLE = {
    "ada": Role.ADMINISTRATOR,
    "olga": Role.COMPLIANCE_OFFICER,
    "otto": Role.COMPLIANCE_OFFICER,
    "ann": Role.AUDITOR,
}


@dataclass(slots=True)
class Expected:
    """What the law says should stand: who asks, who has been granted what, and whether it is stopped."""

    asked_by: str | None = None
    granted_by: tuple[str, str] | None = None
    is_stopped: bool = False

    def step(self, act: str, who: str) -> None:
        decides = PEOPLE[who] is Role.COMPLIANCE_OFFICER
        if act == "ask" and self.asked_by is None and who != "ann":
            self.asked_by = who
        elif act == "withdraw" and self.asked_by == who:
            self.asked_by = None
        elif act in ("approve", "reject") and decides and self.asked_by not in (None, who):
            if act == "approve":
                assert self.asked_by is not None
                self.granted_by, self.is_stopped = (self.asked_by, who), False
            self.asked_by = None
        elif self.granted_by and (act, decides or who == "ada") == ("suspend", True):
            self.is_stopped = True
        elif self.granted_by and (act, decides) == ("resume", True):
            self.is_stopped = False


@cache
def _world() -> World:
    return worlds.build()


def _newest(model: Model) -> ApprovalRequest:
    return model.approval_requests.order_by("-id").select_related("model")[0]


def _in_force(model: Model) -> Approval:
    return model.approvals.get(ended_at__isnull=True)


def _decide(decision: Callable[..., Any]) -> Callable[[Actor, Model], Any]:
    def do(actor: Actor, model: Model) -> Any:
        request = _newest(model)
        return decision(actor=actor, request=request, reason="x", signed_hash=request.content_hash, now=clock.now())

    return do


ACTS: dict[str, Callable[[Actor, Model], Any]] = {
    "ask": lambda actor, model: approvals.submit(
        actor=actor, model=model, justification="x", terms=approvals.Terms(), now=clock.now()
    ),
    "approve": _decide(approvals.approve),
    "reject": _decide(approvals.reject),
    "withdraw": lambda actor, model: approvals.withdraw(actor=actor, request=_newest(model)),
    "suspend": lambda actor, model: suspensions.suspend(
        actor=actor, subject=_in_force(model), reason="for tests", now=clock.now()
    ),
    "resume": lambda actor, model: suspensions.resume(
        actor=actor, subject=_in_force(model), reason="for tests", now=clock.now()
    ),
}


def _try(world: World, model: Model, act: str, who: str) -> None:
    actor = world.person(who, PEOPLE[who])
    try:
        with within(actor.scope):
            ACTS[act](actor, model)
    except (ChanceryError, ObjectDoesNotExist, IndexError):
        return


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from([*ACTS]), st.sampled_from([*PEOPLE])), max_size=12))
def test_what_is_in_force_was_given_by_two_people(steps: list[tuple[str, str]]) -> None:
    world = _world()
    model, expected = new_model(world), Expected()
    for act, who in steps:
        _try(world, model, act, who)
        expected.step(act, who)
        assert _standing(world, model) == expected


def _standing(world: World, model: Model) -> Expected:
    names = {user.id: name for name, user in world.people.items()}
    with within(world.system.scope):
        asked = model.approval_requests.filter(status="submitted").first()
        found = list(model.approvals.filter(ended_at__isnull=True))
        assert len(found) <= 1
        live = set(selectors.live_approvals(clock.now()).filter(model=model))
        standing = Expected(names[asked.requested_by_id] if asked else None)
        for approval in found:
            decision = Decision.objects.get(request_id=approval.request_id, verdict="approve")
            assert decision.decided_by_id != decision.requested_by_id
            assert decision.signed_hash == approval.request.content_hash
            standing.granted_by = names[approval.request.requested_by_id], names[decision.decided_by_id]
            standing.is_stopped = approval not in live
    return standing
