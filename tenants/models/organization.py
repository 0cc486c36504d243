"""Organisations, and the teams and projects inside them."""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Self
from zoneinfo import available_timezones

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from kit.tenant_owned import Identified, ScopedManager, TenantOwned

REGION = RegexValidator(r"^[A-Za-z0-9_.:/+-]+$", "Letters, digits and _ . : / + - only: it goes on record as it is.")


@cache
def _time_zones() -> frozenset[str]:
    """Read from the disk once: it takes longer than all else that is checked of an organisation."""
    return frozenset(available_timezones())


def known_time_zone(name: str) -> None:
    if name not in _time_zones():
        raise ValidationError("Not a time zone of the IANA database.")


class Organization(Identified):
    """A tenant. Nothing of one organisation is visible to another.

    The `default_*` fields are copied to new teams and projects; empty means that they start without one.
    """

    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)
    region = models.CharField(max_length=32, default="eu", help_text="Where its data is at home, such as eu or us.")
    time_zone = models.CharField(max_length=64, default="UTC", validators=[known_time_zone])
    cors_origins = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="Origins whose pages may call the inference API from a browser. None by default.",
    )
    default_monthly_budget_nano_usd = models.BigIntegerField(null=True, blank=True)
    default_requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    default_tokens_per_minute = models.PositiveIntegerField(null=True, blank=True)
    default_concurrency = models.PositiveIntegerField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(organization="id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        verbose_name = "organisation"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Team(TenantOwned):
    """Isolated from its sister teams like a tenant, unless something is shared on purpose."""

    name = models.CharField(max_length=200)
    slug = models.SlugField()
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="id")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="team_slug_is_unique"),
            models.UniqueConstraint(fields=["organization", "id"], name="team_in_organization"),
        ]

    def __str__(self) -> str:
        return self.name


class Project(TenantOwned):
    """An application or piece of work of one team; keys belong to projects."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=200)
    slug = models.SlugField()
    region = models.CharField(
        max_length=32,
        blank=True,
        default="",
        validators=[REGION],
        help_text="Where the application runs, such as eu or us. Empty: where the organisation is at home.",
    )
    created_at = models.DateTimeField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "slug"], name="project_slug_is_unique"),
            models.UniqueConstraint(fields=["organization", "id"], name="project_in_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.team} / {self.name}"
