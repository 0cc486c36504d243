"""Evidence: what an officer decides on. A file, a result, or both, about a model or a provider."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from governance.models.approval import ApprovalRequest
from governance.models.catalogue import Model, Provider
from governance.models.choices import EvidenceKind
from kit.tenant_owned import TenantOwned
from tenants.models import User

EXPIRES_SOON = timedelta(days=30)


class Evidence(TenantOwned):
    """Insert-only but for its end. `sha256` is of the file, or of the result where there is none."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, null=True, blank=True, related_name="evidence")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, null=True, blank=True, related_name="evidence")
    kind = models.CharField(max_length=24, choices=EvidenceKind.choices)
    title = models.CharField(max_length=200)
    metric = models.CharField(max_length=100, blank=True)
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    threshold = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    passed = models.BooleanField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, editable=False)
    size_bytes = models.PositiveIntegerField(default=0, editable=False)
    media_type = models.CharField(max_length=64, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawal_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-added_at"]
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="evidence_in_organization"),
            models.CheckConstraint(
                condition=Q(model__isnull=False) | Q(provider__isnull=False), name="evidence_is_about_something"
            ),
            models.CheckConstraint(
                condition=Q(size_bytes__gt=0) & ~Q(media_type="") | Q(passed__isnull=False) & ~Q(metric=""),
                name="evidence_is_a_file_or_a_result",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("added_at")),
                name="evidence_is_good_when_it_is_added",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | ~Q(withdrawal_reason=""),
                name="evidence_is_withdrawn_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def subject(self) -> Model | Provider:
        return self.model or self.provider  # type: ignore[return-value]

    @property
    def has_file(self) -> bool:
        return self.size_bytes > 0

    def is_expired(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at

    def expires_soon(self, at: datetime) -> bool:
        return self.expires_at is not None and at < self.expires_at <= at + EXPIRES_SOON

    def counts(self, at: datetime) -> bool:
        """Whether anybody may rely on it then."""
        return self.withdrawn_at is None and not self.is_expired(at) and self.passed is not False


class RequestEvidence(TenantOwned):
    """What a request rests on in one of its revisions. Insert-only, and signed with what is asked."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="attached")
    revision = models.PositiveIntegerField()
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "revision", "evidence"], name="evidence_is_attached_once")
        ]

    def __str__(self) -> str:
        return f"evidence of revision {self.revision}"


class EvidenceFile(TenantOwned):
    """The content of a file, sealed under the application's field key, apart from what lists read."""

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="file")
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"file of {self.evidence_id}"
