"""Organisation, teams, projects, memberships, keys, budgets and rate limits over the management API."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.secrets import IssuedSecret
from tenants.models import ApiKey, Budget, Membership, Organization, Period, Project, RateLimit, Role, Team
from tenants.rest import serializers as wire
from tenants.rest.base import ScopedViewSet
from tenants.services import allotments, api_keys, organizations, people
from tenants.services.allotments import Level, Narrowed, Terms
from tenants.services.organizations import INHERIT, Defaults, Limits, Settings


class OrganizationViewSet(ScopedViewSet[Organization]):
    """The organisation of the session or token."""

    model = Organization
    serializer_class = wire.OrganizationShown

    @extend_schema(request=wire.OrganizationChanged, responses=wire.OrganizationShown)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Changes settings. Needs a one-time password."""
        organization = self.get_object()
        entered = {**_settings_of(organization), **self.taken(wire.OrganizationChanged)}
        changed = organizations.change(
            actor=self.actor,
            organization=organization,
            settings=Settings(
                name=entered["name"],
                time_zone=entered["time_zone"],
                cors_origins=entered["cors_origins"],
                defaults=Defaults(
                    entered["default_monthly_budget_usd"],
                    Limits(
                        entered["default_requests_per_minute"],
                        entered["default_tokens_per_minute"],
                        entered["default_concurrency"],
                    ),
                ),
            ),
        )
        return Response(self.shown(changed))


class TeamViewSet(ScopedViewSet[Team]):
    model = Team
    serializer_class = wire.TeamShown
    search_fields = ["name", "slug"]
    filters_by = {"slug": "slug"}

    @extend_schema(request=wire.TeamTaken, responses={201: wire.TeamShown})
    def create(self, request: Request) -> Response:
        entered = self.taken(wire.TeamTaken)
        team = organizations.create_team(
            actor=self.actor,
            name=entered["name"],
            slug=entered["slug"],
            monthly_budget_nano_usd=entered.get("monthly_budget_usd", INHERIT),
            now=clock.now(),
        )
        return Response(self.shown(team), status=status.HTTP_201_CREATED)


class ProjectViewSet(ScopedViewSet[Project]):
    model = Project
    serializer_class = wire.ProjectShown
    search_fields = ["name", "slug"]
    filters_by = {"team": "team_id", "slug": "slug"}

    @extend_schema(request=wire.ProjectTaken, responses={201: wire.ProjectShown})
    def create(self, request: Request) -> Response:
        entered = self.taken(wire.ProjectTaken)
        project = organizations.create_project(
            actor=self.actor,
            team=entered["team"],
            name=entered["name"],
            slug=entered["slug"],
            monthly_budget_nano_usd=entered.get("monthly_budget_usd", INHERIT),
            now=clock.now(),
        )
        return Response(self.shown(project), status=status.HTTP_201_CREATED)

    @extend_schema(request=wire.PlaceTaken, responses=wire.ProjectShown)
    @action(detail=True, methods=["put"])
    def region(self, request: Request, pk: str) -> Response:
        """Says where the application runs, which approvals may depend on. Takes an administrator with `X-OTP`."""
        project, entered = self.get_object(), self.taken(wire.PlaceTaken)
        organizations.place_project(actor=self.actor, project=project, region=entered["region"])
        return Response(self.shown(self.get_object()))


class MembershipViewSet(ScopedViewSet[Membership]):
    model = Membership
    serializer_class = wire.MembershipShown
    view_act = "tenants.member.view"
    related = ("user",)
    search_fields = ["user__name", "user__email"]
    filters_by = {"team": "team_id", "role": "role", "user": "user_id"}

    @extend_schema(request=wire.MembershipTaken, responses={201: wire.MembershipShown})
    def create(self, request: Request) -> Response:
        """A person who is new gets a first password, which this answer alone carries."""
        entered = self.taken(wire.MembershipTaken)
        membership, password = people.admit(
            actor=self.actor,
            email=entered["email"],
            name=entered["name"],
            role=Role(entered["role"]),
            team=entered["team"],
            now=clock.now(),
        )
        return Response({**self.shown(membership), "first_password": password}, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        people.end_membership(actor=self.actor, membership=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ApiKeyViewSet(ScopedViewSet[ApiKey]):
    model = ApiKey
    serializer_class = wire.ApiKeyShown
    view_act = "tenants.api_key.view"
    prefetched = ("secrets",)
    search_fields = ["name", "prefix"]
    filters_by = {"team": "team_id", "project": "project_id", "prefix": "prefix"}

    @extend_schema(request=wire.ApiKeyTaken, responses={201: wire.ApiKeyIssued})
    def create(self, request: Request) -> Response:
        """Issues a key. Its secret is in this answer and nowhere else."""
        entered = self.taken(wire.ApiKeyTaken)
        chosen: dict[str, Any] = {"scopes": sorted(entered["scopes"])} if "scopes" in entered else {}
        terms = api_keys.Terms(
            networks=entered["networks"],
            max_data_class=entered["max_data_class"],
            expires_at=entered["expires_at"],
            **chosen,
        )
        key, issued = api_keys.issue(
            actor=self.actor, project=entered["project"], name=entered["name"], now=clock.now(), terms=terms
        )
        return self._issued(key, issued, status.HTTP_201_CREATED)

    @extend_schema(request=wire.RotationTaken, responses=wire.ApiKeyIssued)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """A further secret; the present one stays good for the overlap."""
        key, entered = self.get_object(), self.taken(wire.RotationTaken)
        overlap = timedelta(seconds=entered["overlap_seconds"])
        issued = api_keys.rotate(actor=self.actor, key=key, now=clock.now(), overlap=overlap)
        return self._issued(self.get_object(), issued, status.HTTP_200_OK)

    @extend_schema(request=None, responses=wire.ApiKeyShown)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Ends a key for good. Again changes nothing."""
        api_keys.revoke(actor=self.actor, key=self.get_object(), now=clock.now())
        return Response(self.shown(self.get_object()))

    def _issued(self, key: ApiKey, issued: IssuedSecret, code: int) -> Response:
        return Response({**self.shown(key), "secret": issued.text}, status=code)


class BudgetViewSet(ScopedViewSet[Budget]):
    model = Budget
    serializer_class = wire.BudgetShown
    view_act = "audit.spend.view"
    search_fields = ["name"]
    filters_by = {
        "team": "team_id",
        "project": "project_id",
        "api_key": "api_key_id",
        "each": "each",
        "period": "period",
        "model": "model",
        "use_case": "use_case",
        "tag": "tag",
    }

    @extend_schema(request=wire.BudgetTaken, responses={201: wire.BudgetShown})
    def create(self, request: Request) -> Response:
        entered = self.taken(wire.BudgetTaken)
        budget = allotments.add_budget(
            actor=self.actor,
            name=entered["name"],
            limit_nano_usd=entered["limit_usd"],
            period=Period(entered["period"]),
            level=_level(entered),
            each=entered["each"],
            narrowed=Narrowed(entered["use_case"], entered["model"], entered["tag"]),
            terms=_terms(Terms(), entered),
            now=clock.now(),
        )
        return Response(self.shown(budget), status=status.HTTP_201_CREATED)

    @extend_schema(request=wire.BudgetChanged, responses=wire.BudgetShown)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Raises or lowers the ceiling, or changes what the budget does; what is absent stays."""
        budget, entered = self.get_object(), self.taken(wire.BudgetChanged)
        changed = allotments.change_budget(
            actor=self.actor,
            budget=budget,
            limit_nano_usd=entered.get("limit_usd", budget.limit_nano_usd),
            terms=_terms(Terms.of(budget), entered),
        )
        return Response(self.shown(changed))


class RateLimitViewSet(ScopedViewSet[RateLimit]):
    model = RateLimit
    serializer_class = wire.RateLimitShown
    view_act = "audit.spend.view"
    filters_by = {"team": "team_id", "project": "project_id", "api_key": "api_key_id", "each": "each"}

    @extend_schema(request=wire.RateLimitTaken, responses=wire.RateLimitShown)
    @action(detail=False, methods=["put"], url_path="level")
    def level(self, request: Request) -> Response:
        """Sets the limits of a level, in place of those it had; the same again changes nothing."""
        entered = self.taken(wire.RateLimitTaken)
        row = allotments.set_limits(
            actor=self.actor, limits=Limits.of(entered), level=_level(entered), each=entered["each"], now=clock.now()
        )
        return Response(self.shown(row))


def _terms(terms: Terms, entered: dict[str, Any]) -> Terms:
    """The terms with what was given instead."""
    given = {"per_request_nano_usd" if name == "per_request_usd" else name: value for name, value in entered.items()}
    return replace(terms, **{field.name: given[field.name] for field in fields(Terms) if field.name in given})


def _level(entered: dict[str, Any]) -> Level:
    return Level.of(entered["api_key"] or entered["project"] or entered["team"])


def _settings_of(row: Organization) -> dict[str, Any]:
    """The settings as they are, under the names of the wire."""
    amount = row.default_monthly_budget_nano_usd
    names = wire.OrganizationChanged().get_fields()
    return {name: amount if name.endswith("_usd") else getattr(row, name) for name in names}
