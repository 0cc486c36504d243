"""Who: the organisation, its teams, projects and keys, what they may spend and how fast. People are not declared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from kit import errors
from portal.declared import forms, names
from portal.declared.section import Doing, Section, Values
from tenants.models import ApiKey, Budget, Organization, Project, RateLimit, Team
from tenants.models.money import CEILINGS
from tenants.services import allotments, api_keys, organizations
from tenants.services.allotments import Narrowed, Terms
from tenants.services.organizations import Defaults, Limits, Settings


class Organizations(Section):
    name, noun, form, key = "organization", "organisation", forms.OrganizationForm, ("slug",)
    is_single = True
    changing = frozenset(forms.OrganizationForm().fields) - {"slug"}

    def rows(self) -> Iterable[Organization]:
        return Organization.objects.all()

    def read(self, row: Organization) -> Values:
        return {
            "slug": row.slug,
            "name": row.name,
            "time_zone": row.time_zone,
            "cors_origins": row.cors_origins,
            "default_monthly_budget_usd": row.default_monthly_budget_nano_usd,
            "default_requests_per_minute": row.default_requests_per_minute,
            "default_tokens_per_minute": row.default_tokens_per_minute,
            "default_concurrency": row.default_concurrency,
        }

    def make(self, doing: Doing, entry: Values) -> None:
        raise errors.Conflict(f"The document is that of the organisation {entry['slug']}, which is not yours.")

    def change(self, doing: Doing, row: Organization, entry: Values) -> None:
        limits = Limits(
            entry["default_requests_per_minute"], entry["default_tokens_per_minute"], entry["default_concurrency"]
        )
        settings = Settings(
            name=entry["name"],
            time_zone=entry["time_zone"],
            cors_origins=entry["cors_origins"],
            defaults=Defaults(entry["default_monthly_budget_usd"], limits),
        )
        organizations.change(actor=doing.actor, organization=row, settings=settings)


class Teams(Section):
    name, noun, form, key = "teams", "team", forms.TeamForm, ("slug",)

    def rows(self) -> Iterable[Team]:
        return Team.objects.order_by("slug")

    def read(self, row: Team) -> Values:
        return {"slug": row.slug, "name": row.name}

    def make(self, doing: Doing, entry: Values) -> None:
        organizations.create_team(actor=doing.actor, now=doing.now, **entry)


class Projects(Section):
    name, noun, form, key = "projects", "project", forms.ProjectForm, ("team", "slug")
    changing = frozenset({"region"})

    def rows(self) -> Iterable[Project]:
        return Project.objects.select_related("team").order_by("team__slug", "slug")

    def read(self, row: Project) -> Values:
        return {"team": row.team.slug, "slug": row.slug, "name": row.name, "region": row.region}

    def make(self, doing: Doing, entry: Values) -> None:
        described = {name: value for name, value in entry.items() if name != "region"}
        described["team"] = names.team(entry["team"])
        project = organizations.create_project(actor=doing.actor, now=doing.now, **described)
        if entry["region"]:
            self.change(doing, project, entry)

    def change(self, doing: Doing, row: Project, entry: Values) -> None:
        organizations.place_project(actor=doing.actor, project=row, region=entry["region"])


class Keys(Section):
    """Its secret is handed out once, where the key is made."""

    name, noun, form, key = "keys", "API key", forms.KeyForm, ("team", "project", "name")
    view_act = "tenants.api_key.view"

    def rows(self) -> Iterable[ApiKey]:
        live = ApiKey.objects.filter(revoked_at__isnull=True).select_related("project__team")
        return live.order_by("project__team__slug", "project__slug", "name", "id")

    def read(self, row: ApiKey) -> Values:
        return {
            "team": row.project.team.slug,
            "project": row.project.slug,
            "name": row.name,
            "scopes": sorted(row.scopes),
            "networks": row.networks,
            "max_data_class": row.max_data_class,
            "expires_at": row.expires_at,
        }

    def differs(self, doing: Doing, row: ApiKey, entry: Values) -> list[str]:
        return super().differs(doing, row, {**entry, "scopes": sorted(entry["scopes"])} if "scopes" in entry else entry)

    def make(self, doing: Doing, entry: Values) -> None:
        terms = {name: entry[name] for name in ("scopes", "networks", "max_data_class", "expires_at")}
        _, issued = api_keys.issue(
            actor=doing.actor,
            project=names.project(entry["team"], entry["project"]),
            name=entry["name"],
            now=doing.now,
            terms=api_keys.Terms(**terms),
        )
        doing.secrets["/".join(str(part) for part in self.key_of(entry))] = issued.text


def _entered(name: str) -> str:
    """What a document calls a term of a budget: amounts are in USD there."""
    return name.replace("_nano_usd", "_usd")


def _terms(entry: Values) -> Terms:
    return Terms(**{field.name: entry[_entered(field.name)] for field in fields(Terms)})


class Budgets(Section):
    name, noun, form, key = "budgets", "budget", forms.BudgetForm, ("name", "team", "project", "key", "each")
    view_act = "audit.spend.view"
    changing = frozenset({"limit_usd", *(_entered(field.name) for field in fields(Terms))})

    def rows(self) -> Iterable[Budget]:
        live = Budget.objects.filter(is_active=True).select_related("team", "project", "api_key")
        return live.order_by("name", "id")

    def read(self, row: Budget) -> Values:
        return {
            **names.level_of(row),
            "name": row.name,
            "limit_usd": row.limit_nano_usd,
            "period": row.period,
            "use_case": row.use_case,
            "model": row.model,
            "tag": row.tag,
            **{_entered(name): value for name, value in asdict(Terms.of(row)).items()},
        }

    def make(self, doing: Doing, entry: Values) -> None:
        allotments.add_budget(
            actor=doing.actor,
            name=entry["name"],
            limit_nano_usd=entry["limit_usd"],
            period=entry["period"],
            level=names.level(entry),
            each=entry["each"] or "",
            narrowed=Narrowed(entry["use_case"], entry["model"], entry["tag"]),
            terms=_terms(entry),
            now=doing.now,
        )

    def change(self, doing: Doing, row: Budget, entry: Values) -> None:
        allotments.change_budget(actor=doing.actor, budget=row, limit_nano_usd=entry["limit_usd"], terms=_terms(entry))


class RateLimits(Section):
    name, noun, form, key = "rate_limits", "rate limit", forms.RateLimitForm, ("team", "project", "key", "each")
    view_act = "audit.spend.view"
    changing = frozenset(CEILINGS)

    def rows(self) -> Iterable[RateLimit]:
        found = RateLimit.objects.select_related("team", "project", "api_key")
        return found.order_by("team__slug", "project__slug", "api_key__name", "id")

    def read(self, row: RateLimit) -> Values:
        return {
            **names.level_of(row),
            **{name: getattr(row, name) for name in CEILINGS},
        }

    def make(self, doing: Doing, entry: Values) -> None:
        allotments.set_limits(
            actor=doing.actor,
            limits=Limits.of(entry),
            level=names.level(entry),
            each=entry["each"] or "",
            now=doing.now,
        )

    def change(self, doing: Doing, row: Any, entry: Values) -> None:
        self.make(doing, entry)
