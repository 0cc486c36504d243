"""What Celery does for the portal. The timetable is in `portal.celery`."""

from __future__ import annotations

from celery import shared_task

from portal import heartbeats


@shared_task  # type: ignore[untyped-decorator]
def note_timetable() -> None:
    """Run because the timetable said so: a sign of its life."""
    heartbeats.write(heartbeats.TIMETABLE)
