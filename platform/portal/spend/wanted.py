"""What of spend is looked at, as the query string says it, and the addresses of what lies beside and below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.urls import reverse

from audit.usage.totals import Group, Period
from portal.spend import periods
from portal.spend.dimensions import DIMENSIONS, LEVELS, Dimension, next_level


@dataclass(frozen=True, slots=True)
class Wanted:
    """`of` narrows down, by names of dimensions. `first` and `last` are days."""

    named: str
    first: date
    last: date
    by: Dimension
    of: Mapping[str, Any]

    @property
    def columns(self) -> dict[Group, Any]:
        return {column: value for name, value in self.of.items() if (column := DIMENSIONS[name].column)}

    @property
    def label(self) -> Dimension | None:
        """The tag or end user that is asked for or told apart; counted by team alone."""
        return next((DIMENSIONS[name] for name in (*self.of, self.by.name) if DIMENSIONS[name].label), None)

    def is_counted(self) -> bool:
        return self.label is None or {self.by.name, *self.of} <= {self.label.name, "team"}

    @property
    def written(self) -> dict[str, str]:
        """What it is narrowed down to, as addresses say it."""
        return {name: DIMENSIONS[name].written(value) for name, value in self.of.items()}

    def query(self) -> str:
        said: dict[str, str] = {"period": self.named, "by": self.by.name, **self.written}
        if self.named == periods.BETWEEN:
            said |= {"since": self.first.isoformat(), "until": self.last.isoformat()}
        return urlencode(said)

    def address(self) -> str:
        return f"{reverse('spend')}?{self.query()}"

    def requests(self, period: Period | None = None) -> str:
        """The list of these requests, of the whole time or a part of it."""
        since = period.since.astimezone(period.zone) if period else self.first
        until = period.until.astimezone(period.zone) if period else self.last
        bounds = {"since": _moment(since), "until": _moment(until)}
        return f"{reverse('requests')}?{urlencode(bounds | _as_requests_say(self.written))}"

    def told_apart(self, by: Dimension) -> Wanted:
        return replace(self, by=by)

    def without(self, name: str) -> Wanted:
        return replace(self, of={each: value for each, value in self.of.items() if each != name})

    def on(self, first: date, last: date) -> Wanted:
        return replace(self, named=periods.BETWEEN, first=first, last=last)

    def only(self, value: Any) -> Wanted:
        """Of this value of what it is told apart by, still told apart by it."""
        return replace(self, of={**self.of, self.by.name: value})

    def narrowed(self, dimension: Dimension, value: Any) -> Wanted | None:
        """One level down; none where only requests are left."""
        of = {**self.of, dimension.name: value}
        level = "team" if dimension.label and "team" not in of else next_level(dimension.name, of)
        if level is None or (dimension.label and level != "team"):
            return None
        return replace(self, of=of, by=DIMENSIONS[level])

    def below(self, dimension: Dimension, value: Any) -> str:
        """The address one level down: of the same page, or of the requests."""
        narrower = self.narrowed(dimension, value)
        return narrower.address() if narrower else replace(self, of={**self.of, dimension.name: value}).requests()


class Looking(forms.Form):
    """Everything in the query string, so that what one sees is a link."""

    period = forms.ChoiceField(required=False, choices=list(periods.NAMES.items()))
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
    by = forms.ChoiceField(
        required=False, label="Told apart by", choices=[(each.name, each.title) for each in DIMENSIONS.values()]
    )

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or self.cleaned_data
        since, until = chosen.get("since"), chosen.get("until")
        if since and until and not timedelta() <= until - since <= periods.LONGEST:
            self.add_error("until", f"After the first day, and not later than {periods.LONGEST.days} days.")
        return chosen


def read(said: QueryDict, *, now: datetime, zone: ZoneInfo, has_one_team: bool) -> tuple[Wanted, Looking]:
    """What is not valid is not gone by, and the form says so."""
    of, unknown = _narrowing(said)
    first_level = LEVELS[1] if has_one_team or "team" in of else LEVELS[0]
    usual = first_level if first_level not in of else next_level(first_level, of) or "model"
    form = Looking({"period": periods.MONTH, "by": usual, **said.dict()})
    if unknown:
        form.add_error(None, f"Not understood: {', '.join(unknown)}.")
    chosen = form.cleaned_data if form.is_valid() else getattr(form, "cleaned_data", {})
    named, since, until = chosen.get("period") or periods.MONTH, chosen.get("since"), chosen.get("until")
    if (since or until) and "period" not in said:
        named = periods.BETWEEN
    if named == periods.BETWEEN:
        last = until or since or now.astimezone(zone).date()
        first = since or last
    else:
        first, last = periods.days_of(named, now, zone)
    return Wanted(named, first, last, DIMENSIONS[chosen.get("by") or usual], of), form


def _narrowing(said: QueryDict) -> tuple[dict[str, Any], list[str]]:
    of, unknown = {}, []
    for name, dimension in DIMENSIONS.items():
        text = said.get(name)
        if text:
            try:
                of[name] = dimension.read(str(text))
            except ValueError:
                unknown.append(name)
    return of, unknown


def _as_requests_say(written: Mapping[str, str]) -> dict[str, str]:
    """The list of requests calls an outcome a status, and knows keys by their prefixes too."""
    return {{"outcome": "status", "key": "key_id"}.get(name, name): text for name, text in written.items()}


def _moment(at: date | datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M") if isinstance(at, datetime) else at.isoformat()
