"""The register: providers, models by exact version, where they are deployed, how they are called."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from pgvector.django import VectorField

from governance.models.choices import Life, Modality, ProviderKind, Tier
from kit import clock
from kit.tenant_owned import ScopedManager, TeamOwned, TenantOwned

SLUG = RegexValidator(r"^[a-z0-9][a-z0-9._:/-]*$", "Lower-case letters, digits and . _ : / - only.")
LABEL = RegexValidator(r"^[A-Za-z0-9_.:/+-]+$", "Letters, digits and _ . : / + - only: it goes on record as it is.")
FINGERPRINT_DIMENSIONS = 256
USUAL_OUTPUT_TOKENS = 16_384


class Suspendable(TenantOwned):
    """Something whose suspension stops every call that would use it."""

    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None


class Provider(Suspendable):
    """Whoever runs models: a company's API, or an inference server of one's own.

    `credential` is sealed under the application's field key and never shown again.
    """

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=32, choices=ProviderKind.choices)
    base_url = models.URLField(max_length=500, blank=True, help_text="Up to and including /v1; empty for the dummy.")
    credential = models.BinaryField(blank=True, default=b"", editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="provider_name_is_unique"),
            models.UniqueConstraint(fields=["organization", "id"], name="provider_in_organization"),
        ]

    def __str__(self) -> str:
        return self.name


class Ageing(models.Model):
    """How a model's life ends: it is announced with a day and, where there is one, what takes its place."""

    life = models.CharField(max_length=16, choices=Life.choices, default=Life.REGISTERED, editable=False)
    deprecated_at = models.DateTimeField(null=True, blank=True, editable=False)
    sunset_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="From then on every call is refused."
    )
    successor = models.ForeignKey(
        "governance.Model", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="predecessors"
    )
    deprecation_reason = models.TextField(blank=True, default="", editable=False)

    class Meta:
        abstract = True

    def is_over(self, at: datetime) -> bool:
        """Whether calls are refused because of it."""
        return self.life == Life.RETIRED or (self.sunset_at is not None and self.sunset_at <= at)


class Model(Suspendable, Ageing):
    """One exact version of a model. What was approved is this, and not a name that may move."""

    slug = models.CharField(max_length=200, validators=[SLUG], help_text="What applications send as `model`.")
    name = models.CharField(max_length=200)
    publisher = models.CharField(max_length=200)
    version = models.CharField(
        max_length=200, validators=[LABEL], help_text="Exact: a dated snapshot, a digest, a commit."
    )
    description = models.TextField(blank=True)
    tier = models.CharField(max_length=16, choices=Tier.choices, default=Tier.STANDARD)
    context_window = models.PositiveIntegerField(help_text="In tokens, prompt and output together.")
    max_output_tokens = models.PositiveIntegerField()
    usual_output_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=USUAL_OUTPUT_TOKENS,
        help_text="The most an answer has where a call does not say; held, and sent upstream. Empty: the maximum.",
    )
    image_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="The most a picture counts as. Empty: a call with one is held at the whole context window.",
    )
    modalities = ArrayField(
        models.CharField(max_length=16, choices=Modality.choices), default=list, blank=True, help_text="In and out."
    )
    licence = models.CharField(max_length=200, blank=True, help_text="An SPDX name, or where the terms are found.")
    base_model = models.CharField(max_length=200, blank=True, help_text="What it was made from.")
    adapter = models.CharField(max_length=200, blank=True, help_text="Of fine-tuning, with its version.")
    quantization = models.CharField(max_length=64, blank=True, help_text="Such as Q4_K_M or fp8. Empty: none known.")
    training_data = models.CharField(
        max_length=500, blank=True, help_text="Where it is said what the model was trained on."
    )
    fingerprint = VectorField(dimensions=FINGERPRINT_DIMENSIONS, null=True, editable=False)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="model_slug_is_unique"),
            models.UniqueConstraint(fields=["organization", "id"], name="model_in_organization"),
            models.CheckConstraint(
                condition=Q(max_output_tokens__lte=models.F("context_window")), name="model_output_fits_its_window"
            ),
            models.CheckConstraint(
                condition=Q(
                    life=Life.REGISTERED,
                    deprecated_at__isnull=True,
                    sunset_at__isnull=True,
                    successor__isnull=True,
                    deprecation_reason="",
                )
                | (
                    Q(
                        life__in=[Life.DEPRECATED, Life.RETIRED],
                        deprecated_at__isnull=False,
                        sunset_at__isnull=False,
                        sunset_at__gte=models.F("deprecated_at"),
                    )
                    & ~Q(deprecation_reason="")
                ),
                name="model_ends_as_announced",
            ),
            models.CheckConstraint(condition=~Q(successor=models.F("id")), name="model_does_not_succeed_itself"),
            models.CheckConstraint(
                condition=Q(usual_output_tokens__isnull=True) | Q(usual_output_tokens__gte=1),
                name="model_usually_answers",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class Deployment(Suspendable):
    """A model at an endpoint in a region."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="deployments")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="deployments")
    upstream_model = models.CharField(max_length=200, help_text="The model's name at the provider.")
    region = models.CharField(max_length=32, validators=[LABEL], help_text="Where the prompts go, such as eu or us.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Lower is tried first.")

    class Meta:
        ordering = ["model__slug", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "upstream_model", "region", "model"], name="deployment_is_unique"
            ),
            models.UniqueConstraint(fields=["organization", "id"], name="deployment_in_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.model} at {self.provider} ({self.region})"

    @property
    def place(self) -> str:
        """What it is called among the deployments of its model."""
        return f"{self.upstream_model} at {self.provider} ({self.region})"


class Route(TeamOwned):
    """A name applications call that stands for an order of deployments, the later ones as fallbacks."""

    slug = models.CharField(max_length=200, validators=[SLUG])
    description = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="route_slug_is_unique"),
            models.UniqueConstraint(fields=["organization", "id"], name="route_in_organization"),
        ]

    def __str__(self) -> str:
        return self.slug


class RouteCandidate(TenantOwned):
    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="candidates")
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="route__team_id")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["route", "deployment"], name="route_candidate_is_unique"),
            models.UniqueConstraint(fields=["route", "position"], name="route_candidate_position_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.deployment}"
