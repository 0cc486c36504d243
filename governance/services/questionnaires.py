"""The questions that requests answer."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from audit.ledger.append import append_act
from governance.models import NoticeKind, Questionnaire
from governance.questionnaire import Definition, check
from governance.services import notices
from governance.services.approvals.signing import REVIEW
from kit.context import Actor
from tenants import permissions
from tenants.models import Organization


def set_version(*, actor: Actor, definition: Definition, now: datetime) -> Questionnaire:
    """Asks these questions from then on. Requests keep the version that they answered. Whoever else
    reviews is told.

    Raises `errors.InvalidRequest`, with the path, for a schema that is none or of no bounded shape, and for points by
    which nothing is ever high.
    """
    permissions.require(actor, "governance.review_rule.manage", otp=True)
    permissions.require_reach(actor, None)
    check(definition)
    with transaction.atomic():
        Organization.objects.select_for_update().get(id=actor.organization_id)
        newest = Questionnaire.objects.aggregate(number=Max("number"))["number"]
        version = Questionnaire.objects.create(
            organization_id=actor.organization_id,
            number=(newest or 0) + 1,
            set_by_id=actor.id,
            set_at=now,
            **definition.as_json(),
        )
        append_act(
            actor=actor,
            action="governance.questionnaire.set",
            object_kind="questionnaire",
            object_id=version.id,
            details={"number": str(version.number), "questions": str(len(definition.questions))},
        )
        notices.tell_holders(
            act=REVIEW,
            actor=actor,
            kind=NoticeKind.RULES_CHANGED,
            subject_kind="questionnaire",
            subject_id=version.id,
            now=now,
        )
    return version
