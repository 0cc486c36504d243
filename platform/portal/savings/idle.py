"""Keys that nobody calls with: each is a secret that may leak, and costs nothing to end."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Q, QuerySet

from portal.savings.used import Used
from tenants.models import ApiKey


def idle(used: Used, now: datetime) -> QuerySet[ApiKey]:
    """Keys that are good, older than the window, and neither called with nor seen since; with `seen_at`, oldest first.

    A key is seen where it lists models too, which nothing is settled for.
    """
    return (
        ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, created_at__lt=used.since)
        .exclude(id__in=used.keys)
        .annotate(seen_at=Max("secrets__last_seen_at"))
        .filter(Q(seen_at=None) | Q(seen_at__lt=used.since))
        .select_related("project", "team")
        .order_by("created_at")
    )
