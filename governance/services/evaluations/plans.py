"""What a model is asked, by which key, how often, and how much less it may pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit.ledger.append import append_act
from governance.expectations import require_usable
from governance.models import EvaluationCase, EvaluationPlan, Expectation, Model
from governance.models.evaluation import MOST_CASES, MOST_HOURS, MOST_TEXT
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import ApiKey

MANAGE = "governance.register.manage"


@dataclass(frozen=True, slots=True)
class Terms:
    """`tolerance` is in percentage points; a plan that is not active runs when somebody asks for it."""

    api_key: ApiKey
    every_hours: int = 24
    tolerance: int = 5
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """`expected` is a text, a regular expression or a JSON Schema, as `expectation` says."""

    name: str
    prompt: str
    expectation: Expectation
    expected: str


def set_plan(*, actor: Actor, model: Model, terms: Terms, now: datetime) -> EvaluationPlan:
    """Has a model probed, or changes how. It is the key's team that pays, and the key's permissions that hold.

    Raises `errors.InvalidRequest` for terms out of bounds, `errors.Conflict` for a key that is revoked or bound to
    networks: the gateway calls from none.
    """
    permissions.require(actor, MANAGE, otp=True)
    permissions.require_reach(actor, None)
    _check(terms)
    with transaction.atomic():
        Model.objects.select_for_update(of=("self",)).get(id=model.id)
        plan, _ = EvaluationPlan.objects.update_or_create(
            organization_id=actor.organization_id,
            model=model,
            defaults={
                "api_key_id": terms.api_key.id,
                "every_hours": terms.every_hours,
                "tolerance": terms.tolerance,
                "is_active": terms.is_active,
                "set_by_id": actor.id,
                "set_at": now,
            },
        )
        _record(
            actor,
            "governance.evaluation_plan.set",
            plan,
            api_key_id=str(terms.api_key.id),
            every_hours=str(terms.every_hours),
            tolerance=str(terms.tolerance),
            is_active=terms.is_active,
        )
    return plan


def add_case(*, actor: Actor, plan: EvaluationPlan, question: Question, now: datetime) -> EvaluationCase:
    """Asks one thing more, from the next run on. Raises `errors.InvalidRequest`, `errors.Conflict`."""
    permissions.require(actor, MANAGE)
    permissions.require_reach(actor, None)
    if not question.name.strip() or not 0 < len(question.prompt.strip()) <= len(question.prompt) <= MOST_TEXT:
        raise errors.InvalidRequest(f"A case has a name, and a prompt of up to {MOST_TEXT:,} characters.")
    require_usable(question.expectation, question.expected)
    with transaction.atomic():
        locked = EvaluationPlan.objects.select_for_update(of=("self",)).get(id=plan.id)
        asked = locked.cases.filter(retired_at__isnull=True)
        if asked.count() >= MOST_CASES:
            raise errors.Conflict(f"A model is asked up to {MOST_CASES} things; retire one first.")
        if asked.filter(name=question.name).exists():
            raise errors.Conflict("Another case has this name.")
        case = EvaluationCase.objects.create(
            organization_id=actor.organization_id,
            plan=locked,
            name=question.name,
            prompt=question.prompt,
            expectation=question.expectation,
            expected=question.expected,
            added_by_id=actor.id,
            added_at=now,
        )
        _record(actor, "governance.evaluation_case.added", locked, case_id=str(case.id))
    return case


def retire_case(*, actor: Actor, case: EvaluationCase, now: datetime) -> EvaluationCase:
    """Asks it no more, from the next run on. Raises `errors.Conflict` where that was done before."""
    permissions.require(actor, MANAGE, otp=True)
    permissions.require_reach(actor, None)
    with transaction.atomic():
        plan = EvaluationPlan.objects.select_for_update(of=("self",)).get(id=case.plan_id)
        locked = EvaluationCase.objects.select_for_update(of=("self",)).get(id=case.id)
        if locked.retired_at is not None:
            raise errors.Conflict("The case is retired already.")
        locked.retired_at = now
        locked.save(update_fields=["retired_at"])
        _record(actor, "governance.evaluation_case.retired", plan, case_id=str(locked.id))
    return locked


def _check(terms: Terms) -> None:
    if not 1 <= terms.every_hours <= MOST_HOURS:
        raise errors.InvalidRequest(f"A model is probed every 1 to {MOST_HOURS} hours.", param="every_hours")
    if not 0 <= terms.tolerance <= 100:
        raise errors.InvalidRequest("The tolerance is 0 to 100 percentage points.", param="tolerance")
    if terms.api_key.revoked_at is not None or terms.api_key.networks:
        raise errors.Conflict("The key is revoked, or bound to networks that the gateway does not call from.")


def _record(actor: Actor, action: str, plan: EvaluationPlan, **details: str | bool) -> None:
    """Beside what else happens to the model."""
    append_act(actor=actor, action=action, object_kind="model", object_id=plan.model_id, details=details)
