"""Budgets and rate limits."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from kit import clock, money
from tenants.acting import actor_of
from tenants.admin.base import GovernedAdmin, GovernedForm
from tenants.admin.fields import UsdField
from tenants.models import ApiKey, Budget, Period, Project, RateLimit, Team
from tenants.services import allotments
from tenants.services.allotments import Level, Narrowed, Terms
from tenants.services.organizations import Limits

_LEVEL = (
    "Where it binds",
    {
        "fields": ["team", "project", "api_key", "each"],
        "description": "The narrowest one given. None: the whole organisation.",
    },
)
_NARROWED = (
    "Only some calls",
    {"fields": ["use_case", "model", "tag"], "description": "Empty: every call that it binds."},
)
_TERMS: list[tuple[str, Any]] = [
    ("When a call does not fit", {"fields": ["at_stop", "downgrade_model", "downgrade_at_percent"]}),
    ("Calls", {"fields": ["per_request", "expected_requests", "thresholds"]}),
]
_CEILINGS: list[tuple[str, Any]] = [
    (title, {"fields": [f"{quantity}_per_{window}" for window in ("minute", "hour", "day")]})
    for quantity, title in [
        ("requests", "Requests"),
        ("input_tokens", "Input tokens"),
        ("output_tokens", "Output tokens"),
        ("tokens", "Tokens of both together"),
    ]
] + [("Calls under way at once", {"fields": ["concurrency"]})]
_EMPTY_IS_NONE = "Empty: no limit of that kind."


class LevelForm(GovernedForm):
    def clean(self) -> dict[str, Any] | None:
        """A key's project and team, and a project's team, follow from it; naming others is an error."""
        cleaned = super().clean() or {}
        if not self.instance._state.adding:
            return cleaned
        bound = cleaned.get("api_key") or cleaned.get("project") or cleaned.get("team")
        level = Level.of(bound)
        for name, implied in [("team", level.team), ("project", level.project)]:
            named = cleaned.get(name)
            if named is not None and named != implied:
                self.add_error(name, f"{bound} belongs to {implied or 'no project'}.")
        return cleaned | {"team": level.team, "project": level.project}


class BudgetForm(LevelForm):
    limit = UsdField(label="Limit, USD")
    per_request = UsdField(required=False, label="Most for one call, USD", help_text="Empty: no ceiling for one call.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["limit"] = self.instance.limit_nano_usd
            self.initial["per_request"] = self.instance.per_request_nano_usd


@admin.register(Budget)
class BudgetAdmin(GovernedAdmin[Budget]):
    purpose = "A ceiling on spend. Every budget that binds a call holds at once; one that does not fit refuses it."
    form = BudgetForm
    can_enter = can_amend = True
    list_display = ["name", "covers", "ceiling", "period", "at_stop", "is_active"]
    list_filter = ["period", "at_stop", "each", "team", "is_active"]
    list_select_related = ["team", "project__team", "api_key", "organization"]
    search_fields = ["name", "team__name", "project__name"]
    add_fieldsets = [(None, {"fields": ["name", "limit", "period"]}), _LEVEL, _NARROWED, *_TERMS]
    fieldsets = [(None, {"fields": ["name", "limit", "period", "covers", "is_active", "created_at"]}), *_TERMS]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name", "period", "covers", "is_active", "created_at"] if obj else []

    @admin.display(description="Binds")
    def covers(self, row: Budget) -> str:
        return row.covers

    @admin.display(description="Limit", ordering="limit_nano_usd")
    def ceiling(self, row: Budget) -> str:
        return money.display(row.limit_nano_usd)

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> Budget:
        return allotments.add_budget(
            actor=actor_of(request),
            name=entered["name"],
            limit_nano_usd=entered["limit"],
            period=Period(entered["period"]),
            level=_level(entered),
            each=entered["each"],
            narrowed=Narrowed(entered["use_case"], entered["model"], entered["tag"]),
            terms=_terms(entered),
            now=clock.now(),
        )

    def amend(self, request: HttpRequest, row: Budget, entered: dict[str, Any]) -> Budget:
        return allotments.change_budget(
            actor=actor_of(request), budget=row, limit_nano_usd=entered["limit"], terms=_terms(entered)
        )


@admin.register(RateLimit)
class RateLimitAdmin(GovernedAdmin[RateLimit]):
    purpose = (
        "Ceilings on requests and tokens a minute, hour and day, and on calls under way at once. Of a level's own and "
        "those for each of its kind the narrowest counts."
    )
    form = LevelForm
    can_enter = can_amend = True
    list_display = ["bound", "requests", "tokens", "concurrency"]
    list_filter = ["each", "team"]
    list_select_related = ["team", "project__team", "api_key", "organization"]
    search_fields = ["team__name", "project__name", "api_key__prefix"]
    add_fieldsets = [(None, {"fields": [], "description": _EMPTY_IS_NONE}), *_CEILINGS, _LEVEL]
    fieldsets = [(None, {"fields": ["bound"], "description": _EMPTY_IS_NONE}), *_CEILINGS]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["bound"] if obj else []

    @admin.display(description="Binds")
    def bound(self, row: RateLimit) -> str:
        return row.bound

    @admin.display(description="Requests")
    def requests(self, row: RateLimit) -> str:
        return _in_words(row, "requests")

    @admin.display(description="Tokens")
    def tokens(self, row: RateLimit) -> str:
        return _in_words(row, "tokens", "input_tokens", "output_tokens")

    def enter(self, request: HttpRequest, entered: dict[str, Any]) -> RateLimit:
        return self._set(request, entered, _level(entered), entered["each"])

    def amend(self, request: HttpRequest, row: RateLimit, entered: dict[str, Any]) -> RateLimit:
        return self._set(request, entered, Level(row.team, row.project, row.api_key), row.each)

    def _set(self, request: HttpRequest, entered: dict[str, Any], level: Level, each: str) -> RateLimit:
        limits = Limits.of(entered)
        return allotments.set_limits(actor=actor_of(request), limits=limits, level=level, each=each, now=clock.now())


def _in_words(row: RateLimit, *quantities: str) -> str:
    """`100 a minute, 1,000 an hour`; of tokens also `50 of input a day`."""
    windows = {"minute": "a minute", "hour": "an hour", "day": "a day"}
    of = {"input_tokens": " of input", "output_tokens": " of output"}
    named = [
        f"{ceiling:,}{of.get(quantity, '')} {window}"
        for quantity in quantities
        for name, window in windows.items()
        if (ceiling := getattr(row, f"{quantity}_per_{name}")) is not None
    ]
    return ", ".join(named) or "no limit"


def _terms(entered: dict[str, Any]) -> Terms:
    return Terms(
        thresholds=entered["thresholds"] or (),
        at_stop=entered["at_stop"],
        downgrade_model=entered["downgrade_model"],
        downgrade_at_percent=entered["downgrade_at_percent"],
        per_request_nano_usd=entered["per_request"],
        expected_requests=entered["expected_requests"],
    )


def _level(entered: dict[str, Any]) -> Level:
    bound: ApiKey | Project | Team | None = entered.get("api_key") or entered.get("project") or entered.get("team")
    return Level.of(bound)
