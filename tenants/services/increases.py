"""Asking for more than a budget allows, and deciding on it. What is granted ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from audit.ledger.append import append_act
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Budget, BudgetIncrease

ASK, DECIDE = "tenants.budget.ask", "tenants.budget.manage"
LONGEST = timedelta(days=366)


def ask(
    *, actor: Actor, budget: Budget, amount_nano_usd: int, ends_at: datetime, reason: str, now: datetime
) -> BudgetIncrease:
    """Asks for so much more until then; nothing changes before somebody else has granted it.

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
        raise errors.InvalidRequest("Say why: it is kept, and shown to whoever asked.", param="reason")
    with transaction.atomic():
        locked = BudgetIncrease.objects.select_for_update(of=("self",)).get(id=increase.id)
        if not locked.is_waiting(now):
            raise errors.Conflict("It does not wait for a decision any more.")
        locked.is_granted, locked.answer = is_granted, reason.strip()
        locked.decided_by_id, locked.decided_at = actor.id, now
        locked.save(update_fields=["is_granted", "answer", "decided_by", "decided_at"])
        _record(actor, locked, "granted" if is_granted else "refused")
    return locked


def _require_sense(actor: Actor, budget: Budget, ends_at: datetime, reason: str, now: datetime) -> None:
    if actor.team_ids is not None and budget.team_id not in actor.team_ids:
        raise errors.Forbidden("More is asked for budgets of your own teams.")
    if not budget.is_active:
        raise errors.Conflict("The budget is out of use.")
    if budget.each:
        raise errors.InvalidRequest("A budget for each of many is raised for all of them: change it.", param="budget")
    if not now < ends_at <= now + LONGEST:
        raise errors.InvalidRequest("It ends within a year from now.", param="ends_at")
    if not reason.strip():
        raise errors.InvalidRequest("Say why: whoever decides goes by it.", param="reason")


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
