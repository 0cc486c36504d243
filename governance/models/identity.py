"""What deployments say they are, and since when: how an exchange behind a name is noticed."""

from __future__ import annotations

from django.db import models

from governance.models.catalogue import Deployment
from kit.tenant_owned import TenantOwned


class ReportedIdentity(TenantOwned):
    """What an upstream named in its answers: the model, and the fingerprint of what it ran on. Written by the gateway
    when it hears it for the first time; never changed but for `looked_at`, when it was compared with what is approved.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="identities")
    model = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=200)
    first_heard_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["first_heard_at", "id"]
        verbose_name_plural = "reported identities"
        constraints = [
            models.UniqueConstraint(fields=["deployment", "model", "fingerprint"], name="identity_is_heard_once"),
        ]
        indexes = [
            models.Index(fields=["id"], name="identity_to_look_at", condition=models.Q(looked_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return " ".join(part for part in (self.model, self.fingerprint) if part)
