"""What Celery does for the portal. The timetable is in `portal.celery`."""

from __future__ import annotations

from celery import shared_task

from kit import clock
from portal import heartbeats
from portal.mail.digest import send_digests
from portal.mail.sending import send_due


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
