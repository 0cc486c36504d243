"""Abuses of the review, each prepared to the moment before somebody tries it, and what it is refused with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from governance.models import ApprovalRequest, RiskTier
from governance.services import approvals, delegations
from kit import clock
from kit.scoping import within
from tenants.models import User
from tests.governance.reviewing import decide, fresh, override_tier, revise, send
from tests.support.acts import ask
from tests.support.cast import Cast, Person


@dataclass(frozen=True, slots=True)
class Attempt:
    """`request` is what `person` had on the screen. `spoil` is done once they have signed in."""

    person: Person
    request: ApprovalRequest
    in_place_of: UUID | None = None
    spoil: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Abuse:
    """`code` is that of the services, `in_database` that of a decision put in past them."""

    prepare: Callable[[Cast], Attempt]
    code: str
    in_database: str = "check_violation"
    on_surfaces: str = ""  # where pages and `/api` turn the person away before


def _self_approval(acme: Cast) -> Attempt:
    return Attempt(acme.alice, ask(acme.world, acme.alice.actor))


def _double_vote(acme: Cast) -> Attempt:
    request = ask(acme.world, risk_tier=RiskTier.HIGH)
    decide(acme.alice.actor, request)
    return Attempt(acme.alice, request)


def _after_an_edit(acme: Cast) -> Attempt:
    request = ask(acme.world, regions=["us"])
    decide(acme.olga.actor, request, "request_changes")
    send(acme.world.admin, revise(acme.world.admin, request, regions=["eu"]))
    return Attempt(acme.alice, request)


def _stale_page(acme: Cast) -> Attempt:
    request = ask(acme.world)
    override_tier(acme.olga.actor, request, RiskTier.HIGH)
    return Attempt(acme.alice, request)


def _replay(acme: Cast) -> Attempt:
    request = ask(acme.world)
    decide(acme.alice.actor, request)
    return Attempt(acme.alice, request)


def _past_the_threshold(acme: Cast) -> Attempt:
    request = ask(acme.world)
    decide(acme.olga.actor, request)
    return Attempt(acme.alice, request)


def _deactivated(acme: Cast) -> Attempt:
    alice = acme.alice.user

    def deactivate() -> None:
        with within(acme.world.system.scope):
            User.objects.filter(id=alice.id).update(is_active=False)

    return Attempt(acme.alice, ask(acme.world), spoil=deactivate)


def _delegate_of_the_requester(acme: Cast) -> Attempt:
    request, now = ask(acme.world, acme.olga.actor), clock.now()
    with within(acme.olga.actor.scope):
        delegations.delegate(actor=acme.olga.actor, to=acme.alice.user, starts_at=now, ends_at=now + timedelta(hours=1))
    return Attempt(acme.alice, request, in_place_of=acme.olga.user.id)


def _outsider(acme: Cast) -> Attempt:
    return Attempt(acme.dev, ask(acme.world))


def _withdrawn(acme: Cast) -> Attempt:
    request = ask(acme.world)
    with within(acme.world.admin.scope):
        approvals.withdraw(actor=acme.world.admin, request=fresh(acme.world, request))
    return Attempt(acme.alice, request)


ABUSES = {
    "self-approval": Abuse(_self_approval, "separation_of_duties"),
    "double vote": Abuse(_double_vote, "already_decided", "already_decided"),
    "approving after an edit": Abuse(_after_an_edit, "content_changed"),
    "stale page": Abuse(_stale_page, "content_changed"),
    "replay": Abuse(_replay, "review_closed", "already_decided"),
    "approving past the threshold": Abuse(_past_the_threshold, "review_closed"),
    "deactivated approver": Abuse(_deactivated, "permission_denied", on_surfaces="person_inactive"),
    "delegate of the requester": Abuse(_delegate_of_the_requester, "separation_of_duties"),
    "somebody without the role": Abuse(_outsider, "permission_denied"),
    "a request that was withdrawn": Abuse(_withdrawn, "review_closed"),
}
