"""AI that does not run through the gateway, which an inventory of AI has to name all the same."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from pgvector.django import VectorField

from governance.models.catalogue import FINGERPRINT_DIMENSIONS
from governance.models.choices import AiActClass
from kit import clock
from kit.data_class import DataClass
from kit.tenant_owned import TenantOwned
from tenants.models import User


class OtherSystem(TenantOwned):
    """A product with AI in it, a feature of a vendor, an assistant that people use elsewhere."""

    name = models.CharField(max_length=200)
    vendor = models.CharField(max_length=200)
    purpose = models.TextField(max_length=4000)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", help_text="Who answers for its use.")
    ai_act_class = models.CharField("EU AI Act class", max_length=16, choices=AiActClass.choices)
    max_data_class = models.PositiveSmallIntegerField(
        "data class, at most", choices=DataClass.choices(), default=DataClass.INTERNAL
    )
    review_on = models.DateField("to be reviewed on", null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    fingerprint = VectorField(dimensions=FINGERPRINT_DIMENSIONS, null=True, editable=False)

    class Meta:
        verbose_name = "other system"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "vendor", "name"], name="other_system_is_listed_once"),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(retired_at__gte=F("created_at")),
                name="other_system_is_retired_after_it_is_listed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.vendor})"
