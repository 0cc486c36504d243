"""Asking for more than a budget allows, and deciding on it. What is granted ends by itself, or is ended before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from audit.ledger.append import append_act
from governance.models import NoticeKind
from governance.services import notices
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Budget, BudgetIncrease, Membership

VIEW, ASK, DECIDE = "tenants.budget_increase.view", "tenants.budget.ask", "tenants.budget.manage"
LONGEST = timedelta(days=366)
_KEPT = "Say why: it is kept, and shown to whoever asked."


def ask(
    *, actor: Actor, budget: Budget, amount_nano_usd: int, ends_at: datetime, reason: str, now: datetime
) -> BudgetIncrease:
    """Asks for so much more until then, and tells whoever may decide; nothing changes before somebody has granted it.

    Raises `errors.InvalidRequest` without a reason, for an end that is past or more than a year away, and for a budget
    of each of many, which is nobody's alone; `errors.Conflict` for one out of use.
    """
    permissions.require(actor, ASK)
    _require_sense(actor, budget, ends_at, reason, now)
    with transaction.atomic():
        increase = BudgetIncrease(
            organization_id=actor.organization_id,
            team_id=budget.team_id,
            budget=budget,
            amount_nano_usd=amount_nano_usd,
            ends_at=ends_at,
            reason=reason.strip(),
            asked_by_id=actor.id,
            asked_at=now,
        )
        increase.full_clean()
        increase.save(force_insert=True)
        _tell(NoticeKind.MORE_WANTED, increase, _deciders(increase), now)
        _record(actor, increase, "asked")
    return increase


def decide(*, actor: Actor, increase: BudgetIncrease, is_granted: bool, reason: str, now: datetime) -> BudgetIncrease:
    """Grants or refuses it, for whoever may set the budget and did not ask. Every worker goes by it within a second.

    Raises `errors.Conflict` for one that is decided or whose time is over; `errors.InvalidRequest` without a reason.
    """
    permissions.require(actor, DECIDE, otp=True)
    permissions.require_reach(actor, increase.team_id)
    if actor.id == increase.asked_by_id:
        raise errors.Forbidden("Whoever asks for more does not decide on it.", code="separation_of_duties")
    if not reason.strip():
        raise errors.InvalidRequest(_KEPT, param="reason")
    with transaction.atomic():
        locked = _locked(increase)
        if not locked.is_waiting(now):
            raise errors.Conflict("It does not wait for a decision any more.")
        locked.is_granted, locked.answer = is_granted, reason.strip()
        locked.decided_by_id, locked.decided_at = actor.id, now
        locked.save(update_fields=["is_granted", "answer", "decided_by", "decided_at"])
        kind = NoticeKind.MORE_GRANTED if is_granted else NoticeKind.MORE_REFUSED
        _tell(kind, locked, [locked.asked_by_id], now)
        _record(actor, locked, "granted" if is_granted else "refused")
    return locked


def end(*, actor: Actor, increase: BudgetIncrease, reason: str, now: datetime) -> BudgetIncrease:
    """Takes back what still waits, or ends what is in force: the budget is what it was within a second.

    For whoever asked, and whoever may set the budget. Raises `errors.Conflict` for one that is refused or over;
    `errors.InvalidRequest` without a reason.
    """
    permissions.require(actor, ASK)
    if not may_end(actor, increase):
        raise errors.Forbidden("It is ended by whoever asked for it, or by somebody who may set the budget.")
    if not reason.strip():
        raise errors.InvalidRequest(_KEPT, param="reason")
    with transaction.atomic():
        locked = _locked(increase)
        if locked.is_granted is False or not locked.is_live(now):
            raise errors.Conflict("It is over.")
        locked.ended_by_id, locked.ended_at, locked.end_reason = actor.id, now, reason.strip()
        locked.save(update_fields=["ended_by", "ended_at", "end_reason"])
        if actor.id != locked.asked_by_id:
            _tell(NoticeKind.MORE_ENDED, locked, [locked.asked_by_id], now)
        _record(actor, locked, "ended")
    return locked


def may_end(actor: Actor, increase: BudgetIncrease) -> bool:
    return actor.id == increase.asked_by_id or (actor.may(DECIDE) and _is_within(actor, increase.team_id))


def may_ask_for(actor: Actor, budget: Budget) -> bool:
    """Whether it is a budget that this person can ask for more of."""
    return actor.may(ASK) and budget.is_active and not budget.each and _is_within(actor, budget.team_id)


def obstacle(actor: Actor, increase: BudgetIncrease) -> str:
    """Why this person does not decide on it; empty where they may, given a one-time password."""
    if not actor.may(DECIDE) or not _is_within(actor, increase.team_id):
        return "Whoever may set the budget decides on it."
    if actor.id == increase.asked_by_id:
        return "You asked for it yourself. Somebody else decides."
    return ""


def waiting(now: datetime) -> QuerySet[BudgetIncrease]:
    """What waits for a decision, of the entered scope."""
    return BudgetIncrease.objects.filter(is_granted=None, ended_at=None, ends_at__gt=now)


def _is_within(actor: Actor, team_id: UUID | None) -> bool:
    return actor.team_ids is None or team_id in actor.team_ids


def _require_sense(actor: Actor, budget: Budget, ends_at: datetime, reason: str, now: datetime) -> None:
    if not _is_within(actor, budget.team_id):
        raise errors.Forbidden("More is asked for budgets of your own teams.")
    if not budget.is_active:
        raise errors.Conflict("The budget is out of use.")
    if budget.each:
        raise errors.InvalidRequest("A budget for each of many is raised for all of them: change it.", param="budget")
    if not now < ends_at <= now + LONGEST:
        raise errors.InvalidRequest("It ends within a year from now.", param="ends_at")
    if not reason.strip():
        raise errors.InvalidRequest("Say why: whoever decides goes by it.", param="reason")


def _locked(increase: BudgetIncrease) -> BudgetIncrease:
    return BudgetIncrease.objects.select_for_update(of=("self",)).select_related("budget").get(id=increase.id)


def _deciders(increase: BudgetIncrease) -> list[UUID]:
    """Whoever may set the budget: of the whole organisation, or of its team."""
    holders = Membership.objects.filter(role__in=permissions.roles_with(DECIDE)).exclude(user_id=increase.asked_by_id)
    if increase.team_id is None:
        holders = holders.filter(team=None)
    return list(holders.values_list("user_id", flat=True))


def _tell(kind: NoticeKind, increase: BudgetIncrease, people: Iterable[UUID], now: datetime) -> None:
    notices.tell(
        organization_id=increase.organization_id,
        people=people,
        kind=kind,
        subject_kind="budget_increase",
        subject_id=increase.id,
        teams=[increase.team_id] if increase.team_id else (),
        now=now,
    )


def _record(actor: Actor, increase: BudgetIncrease, verb: str) -> None:
    append_act(
        actor=actor,
        action=f"tenants.budget_increase.{verb}",
        object_kind="budget_increase",
        object_id=increase.id,
        details={
            "budget_id": str(increase.budget_id),
            "amount_nano_usd": str(increase.amount_nano_usd),
            "ends_at": f"{increase.ends_at:%Y-%m-%dT%H:%M:%SZ}",
        },
    )
