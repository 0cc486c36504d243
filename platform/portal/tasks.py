"""What Celery does for the portal. The timetable is in `portal.celery`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from celery import shared_task

from audit.usage import rollups
from governance import hints
from kit import clock, errors
from kit.context import Actor
from portal import counter_drift, heartbeats
from portal.mail.digest import send_digests
from portal.mail.sending import send_due
from portal.spend import reports
from portal.statements import closing
from tenants.models import Organization

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def note_timetable() -> None:
    """Run because the timetable said so: a sign of its life."""
    heartbeats.write(heartbeats.TIMETABLE)


@shared_task  # type: ignore[untyped-decorator]
def send_mail() -> int:
    """What people are told by e-mail at once. Gives how many the server took."""
    return send_due(clock.now())


@shared_task  # type: ignore[untyped-decorator]
def send_daily_mail() -> int:
    """What people are told once a day; each at the first run after their morning. Gives how many the server took."""
    return send_digests(clock.now())


@shared_task  # type: ignore[untyped-decorator]
def close_months() -> int:
    """Closes months that are over, a few hours after their end. Gives how many statements that made."""
    return _of_each(_close_months)


def _close_months(organization: Organization, now: datetime) -> int:
    """In their order: what stops one stops those after it until the next time."""
    made, actor = 0, Actor("system", organization.id, organization.id)
    with suppress(errors.Conflict):  # usage is not counted to the end yet
        for month in closing.due(organization, now):
            made += len(closing.close(actor=actor, organization=organization, month=month, now=now))
    return made


@shared_task  # type: ignore[untyped-decorator]
def repair_counters() -> int:
    """Makes counters of budgets anew that differ from the books. Gives how many accounts did."""
    return len(counter_drift.repair())


@shared_task  # type: ignore[untyped-decorator]
def tell_costs() -> int:
    """What yesterday cost, and last week, in the morning of each organisation. Gives how many people are told."""
    return _of_each(reports.tell)


@shared_task  # type: ignore[untyped-decorator]
def count_usage() -> None:
    """Usage by the quarter hour and day, up to what is settled now: what dashboards and reports read. Open pages of
    those whose calls are counted are told."""
    seen = rollups.seen()
    rollups.roll_up()
    for organization_id in rollups.settled_since(seen):
        hints.usage_counted(organization_id, using="system")


def _of_each(do: Callable[[Organization, datetime], int]) -> int:
    """Adds up what it gives; one organisation that it fails for does not stop the others."""
    found = 0
    for organization in Organization.across_tenants.using("system").all():
        try:
            found += do(organization, clock.now())
        except Exception:
            logger.exception("%s failed for organisation %s", do.__name__, organization.id)
    return found
