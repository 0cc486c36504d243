"""Model cards: what is known of a model, as it was written down each time."""

from __future__ import annotations

from django.db import models

from governance.models.catalogue import Model
from kit.tenant_owned import TenantOwned
from tenants.models import User


class ModelCard(TenantOwned):
    """One version of a model's card. Insert-only; the highest number is the card as it stands.

    `content_hash` is the SHA-256 of the canonical form of what it says (`governance.services.model_cards`).
    """

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="cards")
    number = models.PositiveIntegerField()
    intended_use = models.TextField(max_length=4000, help_text="What it is for, and for whom.")
    not_for = models.TextField("not to be used for", max_length=4000, blank=True)
    limitations = models.TextField("known limits and risks", max_length=4000, blank=True)
    evaluation = models.TextField(max_length=4000, blank=True, help_text="How it was evaluated, and what came of it.")
    text = models.TextField("everything else", max_length=50_000, blank=True, help_text="Markdown, shown as written.")
    content_hash = models.CharField(max_length=64)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["model", "number"], name="model_card_is_numbered")]

    def __str__(self) -> str:
        return f"card {self.number} of {self.model}"
