"""A provider as a third party: where it processes data, what was agreed, and what it would take to leave.

The columns of the register of information that DORA asks financial entities for (Regulation (EU) 2022/2554, article 28)
are among them.
"""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from governance.models.catalogue import Provider
from governance.models.choices import AgreementKind, Criticality, Substitutability
from kit import clock
from kit.tenant_owned import TenantOwned


class ThirdPartyFile(TenantOwned):
    """One row for each provider that somebody has looked into. What is empty is not known."""

    provider = models.OneToOneField(Provider, on_delete=models.PROTECT, related_name="third_party_file")
    is_own = models.BooleanField(
        "run by ourselves", default=False, help_text="On our own machines: no agreement with a third party is needed."
    )
    location = models.CharField(
        "where data is processed", max_length=200, blank=True, help_text="Countries, such as Ireland, Germany."
    )
    retention_days = models.PositiveIntegerField(
        "days that prompts are kept", null=True, blank=True, help_text="By the provider; 0 where it keeps none."
    )
    trains_on_data = models.BooleanField("trains on our data", null=True, blank=True)
    sub_processors = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, help_text="One a line: who, where, what for."
    )
    function_supported = models.CharField(
        max_length=200, blank=True, help_text="Which function of the organisation depends on it."
    )
    criticality = models.CharField(
        max_length=16, choices=Criticality.choices, blank=True, help_text="Of that function, as DORA has it."
    )
    substitutability = models.CharField(max_length=16, choices=Substitutability.choices, blank=True)
    exit_plan = models.TextField(blank=True, max_length=4000, help_text="How the function goes on without it.")
    audited_on = models.DateField("last audit", null=True, blank=True)
    contact = models.CharField(max_length=200, blank=True, help_text="Whom to write to there.")

    class Meta:
        ordering = ["provider__name"]

    def __str__(self) -> str:
        return f"file of {self.provider}"


class Agreement(TenantOwned):
    """Something agreed with a provider. Insert-only, but for its end."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="agreements")
    kind = models.CharField(max_length=8, choices=AgreementKind.choices)
    reference = models.CharField(max_length=200, help_text="Where the signed document is found.")
    signed_on = models.DateField()
    valid_until = models.DateField(null=True, blank=True, help_text="The last day. Empty: without an end.")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["kind", "-signed_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("signed_on")),
                name="agreement_ends_after_it_is_signed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.signed_on:%d %b %Y}"

    def is_valid(self, on: date) -> bool:
        return self.ended_at is None and self.signed_on <= on and (self.valid_until is None or on <= self.valid_until)
