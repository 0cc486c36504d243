"""What the last 30 days cost, and where less would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from audit.usage import rollups
from governance.models import UseCase
from kit import clock, money
from kit.context import Actor
from portal import export
from portal.capacities import Capacity
from portal.export import Cell, Table
from portal.savings.cache import Cached, cached
from portal.savings.cheaper import Hint, cheaper
from portal.savings.gpu import Charged, charged
from portal.savings.idle import idle
from portal.savings.mix import Share, mix
from portal.savings.prices import Priced, priced
from portal.savings.used import Used, last_30_days
from portal.screens.guard import screen
from tenants.models import ApiKey, Organization, Team

_KEYS_SHOWN = 50


@screen("audit.spend.view")
def show(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    now = clock.now()
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    as_of, used = rollups.as_of(), last_30_days(now, capacity.organization.time_zone)
    looked = _Looked(used, priced(used, now), capacity.organization, now, actor.may("tenants.api_key.view"))
    if export.is_wanted(request):
        return export.download(request, looked.table(request.GET.get("table", "")))
    caches, keys = looked.caches(), looked.keys()
    context = {
        "used": used,
        "as_of": as_of,
        "mix": looked.mix(),
        "caches": [row for row in caches if row.cached_input_tokens],
        "cache_saved": sum(row.saved_nano_usd for row in caches),
        "gpus": looked.gpus(),
        "hints": looked.hints(),
        "teams": looked.teams,
        "use_cases": looked.use_cases,
        "sees_keys": looked.sees_keys,
        "keys": keys[:_KEYS_SHOWN],
        "idle_keys": len(keys),
        "may_revoke": actor.may("tenants.api_key.manage"),
    }
    return render(request, "portal/operations/savings.html", context)


class _Looked:
    """The parts of the page, each as rows and as a file."""

    def __init__(self, used: Used, prices: Priced, organization: Organization, now: datetime, sees_keys: bool) -> None:
        self.used, self.prices, self.organization, self.now, self.sees_keys = used, prices, organization, now, sees_keys
        self.teams: dict[UUID, str] = dict(Team.objects.values_list("id", "name"))
        self.use_cases: dict[UUID, str] = dict(UseCase.objects.values_list("id", "slug"))

    def mix(self) -> list[Share]:
        return mix(self.used)

    def caches(self) -> list[Cached]:
        return cached(self.used, self.prices)

    def gpus(self) -> list[Charged]:
        return charged(self.used, self.prices)

    def hints(self) -> list[Hint]:
        return cheaper(self.used, self.prices, self.organization, self.now)

    def keys(self) -> list[ApiKey]:
        return list(idle(self.used, self.now)) if self.sees_keys else []

    def table(self, name: str) -> Table:
        tables: dict[str, tuple[list[str], Callable[[], Iterator[list[Cell]]]]] = {
            "model-mix": (["Model", "Requests", "Tokens", "Cost, USD"], self._mix),
            "cache": (["Deployment", "Input tokens", "Of them cached", "Cost, USD", "Saved, USD"], self._caches),
            "gpu": (["Deployment", "Team", "Requests", "Tokens", "Cost, USD", "Share, %"], self._gpus),
            "cheaper": (
                ["Project", "Use case", "Model", "Instead", "Requests", "Cost, USD", "Would cost, USD", "Saving, USD"],
                self._hints,
            ),
            "idle-keys": (["Key", "Prefix", "Team", "Project", "Made", "Last seen"], self._keys),
        }
        if name not in tables:
            raise Http404
        columns, rows = tables[name]
        return Table(name, columns, rows())

    def _mix(self) -> Iterator[list[Cell]]:
        for row in self.mix():
            yield [row.model, row.requests, row.tokens, money.to_usd(row.nano_usd)]

    def _caches(self) -> Iterator[list[Cell]]:
        for row in self.caches():
            spent, saved = money.to_usd(row.nano_usd), money.to_usd(row.saved_nano_usd)
            if row.cached_input_tokens:
                yield [str(row.deployment), row.input_tokens, row.cached_input_tokens, spent, saved]

    def _gpus(self) -> Iterator[list[Cell]]:
        for row in self.gpus():
            team, cost = self.teams.get(row.team_id, "") if row.team_id else "", money.to_usd(row.nano_usd)
            yield [str(row.deployment), team, row.requests, row.tokens, cost, Decimal(row.per_mille) / 10]

    def _hints(self) -> Iterator[list[Cell]]:
        for row in self.hints():
            use_case = self.use_cases.get(row.use_case_id, "") if row.use_case_id else ""
            amounts = (row.nano_usd, row.would_nano_usd, row.saving_nano_usd)
            about: list[Cell] = [str(row.project), use_case, row.model.slug, str(row.instead), row.requests]
            yield [*about, *map(money.to_usd, amounts)]

    def _keys(self) -> Iterator[list[Cell]]:
        for key in self.keys():
            seen_at: datetime | None = getattr(key, "seen_at", None)
            yield [key.name, key.prefix, key.team.name, key.project.name, key.created_at, seen_at]
