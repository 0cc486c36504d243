"""Celery, and the whole timetable on one screen."""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("chancery")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    # A call whose worker died is settled within a minute of its death.
    "settle-orphans": {"task": "gateway.tasks.settle_orphans", "schedule": 15.0},
    "roll-up-usage": {"task": "audit.tasks.roll_up_usage", "schedule": 60.0},
    "make-partitions": {"task": "audit.tasks.make_partitions", "schedule": crontab(minute=5)},
    "refresh-statistics": {"task": "audit.tasks.refresh_statistics", "schedule": crontab(minute=35, hour=2)},
    "check-ledger": {"task": "audit.tasks.check_integrity", "schedule": crontab(minute="*/10")},
    "prune-snapshot-changes": {"task": "governance.tasks.prune_snapshot_changes", "schedule": crontab(minute=15)},
}
