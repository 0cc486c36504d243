"""How the models run: traffic, failures and times, and where less would cost as much. All of it in the query string."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from audit.usage.operations import By
from governance.models import Provider
from kit import clock
from kit.context import Actor
from portal import charts, export
from portal.capacities import Capacity
from portal.operations import SPANS, Figures, Seen, day, seen
from portal.screens.guard import screen
from portal.screens.saved_views import with_default

_BY: dict[str, tuple[str, By]] = {
    "provider": ("Provider", "provider_id"),
    "deployment": ("Deployment", "deployment_id"),
    "model": ("Model", "model"),
}


class Filters(forms.Form):
    span = forms.ChoiceField(required=False, label="When", choices=[(name, span.label) for name, span in SPANS.items()])
    day = forms.DateField(required=False, label="Or a day", widget=forms.DateInput(attrs={"type": "date"}))
    by = forms.ChoiceField(required=False, choices=[(name, label) for name, (label, _) in _BY.items()])
    provider = forms.ChoiceField(required=False)
    model = forms.CharField(required=False, max_length=200)
    usual: ClassVar[dict[str, str]] = {"span": "24h", "day": "", "by": "provider", "provider": "", "model": ""}

    def __init__(self, data: Any) -> None:
        super().__init__({**self.usual, **{name: data[name] for name in self.usual if data.get(name)}})
        choice = self.fields["provider"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", "any"), *((str(row.id), row.name) for row in Provider.objects.all())]

    def chosen(self) -> dict[str, str]:
        """What is not valid is as usual, and the form says so."""
        self.is_valid()
        return {**self.usual, **{name: str(value) for name, value in self.cleaned_data.items() if value}}


@screen("audit.spend.view")
@with_default("operations")
def show(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    filters = Filters(request.GET)
    chosen = filters.chosen()
    label, group_by = _BY[chosen["by"]]
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    span, ends = SPANS[chosen["span"]], None
    if chosen["day"]:
        span, ends = day(date.fromisoformat(chosen["day"]), capacity.organization.time_zone)
    found = seen(span, group_by, _narrowed(chosen), clock.now(), ends)
    if export.is_wanted(request):
        return export.download(request, _table(found, label))
    context = {
        "filters": filters,
        "label": label,
        "seen": found,
        "rows": [(row, _further(row, chosen, found), _traffic_of(row)) for row in found.rows],
        "traffic": _traffic_of(found.together),
        "times": _times_of(found.together),
        "is_narrowed": any(chosen[name] for name in ("day", "provider", "model")),
        "is_of_teams": actor.team_ids is not None,
    }
    return render(request, "portal/operations/show.html", context)


def _narrowed(chosen: dict[str, str]) -> dict[By, Any]:
    wanted: dict[By, Any] = {}
    if chosen["provider"]:
        wanted["provider_id"] = UUID(chosen["provider"])
    if chosen["model"]:
        wanted["model"] = chosen["model"]
    return wanted


def _further(row: Figures, chosen: dict[str, str], found: Seen) -> str:
    """One level down: a provider's or model's deployments, a deployment's requests."""
    if chosen["by"] == "deployment":
        bounds = {"since": _minute(found.since), "until": _minute(found.until)}
        return f"{reverse('requests')}?{urlencode({**bounds, 'deployment': row.group})}"
    return f"?{urlencode({**chosen, 'by': 'deployment', chosen['by']: row.group})}"


def _traffic_of(figures: Figures) -> str:
    columns = [
        (
            f"{_clock(slice.starts_at)}: {slice.requests:,} requests, {slice.failed:,} failed",
            slice.requests,
            slice.failed,
        )
        for slice in figures.slices
    ]
    return charts.bars(f"{figures.name}: requests over time, failed ones marked", columns)


def _times_of(figures: Figures) -> str:
    points = [(f"{_clock(slice.starts_at)}: {slice.p95_ms or 0:,.0f} ms", slice.p95_ms) for slice in figures.slices]
    return charts.line("Time until the whole answer over time, 95th percentile", points)


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%d %b %H:%M}"


def _minute(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%dT%H:%M}"


def _table(found: Seen, label: str) -> export.Table:
    columns = [
        label,
        "Requests",
        "Requests per second",
        "Busiest, per second",
        "Failed",
        "Error rate, %",
        "Available, %",
    ]
    times = ["p50, ms", "p95, ms", "p99, ms", "First event p50, ms", "First event p95, ms"]
    return export.Table(f"operations-{found.span.name}", columns + times, _cells(found))


def _cells(found: Seen) -> Iterator[list[export.Cell]]:
    for row in (*found.rows, found.together):
        yield [
            row.name,
            row.requests,
            Decimal(f"{row.per_second:.3f}"),
            Decimal(f"{row.busiest_per_second:.3f}"),
            row.failed,
            _percent(row.error_rate),
            _percent(row.available),
            *(None if value is None else round(value) for value in (*row.percentiles, *row.first_percentiles)),
        ]


def _percent(share: float | None) -> Decimal | None:
    return None if share is None else Decimal(f"{100 * share:.2f}")
