"""What applications authenticate with: API keys, and identity providers whose tokens are accepted."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kit.data_class import DataClass
from kit.tenant_owned import ScopedManager, TenantOwned
from tenants.models.choices import Scope
from tenants.models.organization import Project, Team


def default_scopes() -> list[str]:
    return [Scope.INFERENCE.value, Scope.MODELS_READ.value]


def default_algorithms() -> list[str]:
    return ["RS256", "ES256"]


class Credential(TenantOwned):
    """What every way of authenticating as a project has in common."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    scopes = ArrayField(models.CharField(max_length=64, choices=Scope.choices), default=default_scopes)
    networks = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="Networks in CIDR form from which it may be used. Empty: from anywhere.",
    )
    max_data_class = models.PositiveSmallIntegerField(choices=DataClass.choices(), default=DataClass.CONFIDENTIAL)
    created_at = models.DateTimeField(editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")

    class Meta:
        abstract = True


class ApiKey(Credential):
    """A virtual key of a project. Its secrets are rows of their own, so that they can overlap in a rotation."""

    prefix = models.CharField(max_length=32, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="api_key_in_organization")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def is_live(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class ApiKeySecret(TenantOwned):
    """One secret of a key, by its digest. Rotation adds a new one and gives the old one an end."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="secrets")
    digest = models.BinaryField(unique=True)
    pepper_number = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="api_key__team_id")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"secret of {self.created_at:%Y-%m-%d}"


class IdentityProvider(Credential):
    """An issuer whose signed tokens (JWT, RFC 7519) authenticate an application as a project.

    `jwks` is the issuer's public key set (RFC 7517), pasted in: nothing is fetched. The end user of a call
    is the token's `sub`.
    """

    issuer = models.CharField(max_length=500)
    audience = models.CharField(max_length=500)
    algorithms = ArrayField(models.CharField(max_length=16), default=default_algorithms)
    jwks = models.JSONField()

    class Meta:
        ordering = ["name"]
        constraints = [
            # Across organisations: a token calls as one project.
            models.UniqueConstraint(
                fields=["issuer", "audience"],
                condition=models.Q(revoked_at__isnull=True),
                name="identity_provider_issuer_and_audience",
            ),
            models.UniqueConstraint(fields=["organization", "id"], name="identity_provider_in_organization"),
        ]

    def __str__(self) -> str:
        return self.name
