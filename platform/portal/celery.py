"""Celery, and the whole timetable on one screen. What its processes log and count is `portal.celery_metrics`."""

from __future__ import annotations

import os
import sys

from celery import Celery, signals
from celery.schedules import crontab

from portal import celery_metrics, configuration, heartbeats

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
try:
    configuration.require()
except configuration.InvalidConfiguration as failure:
    sys.exit(str(failure))  # Celery's own programs would show where they read it, and not what is wrong

app = Celery("chancery")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
signals.setup_logging.connect(lambda **_: None, weak=False)  # Django's LOGGING stands
celery_metrics.connect(app)
signals.heartbeat_sent.connect(heartbeats.of_worker, weak=False)

app.conf.beat_scheduler = "portal.beat:LeaderScheduler"
app.conf.beat_schedule = {
    # A call whose worker died is settled within a minute of its death.
    "settle-orphans": {"task": "gateway.tasks.settle_orphans", "schedule": 15.0},
    "note-timetable": {"task": "portal.tasks.note_timetable", "schedule": 15.0},
    "escalate-overdue": {"task": "governance.tasks.escalate_overdue", "schedule": crontab(minute="*/10")},
    "send-mail": {"task": "portal.tasks.send_mail", "schedule": 15.0},
    "send-daily-mail": {"task": "portal.tasks.send_daily_mail", "schedule": crontab(minute="*/10")},
    "tell-costs": {"task": "portal.tasks.tell_costs", "schedule": crontab(minute="*/10")},
    "close-months": {"task": "portal.tasks.close_months", "schedule": crontab(minute=25)},
    "roll-up-usage": {"task": "audit.tasks.roll_up_usage", "schedule": 60.0},
    "repair-counters": {"task": "portal.tasks.repair_counters", "schedule": crontab(minute="*/5")},
    "count-usage": {"task": "portal.tasks.count_usage", "schedule": 30.0},
    "make-partitions": {"task": "audit.tasks.make_partitions", "schedule": crontab(minute=5)},
    "refresh-statistics": {"task": "audit.tasks.refresh_statistics", "schedule": crontab(minute=35, hour=2)},
    "check-ledger": {"task": "audit.tasks.check_integrity", "schedule": crontab(minute="*/10")},
    "look-for-drift": {"task": "governance.tasks.look_for_drift", "schedule": 15.0},
    "keep-evaluations": {"task": "governance.tasks.keep_evaluations", "schedule": 60.0},
    "keep-terms": {"task": "governance.tasks.keep_terms", "schedule": crontab(minute=20)},
    # Usage is counted every half minute, so an hour is whole a few minutes after it.
    "watch-usage": {"task": "governance.tasks.watch_usage", "schedule": crontab(minute="*/5")},
    "watch-anomalies": {"task": "governance.tasks.watch_anomalies", "schedule": crontab(minute="7,22,37,52")},
    "send-alert-messages": {"task": "governance.tasks.send_alert_messages", "schedule": 15.0},
    "prune-snapshot-changes": {"task": "governance.tasks.prune_snapshot_changes", "schedule": crontab(minute=15)},
}
