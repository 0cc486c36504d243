"""Sending what is due. Of each notice one e-mail at most, whatever dies: it is noted as handed over before the server
is spoken to, and given back only where the server has certainly not taken it. The notice itself stands in any case.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q, QuerySet

from governance.models import MailState, Notice
from portal.mail import texts
from portal.mail.readers import SYSTEM, reader_of
from portal.mail.server import Answer, Server, Unreachable, is_on

BATCH = 200
# What could not be sent within a day is old news, and stands on the page.
FRESH = timedelta(days=1)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)

logger = logging.getLogger(__name__)


def send_due(now: datetime) -> int:
    """Sends the e-mails of notices that are due. Gives how many the server took."""
    if not is_on():
        return 0
    rows().filter(mail=MailState.DUE, at__lt=now - FRESH).update(mail=MailState.NONE)
    if not _due(now).exists():
        return 0
    try:
        with Server() as server:
            return _send_batch(server, now)
    except Unreachable as failure:
        logger.warning("e-mail waits: the server does not answer (%s)", failure)
        return 0


def _send_batch(server: Server, now: datetime) -> int:
    taken = 0
    for _ in range(BATCH):
        notice = _taken(now)
        if notice is None:
            break
        answer = _send(server, notice, now)
        taken += answer is Answer.TAKEN
        if answer is Answer.UNKNOWN:  # the connection is gone
            break
    return taken


def rows() -> QuerySet[Notice]:
    return Notice.across_tenants.using(SYSTEM)


def hand_over(notices: Sequence[Notice], message: EmailMessage, server: Server) -> Answer:
    """Sends one message about notices that are noted as handed over, and notes what became of it."""
    answer = server.send(message)
    ids = [notice.id for notice in notices]
    if answer is Answer.TAKEN:
        rows().filter(id__in=ids).update(mail=MailState.SENT)
    elif answer is Answer.NEVER:
        rows().filter(id__in=ids).update(mail=MailState.FAILED)
    if answer in (Answer.NEVER, Answer.UNKNOWN):
        logger.warning("an e-mail was not delivered, or it is not known whether it was (%s)", answer.value)
    return answer


def _send(server: Server, notice: Notice, now: datetime) -> Answer | None:
    message = _message(notice)
    if message is None:
        rows().filter(id=notice.id).update(mail=MailState.NONE)
        return None
    answer = hand_over([notice], message, server)
    if answer is Answer.LATER:
        pause = min(_FIRST_PAUSE * 2 ** (notice.mail_attempts - 1), _LONGEST_PAUSE)
        rows().filter(id=notice.id).update(mail=MailState.DUE, mail_after=now + pause)
    return answer


def _due(now: datetime) -> QuerySet[Notice]:
    return rows().filter(Q(mail_after__isnull=True) | Q(mail_after__lte=now), mail=MailState.DUE)


def _taken(now: datetime) -> Notice | None:
    """The oldest that is due, noted as handed over; another sender passes by what this one takes."""
    with transaction.atomic(using=SYSTEM):
        notice = _due(now).select_for_update(skip_locked=True).order_by("id").first()
        if notice is not None:
            rows().filter(id=notice.id).update(mail=MailState.HANDED, mail_attempts=F("mail_attempts") + 1)
            notice.mail_attempts += 1
    return notice


def _message(notice: Notice) -> EmailMessage | None:
    """None where there is nobody left to tell, or nothing that they may see."""
    reader = reader_of(notice.organization_id, notice.person_id)
    if reader is None:
        return None
    found = reader.told([notice])
    return texts.of_notice(found[0], reader.person, reader.organization) if found else None
