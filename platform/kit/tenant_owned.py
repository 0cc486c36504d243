"""Abstract models: a UUIDv7 key for everyone, and an owner for what belongs to a tenant."""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeVar

from django.db import models

from kit import scoping
from kit.ids import new_id

_Row = TypeVar("_Row", bound=models.Model, covariant=True)


class Identified(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True


class ScopedManager(models.Manager[_Row]):
    """Only the entered scope's rows; `kit.scoping.NoTenant` where none is entered.

    `organization` and `team` name the columns that own a row; `team=None` means the table is shared
    by the organisation's teams.
    """

    def __init__(self, *, organization: str = "organization_id", team: str | None = None) -> None:
        super().__init__()
        self._organization = organization
        self._team = team

    def get_queryset(self) -> models.QuerySet[_Row]:
        scope = scoping.current()
        rows = super().get_queryset().filter(**{self._organization: scope.organization_id})
        if self._team and scope.team_ids is not None:
            rows = rows.filter(
                models.Q(**{f"{self._team}__isnull": True}) | models.Q(**{f"{self._team}__in": scope.team_ids})
            )
        return rows


class TenantOwned(Identified):
    """A row of one organisation. `objects` is scoped; `across_tenants` is not, and row-level security decides."""

    organization = models.ForeignKey("tenants.Organization", on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[ScopedManager[Self]] = ScopedManager()
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        abstract = True


class TeamOwned(TenantOwned):
    """A row of one team; one without a team is shared by the whole organisation."""

    team = models.ForeignKey("tenants.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")
    across_tenants: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        abstract = True


def owned_models(models_of_apps: list[Any]) -> list[type[TenantOwned]]:
    """Those of the given models that belong to a tenant; the isolation tests walk them."""
    return [model for model in models_of_apps if issubclass(model, TenantOwned)]
