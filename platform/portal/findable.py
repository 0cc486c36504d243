"""What the search finds by name, and as whom one has to act to be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Case, Model, Q, Value, When
from django.urls import reverse
from unfold.dataclasses import SearchResult

from governance import models as governance
from tenants import models as tenants

EACH = 6


@dataclass(frozen=True, slots=True)
class Findable:
    """One kind of row. The words are looked for in `fields`; those that begin with them come first.

    An organisation's rows are read through and not looked up in an index of trigrams: below row-level security no
    index answers LIKE, and to read 10,000 names takes some milliseconds.
    """

    kind: type[Model]
    label: str
    icon: str
    act: str
    fields: tuple[str, ...]
    related: tuple[str, ...] = ()

    def find(self, words: str) -> Iterator[SearchResult]:
        anywhere = reduce(or_, (Q(**{f"{field}__icontains": words}) for field in self.fields))
        begins = reduce(or_, (Q(**{f"{field}__istartswith": words}) for field in self.fields))
        rows = self.kind._default_manager.filter(anywhere)
        if self.related:  # of nothing, it joins everything
            rows = rows.select_related(*self.related)
        rank = Case(When(begins, then=Value(0)), default=Value(1))
        for row in rows.order_by(rank, *self.fields, "pk")[:EACH]:
            name, *rest = (_value(row, field) for field in self.fields)
            yield SearchResult(name, ", ".join([self.label, *rest]), self._page(row), self.icon)

    def _page(self, row: Model) -> str:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def _value(row: object, path: str) -> str:
    return str(reduce(getattr, path.split("__"), row))


FINDABLE = [
    Findable(governance.Model, "Model", "model_training", "governance.register.view", ("slug", "name")),
    Findable(governance.Route, "Route", "alt_route", "governance.register.view", ("slug",)),
    Findable(governance.UseCase, "Use case", "category", "governance.register.view", ("slug", "name")),
    Findable(governance.Provider, "Provider", "cloud", "governance.register.view", ("name",)),
    Findable(governance.OtherSystem, "Other system", "widgets", "governance.register.view", ("name", "vendor")),
    Findable(tenants.ApiKey, "Key", "key", "tenants.api_key.view", ("name", "prefix")),
    Findable(tenants.Team, "Team", "groups", "portal.view", ("name",)),
    Findable(tenants.Project, "Project", "folder", "portal.view", ("name", "team__name"), ("team",)),
    Findable(
        tenants.Membership, "Person", "person", "tenants.member.view", ("user__name", "user__email"), ("user", "team")
    ),
]
