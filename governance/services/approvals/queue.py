"""The queue of what is reviewed: who has what to do, told by the database.

Everything is read in sets and once: no query runs for each request, so that a queue of thousands costs little more than
the page of it that is shown. `tests/governance/test_queue.py` holds it to `signing.rights`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Greatest

from governance.models import ApprovalRequest, Claim, Decision, Escalation, RequestStatus, TierOverride
from governance.models.discussion import CLAIM_LASTS
from governance.services.approvals.signing import REVIEW, delegators_of, teams_by_role
from kit.context import Actor

READ = ("decisions", "stages", "attached__evidence")


class Tab(models.TextChoices):
    """Which requests. All but the last two are open ones."""

    DECIDE = "decide", "To decide"
    CLAIMED = "claimed", "Claimed by me"
    OVERDUE = "overdue", "Overdue"
    OTHERS = "others", "Waiting on others"
    ASKED = "asked", "My requests"
    DECIDED = "decided", "Decided"


class ClaimedBy(models.TextChoices):
    """Who reviews it now."""

    ME = "me", "me"
    OTHERS = "others", "others"
    NOBODY = "nobody", "nobody"


class Order(models.TextChoices):
    """What comes first."""

    DUE = "due", "due first"
    OLDEST = "oldest", "oldest first"
    NEWEST = "newest", "newest first"
    TIER = "tier", "highest risk first"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Narrows a tab; what is empty does not. `model` is a part of its slug, name or publisher."""

    tier: int | None = None
    requested_by: UUID | None = None
    model: str = ""
    claimed: ClaimedBy | None = None


def requests(actor: Actor, tab: Tab, now: datetime) -> QuerySet[ApprovalRequest]:
    """The requests of a tab, in no order that counts. Open ones carry `due_at` and `roles` of their open stage."""
    if tab is Tab.ASKED:
        return ApprovalRequest.objects.filter(requested_by_id=actor.id)
    if tab is Tab.DECIDED:
        ended = [RequestStatus.APPROVED, RequestStatus.REJECTED, RequestStatus.WITHDRAWN]
        return ApprovalRequest.objects.filter(status__in=ended)
    return waiting().filter(_in_tab(actor, now)[tab])


def waiting() -> QuerySet[ApprovalRequest]:
    """Requests that wait for reviewers, each with `due_at` and `roles` of the stage that is open in it."""
    rows = ApprovalRequest.objects.filter(waiting__isnull=False)
    return rows.annotate(due_at=F("waiting__stage__due_at"), roles=F("waiting__stage__roles"))


def counts(actor: Actor, now: datetime) -> dict[str, int]:
    """How many open requests each tab has, in one query."""
    tabs = {tab.value: Count("id", filter=condition) for tab, condition in _in_tab(actor, now).items()}
    found: dict[str, int] = waiting().aggregate(**tabs)
    return found


def to_decide(actor: Actor, now: datetime) -> int:
    """How many open requests wait for this person's signature, as far as their roles go."""
    return requests(actor, Tab.DECIDE, now).count()


def decides(actor: Actor, now: datetime) -> bool:
    """Whether requests may be this person's to decide at all."""
    return actor.may(REVIEW) or bool(delegators_of(actor, now))


def narrowed(rows: QuerySet[ApprovalRequest], wanted: Wanted, actor: Actor, now: datetime) -> QuerySet[ApprovalRequest]:
    if wanted.tier is not None:
        rows = rows.filter(risk_tier=wanted.tier)
    if wanted.requested_by is not None:
        rows = rows.filter(requested_by_id=wanted.requested_by)
    for word in wanted.model.split():
        rows = rows.filter(
            Q(model__slug__icontains=word) | Q(model__name__icontains=word) | Q(model__publisher__icontains=word)
        )
    return rows.filter(_claimed(wanted.claimed, actor, now))


def ordered(rows: QuerySet[ApprovalRequest], order: Order, tab: Tab) -> QuerySet[ApprovalRequest]:
    """Requests that are decided, or were given back, have no due day: there the newest comes first."""
    if order is Order.DUE and tab in (Tab.ASKED, Tab.DECIDED):
        order = Order.NEWEST
    by = {
        Order.DUE: ("due_at", "requested_at"),
        Order.OLDEST: ("requested_at",),
        Order.NEWEST: ("-requested_at",),
        Order.TIER: ("-risk_tier", "requested_at"),
    }
    return rows.order_by(*by[order], "id")


def following(actor: Actor, wanted: Wanted, order: Order, now: datetime) -> ApprovalRequest | None:
    """The next request for this person to decide, of those wanted; none that somebody else is at."""
    rows = requests(actor, Tab.DECIDE, now).exclude(
        id__in=_live_claims(now).exclude(claimed_by_id=actor.id).values("request_id")
    )
    return ordered(narrowed(rows, wanted, actor, now), order, Tab.DECIDE).first()


def live_claims(request_ids: Iterable[UUID], now: datetime) -> dict[UUID, Claim]:
    """Who is at these requests."""
    return {claim.request_id: claim for claim in _live_claims(now).filter(request_id__in=list(request_ids))}


def escalated(request_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these requests that were escalated in their present revision."""
    rows = Escalation.objects.filter(request_id__in=list(request_ids), stage__revision=F("request__revision"))
    return set(rows.values_list("request_id", flat=True))


def _in_tab(actor: Actor, now: datetime) -> dict[Tab, Q]:
    """What makes an open request one of a tab."""
    mine = _may_sign(actor, now)
    return {
        Tab.DECIDE: mine,
        Tab.CLAIMED: _claimed(ClaimedBy.ME, actor, now),
        Tab.OVERDUE: Q(due_at__lt=now),
        Tab.OTHERS: ~mine,
    }


def _may_sign(actor: Actor, now: datetime) -> Q:
    """As `signing.rights`, for all requests at once."""
    ways = _reached_by(actor, actor.id) if actor.may(REVIEW) else Q(pk__in=[])
    for person_id in delegators_of(actor, now):
        ways |= _reached_by(actor, person_id) & _concerns_not(person_id)
    return ways & _concerns_not(actor.id)


def _reached_by(actor: Actor, person_id: UUID) -> Q:
    """What the person's roles let them sign."""
    reach = Q(pk__in=[])
    for role, teams in teams_by_role(actor, person_id).items():
        holds = Q(roles__contains=[role])
        if None not in teams:
            holds &= Q(teams__contained_by=list(teams), teams__len__gt=0)
        reach |= holds
    return reach


def _concerns_not(person_id: UUID) -> Q:
    """What they neither asked for, nor decided on, nor put into a lower tier, nor anybody in their place."""
    theirs = Q(decided_by_id=person_id) | Q(decided_for_id=person_id)
    decided = Decision.objects.filter(theirs, request__waiting__isnull=False, revision=F("request__revision"))
    lowered = TierOverride.objects.filter(
        overridden_by_id=person_id,
        from_tier__gt=Greatest("risk_tier", "request__risk_tier"),
        request__waiting__isnull=False,
    )
    is_free = ~Q(id__in=decided.order_by().values("request_id")) & ~Q(id__in=lowered.order_by().values("request_id"))
    return ~Q(requested_by_id=person_id) & is_free


def _live_claims(now: datetime) -> QuerySet[Claim]:
    return Claim.objects.filter(ended_at__isnull=True, claimed_at__gt=now - CLAIM_LASTS).order_by()


def _claimed(by: ClaimedBy | None, actor: Actor, now: datetime) -> Q:
    claims = _live_claims(now)
    if by is ClaimedBy.ME:
        return Q(id__in=claims.filter(claimed_by_id=actor.id).values("request_id"))
    if by is ClaimedBy.OTHERS:
        return Q(id__in=claims.exclude(claimed_by_id=actor.id).values("request_id"))
    if by is ClaimedBy.NOBODY:
        return ~Q(id__in=claims.values("request_id"))
    return Q()
