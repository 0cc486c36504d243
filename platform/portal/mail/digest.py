"""The daily e-mail: what was told until eight in the morning, in the organisation's time zone, overdue first."""

from __future__ import annotations

import logging
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet

from governance.models import MailState, Notice, NoticeKind, Waiting
from kit.scoping import within
from portal.mail import texts
from portal.mail.readers import SYSTEM, Reader, reader_of
from portal.mail.sending import hand_over, rows
from portal.mail.server import Answer, Server, Unreachable, is_on
from portal.notice_words import Told

MORNING = time(8)
FRESH = timedelta(days=3)

logger = logging.getLogger(__name__)


def send_digests(now: datetime) -> int:
    """Sends each person what they were told before the last morning. Gives how many digests the server took."""
    if not is_on():
        return 0
    waiting = rows().filter(mail=MailState.DIGEST)
    waiting.filter(at__lt=now - FRESH).update(mail=MailState.NONE)
    waiting.filter(read_at__isnull=False).update(mail=MailState.NONE)
    people = list(waiting.values_list("organization_id", "person_id").order_by().distinct())
    if not people:
        return 0
    try:
        with Server() as server:
            return _send_each(server, people, now)
    except Unreachable as failure:
        logger.warning("digests wait: the mail server does not answer (%s)", failure)
        return 0


def _send_each(server: Server, people: list[tuple[UUID, UUID]], now: datetime) -> int:
    taken = 0
    for organization_id, person_id in people:
        answer = _send(server, organization_id, person_id, now)
        taken += answer is Answer.TAKEN
        if answer is Answer.UNKNOWN:  # the connection is gone
            break
    return taken


def last_morning(now: datetime, zone: str) -> datetime:
    """The last time that it was eight there, whatever the clocks did since."""
    local = now.astimezone(ZoneInfo(zone))
    eight = datetime.combine(local.date(), MORNING, local.tzinfo)
    if eight > local:
        eight = datetime.combine(local.date() - timedelta(days=1), MORNING, local.tzinfo)
    return eight


def _send(server: Server, organization_id: UUID, person_id: UUID, now: datetime) -> Answer | None:
    reader = reader_of(organization_id, person_id)
    if reader is None:
        _mine(organization_id, person_id).update(mail=MailState.NONE)
        return None
    notices = _taken(reader, now)
    found = reader.told(notices)
    if not found:
        rows().filter(id__in=[notice.id for notice in notices]).update(mail=MailState.NONE)
        return None
    late = _overdue(reader, found, now)
    others = [each for each in found if each not in late]
    answer = hand_over(notices, texts.of_digest(late, others, reader.person, reader.organization), server)
    if answer is Answer.LATER:
        rows().filter(id__in=[notice.id for notice in notices]).update(mail=MailState.DIGEST)
    return answer


def _mine(organization_id: UUID, person_id: UUID) -> QuerySet[Notice]:
    return rows().filter(organization_id=organization_id, person_id=person_id, mail=MailState.DIGEST)


def _taken(reader: Reader, now: datetime) -> list[Notice]:
    """Those of before the last morning, noted as handed over."""
    until = last_morning(now, reader.organization.time_zone)
    with transaction.atomic(using=SYSTEM):
        mine = _mine(reader.organization.id, reader.person.id).filter(at__lt=until)
        notices = list(mine.select_for_update(skip_locked=True).order_by("id"))
        rows().filter(id__in=[notice.id for notice in notices]).update(mail=MailState.HANDED)
    return notices


def _overdue(reader: Reader, found: list[Told], now: datetime) -> list[Told]:
    with within(reader.scope):
        about = [each.notice.subject_id for each in found]
        overdue = Waiting.objects.filter(request_id__in=about, stage__due_at__lt=now)
        late = set(overdue.values_list("request_id", flat=True))
    return [each for each in found if each.notice.kind == NoticeKind.REVIEW_OVERDUE or each.notice.subject_id in late]
