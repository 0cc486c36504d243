"""What of the list of requests is shown, as the query string says it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from audit.selectors import RequestFilter
from kit import money
from portal.readings import STATUSES
from portal.spend.dimensions import DIMENSIONS, NOTHING
from tenants.models import ApiKey, Project, Team

# Narrowed down to by links, not typed in: names of dimensions, by what addresses call them here.
FURTHER = {"key_id": "key"} | {
    name: name for name in DIMENSIONS if name not in ("team", "project", "key", "model", "outcome")
}
_DAY = timedelta(days=1)


class MomentInput(forms.DateInput):
    """A day is entered; a moment, which links give, can be changed."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["type"] = "datetime-local" if "T" in str(value) else "date"
        return context


class MomentField(forms.Field):
    """A day, or a moment of one (`2026-11-22T14:00`), in the organisation's time zone."""

    widget = MomentInput

    def to_python(self, value: Any) -> date | datetime | None:
        if not value:
            return None
        try:
            moment = parse_datetime(value) if "T" in value else parse_date(value)
        except ValueError:
            moment = None
        if moment is None:
            raise forms.ValidationError("Enter a day, such as 2026-11-22.")
        is_naive = isinstance(moment, datetime) and timezone.is_naive(moment)
        return timezone.make_aware(moment) if is_naive else moment  # type: ignore[arg-type]


class Filters(forms.Form):
    """Everything in the query string, so that a view of the list is a link."""

    since = MomentField(required=False, label="From")
    until = MomentField(required=False, label="To")
    team = forms.ChoiceField(required=False)
    project = forms.ChoiceField(required=False)
    key = forms.CharField(required=False, label="Key's prefix", max_length=32)
    model = forms.CharField(required=False, max_length=200)
    status = forms.ChoiceField(required=False, choices=[("", "any"), *STATUSES.items()])
    cost = forms.DecimalField(required=False, label="Cost from, USD", min_value=0, max_digits=12, decimal_places=9)
    before = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self._said: dict[str, Any] = data.dict()
        self._narrowed: dict[str, Any] = {}
        for name, rows in [("team", Team.objects.all()), ("project", Project.objects.select_related("team"))]:
            choice = self.fields[name]
            assert isinstance(choice, forms.ChoiceField)
            choice.choices = [("", "any"), (NOTHING, "none"), *((str(row.pk), str(row)) for row in rows)]

    def wanted(self) -> RequestFilter:
        """What is not valid is not filtered by, and the form says so."""
        self.is_valid()
        chosen, self._narrowed = self.cleaned_data, self._narrow()
        keys = None
        if chosen.get("key"):
            keys = frozenset(ApiKey.objects.filter(prefix__icontains=chosen["key"]).values_list("id", flat=True))
        settled: dict[str, Any] = {
            str(DIMENSIONS[FURTHER[name]].column or "subject_id"): value for name, value in self._narrowed.items()
        }
        settled |= {f"{name}_id": None for name in ("team", "project") if chosen.get(name) == NOTHING}
        return RequestFilter(
            since=_begin(chosen.get("since")),
            until=_end(chosen.get("until")),
            team_id=_uuid(chosen.get("team")),
            project_id=_uuid(chosen.get("project")),
            caller_ids=keys,
            model=chosen.get("model") or None,
            outcome=chosen.get("status") or None,
            min_cost_nano_usd=money.from_usd(chosen["cost"]) if chosen.get("cost") else None,
            settled=settled,
            tag=self._said.get("tag") or None,
        )

    def further(self) -> list[tuple[str, str, str, str]]:
        """What links narrowed it down by, once `wanted` is told: name and value in addresses, and for people."""
        shown = dict(self._narrowed)
        if self._said.get("tag"):
            shown["tag"] = self._said["tag"]
        told = [(name, DIMENSIONS[FURTHER[name]], value) for name, value in shown.items()]
        return [(name, each.written(value), each.title, each.called([value])[value]) for name, each, value in told]

    def _narrow(self) -> dict[str, Any]:
        narrowed: dict[str, Any] = {}
        for name, of in FURTHER.items():
            text = self._said.get(name)
            if text and of != "tag":
                try:
                    narrowed[name] = UUID(text) if of == "end_user" else DIMENSIONS[of].read(text)
                except ValueError:
                    self.add_error(None, f"{DIMENSIONS[of].title} is not understood, and not filtered by.")
        return narrowed


def _begin(at: date | datetime | None) -> datetime | None:
    """Midnight of a day, in the organisation's time zone."""
    if at is None or isinstance(at, datetime):
        return at
    return timezone.make_aware(datetime.combine(at, time()))


def _end(at: date | datetime | None) -> datetime | None:
    """Of a day its end."""
    return _begin(at if at is None or isinstance(at, datetime) else at + _DAY)


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text and text != NOTHING else None
