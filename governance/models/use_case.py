"""Use cases: what a model is called for, and what the EU AI Act makes of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from governance.models.catalogue import SLUG
from governance.models.choices import AiActClass
from kit import clock
from kit.tenant_owned import TeamOwned
from tenants.models import User


class UseCase(TeamOwned):
    """What calls are made for. A prohibited one is kept on record, but never in service."""

    slug = models.CharField(max_length=64, validators=[SLUG], help_text="What callers name, by x-chancery-use-case.")
    name = models.CharField(max_length=200)
    purpose = models.TextField(help_text="What it does, for whom, and what follows from its answers.")
    ai_act_class = models.CharField(
        "EU AI Act class",
        max_length=16,
        choices=AiActClass.choices,
        help_text="Prohibited: Article 5. High: Article 6 with Annexes I and III. Limited: Article 50, transparency. "
        "Minimal: none of these.",
    )
    decides_about_persons = models.BooleanField(
        default=False, help_text="Whether its answers decide, or help to decide, about natural persons."
    )
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", help_text="Who answers for it. A member of the organisation."
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="use_case_slug_is_unique"),
            models.UniqueConstraint(fields=["organization", "id"], name="use_case_in_organization"),
            models.CheckConstraint(condition=~Q(purpose=""), name="use_case_has_a_purpose"),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_in_service(self) -> bool:
        return self.retired_at is None and self.ai_act_class != AiActClass.PROHIBITED
