"""The outbox: what is due, taken by one worker at a time, and what became of it. As the system role.

A message is noted as handed over before its channel is spoken to, with a time after which that counts as unanswered. So
nothing is sent twice that was answered, whatever dies; what was not answered is sent again under the same id, by which
PagerDuty and webhooks know it. Slack has no such id: there the same may be read twice.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from governance.models import AlertMessage, ChannelKind, MessageEvent, MessageState

SYSTEM = "system"
KEPT_FOR = timedelta(days=1)  # what a channel could not be told in a day is old news
UNANSWERED_AFTER = timedelta(minutes=2)
STORM = 6  # messages that wait for a channel at once, from which on they become one
MOST, IN = 20, timedelta(minutes=10)  # so many to a channel in such a time
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
_WAITING = (MessageState.DUE, MessageState.HANDED)
_BATCH = 50


def rows() -> QuerySet[AlertMessage]:
    return AlertMessage.across_tenants.using(SYSTEM)


def give_up(now: datetime) -> int:
    old = rows().filter(state__in=_WAITING, created_at__lt=now - KEPT_FOR)
    return old.update(state=MessageState.GIVEN_UP, ended_at=now)


def fold(now: datetime) -> None:
    """Makes one message of many that wait for one channel. PagerDuty takes each: an incident is resolved by itself."""
    folding = Q(state=MessageState.DUE, attempts=0) & ~Q(event__in=[MessageEvent.TEST, MessageEvent.DIGEST])
    waiting = rows().filter(folding).exclude(channel__kind=ChannelKind.PAGERDUTY)
    storms = waiting.values("channel_id").annotate(many=Count("id")).filter(many__gte=STORM).order_by()
    for channel_id in list(storms.values_list("channel_id", flat=True)):
        with transaction.atomic(using=SYSTEM):
            locked = waiting.filter(channel_id=channel_id).select_for_update(of=("self",), skip_locked=True)
            found = list(locked.order_by("id"))
            if len(found) < STORM:
                continue
            rows().filter(id__in=[message.id for message in found]).update(state=MessageState.FOLDED, ended_at=now)
            rows().create(
                organization_id=found[0].organization_id,
                channel_id=channel_id,
                event=MessageEvent.DIGEST,
                count=len(found),
                created_at=now,
                due_at=now,
            )


def take(now: datetime) -> list[AlertMessage]:
    """One message for each channel that has some to be sent now, noted as handed over.

    Of one alert the earlier goes first, and what follows waits for it.
    """
    with transaction.atomic(using=SYSTEM):
        earlier = rows().filter(
            channel=OuterRef("channel"), alert=OuterRef("alert"), id__lt=OuterRef("id"), state__in=_WAITING
        )
        due = rows().filter(~Exists(earlier), state__in=_WAITING, due_at__lte=now, channel__is_active=True)
        due = due.exclude(channel_id__in=_busy(now))
        locked = rows().filter(id__in=_first_of_channels(due), state__in=_WAITING, due_at__lte=now)
        taken = list(
            locked.select_for_update(of=("self",), skip_locked=True).select_related("channel", "alert").order_by("id")
        )
        rows().filter(id__in=[message.id for message in taken]).update(
            state=MessageState.HANDED, due_at=now + UNANSWERED_AFTER, attempts=F("attempts") + 1
        )
    for message in taken:
        message.attempts += 1
    return taken


def _first_of_channels(due: QuerySet[AlertMessage]) -> list[UUID]:
    """So many channels have their turn, those that have waited longest: one with much to be told delays nobody."""
    first = due.order_by("channel_id", "id").distinct("channel_id").values_list("due_at", "id")
    return [message_id for _, message_id in sorted(first)[:_BATCH]]


def sent(message: AlertMessage, answer: str, now: datetime) -> None:
    _end(message, MessageState.SENT, answer, now)


def failed(message: AlertMessage, answer: str, now: datetime) -> None:
    """The channel will not take it, however often it is told."""
    _end(message, MessageState.FAILED, answer, now)


def put_off(message: AlertMessage, answer: str, now: datetime, wait: timedelta | None = None) -> None:
    """It is tried again: after as long as the channel asks for, or twice as long as the last time."""
    pause = min(_FIRST_PAUSE * 2 ** (message.attempts - 1), _LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311
    pause = max(pause, min(wait or timedelta(), _LONGEST_PAUSE))
    rows().filter(id=message.id).update(state=MessageState.DUE, answer=answer[:32], due_at=now + pause)


def waiting() -> int:
    """How many messages are still to be sent, whenever they are due."""
    return rows().filter(state__in=_WAITING).count()


def _busy(now: datetime) -> list[UUID]:
    """Channels that have been told as much as they are to be told in a while."""
    lately = rows().filter(ended_at__gt=now - IN, state=MessageState.SENT)
    return list(
        lately.values("channel_id")
        .annotate(many=Count("id"))
        .filter(many__gte=MOST)
        .order_by()
        .values_list("channel_id", flat=True)
    )


def _end(message: AlertMessage, state: MessageState, answer: str, now: datetime) -> None:
    rows().filter(id=message.id).update(state=state, answer=answer[:32], ended_at=now)
