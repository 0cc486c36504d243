"""Talking about a request, where it is decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from governance.models import ApprovalRequest, Comment, NoticeKind, RequestStatus
from governance.services import notices
from governance.services.approvals.reach import append_act_on, lock
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Membership

LONGEST = 4_000


def comment(
    *, actor: Actor, request: ApprovalRequest, text: str, now: datetime, mentions: Iterable[UUID] = ()
) -> Comment:
    """Adds to what is said of a request. Told are the requester, whoever spoke before, and whoever is mentioned.

    Raises `errors.InvalidRequest` for an empty or too long one and for a mention of nobody here, `errors.Conflict` for
    a draft, which nobody reads yet.
    """
    permissions.require(actor, "governance.approval.request")
    text, named = text.strip(), sorted(set(mentions))
    if not 0 < len(text) <= LONGEST:
        raise errors.InvalidRequest(f"A comment has 1 to {LONGEST} characters.", param="text")
    if Membership.objects.filter(user_id__in=named).values("user_id").distinct().order_by().count() != len(named):
        raise errors.InvalidRequest("Nobody of that id is of the organisation.", param="mentions")
    with transaction.atomic():
        locked = lock(request)
        if locked.status == RequestStatus.DRAFT:
            raise errors.Conflict("Nobody reads a draft yet.")
        made = Comment.objects.create(
            organization_id=locked.organization_id,
            request=locked,
            written_by_id=actor.id,
            text=text,
            mentions=named,
            written_at=now,
        )
        append_act_on(actor, "governance.approval.commented", locked)
        _tell(actor, made, now)
    return made


def _tell(actor: Actor, made: Comment, now: datetime) -> None:
    before = Comment.objects.filter(request_id=made.request_id).values_list("written_by_id", flat=True)
    notices.tell(
        organization_id=actor.organization_id,
        people={made.request.requested_by_id, *before, *made.mentions} - {actor.id},
        kind=NoticeKind.COMMENTED,
        subject_kind="approval_request",
        subject_id=made.request_id,
        now=now,
    )
