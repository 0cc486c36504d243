"""Rows by the names that documents call them by, within the scope. Each raises `errors.InvalidRequest` for none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model as DjangoModel
from django.db.models import QuerySet

from governance.models import Deployment, Model, Provider, UseCase
from kit import errors
from tenants.models import ApiKey, Project, Team, User
from tenants.services.allotments import Level

Row = TypeVar("Row", bound=DjangoModel)


def team(slug: str) -> Team:
    return _one(f"team {slug}", Team.objects.filter(slug=slug))


def project(team_slug: str, slug: str) -> Project:
    return _one(f"project {team_slug}/{slug}", Project.objects.filter(team__slug=team_slug, slug=slug))


def key(team_slug: str, project_slug: str, name: str) -> ApiKey:
    rows = ApiKey.objects.filter(
        project__team__slug=team_slug, project__slug=project_slug, name=name, revoked_at__isnull=True
    )
    return _one(f"API key {name}", rows.select_related("team", "project"))


def person(email: str) -> User:
    """Somebody of the organisation."""
    return _one(f"member {email}", User.objects.filter(email=email, memberships__isnull=False).distinct())


def provider(name: str) -> Provider:
    return _one(f"provider {name}", Provider.objects.filter(name=name))


def model(slug: str) -> Model:
    return _one(f"model {slug}", Model.objects.filter(slug=slug))


def use_case(slug: str) -> UseCase:
    return _one(f"use case {slug}", UseCase.objects.filter(slug=slug))


def deployment(named: Mapping[str, Any]) -> Deployment:
    rows = Deployment.objects.filter(
        model__slug=named["model"],
        provider__name=named["provider"],
        upstream_model=named["upstream_model"],
        region=named["region"],
    )
    return _one(f"deployment of {named['model']} at {named['provider']} in {named['region']}", rows)


def level(entry: Mapping[str, Any]) -> Level:
    """Where a budget or limit binds."""
    of_team, of_project, of_key = entry["team"], entry["project"], entry["key"]
    if (of_key and not of_project) or (of_project and not of_team):
        raise errors.InvalidRequest("A key is named with its project, and a project with its team.")
    if of_key:
        return Level.of(key(of_team, of_project, of_key))
    if of_project:
        return Level.of(project(of_team, of_project))
    return Level.of(team(of_team) if of_team else None)


def level_of(row: Any) -> dict[str, str | None]:
    """The same the other way round, of a budget or limit."""
    return {
        "team": row.team.slug if row.team else None,
        "project": row.project.slug if row.project else None,
        "key": row.api_key.name if row.api_key else None,
        "each": row.each or None,
    }


def _one(named: str, rows: QuerySet[Row]) -> Row:
    found = list(rows[:2])
    if len(found) != 1:
        raise errors.InvalidRequest(f"There is no {named}." if not found else f"There are several: {named}.")
    return found[0]
