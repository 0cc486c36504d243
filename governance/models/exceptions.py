"""What break glass and waivers have in common: asked for by one, signed by others, in force until a moment.

Nothing of it is ever updated by the application: people put in signatures, and the database moves the rest, or refuses.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models

from governance.models.choices import ExceptionStatus
from kit.tenant_owned import TeamOwned, TenantOwned
from tenants.models import Role, User

DECIDERS = (Role.COMPLIANCE_OFFICER, Role.ADMINISTRATOR)


class Exceptional(TeamOwned):
    """`asked_at`, `ends_at` and everything below them are the database's own: the end counts from the asking, whenever
    it was signed."""

    reason = models.TextField()
    content_hash = models.CharField(max_length=64, editable=False, help_text="SHA-256 of what a signature signs.")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(editable=False)
    ends_at = models.DateTimeField(editable=False)
    status = models.CharField(max_length=8, choices=ExceptionStatus.choices, default=ExceptionStatus.ASKED)
    in_force_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def is_waiting(self, at: datetime) -> bool:
        """Whether it is still to be signed."""
        return self.status == ExceptionStatus.ASKED and at < self.ends_at

    def is_in_force(self, at: datetime) -> bool:
        return self.status == ExceptionStatus.IN_FORCE and at < self.ends_at

    def is_live(self, at: datetime) -> bool:
        return self.is_waiting(at) or self.is_in_force(at)


class ExceptionSignature(TenantOwned):
    """What one person did about it. Insert-only."""

    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    signed_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField(editable=False)

    class Meta:
        abstract = True
