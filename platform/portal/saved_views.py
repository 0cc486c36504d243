"""Views of pages that people keep under a name: a query string, private or shared, one of them the default.

Nothing that is governed, so no act of the ledger: what a view shows is decided by who opens it, as without one.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse

from kit import errors
from kit.context import Actor
from portal.models import LONGEST_QUERY, SavedView

# Pages that have views, and what they are called.
PAGES = {"spend": "Spend", "operations": "Operations", "requests": "Requests"}
# Says on purpose that no view is wanted, where a page without a query would open the default.
NONE = "view"
# Of one moment: where a list was left, and what was taken away as a file.
_PASSING = {"before", "after", "page", "export", "table", NONE}


def views_of(actor: Actor, page: str | None = None) -> QuerySet[SavedView]:
    """One's own and those that others share."""
    found = SavedView.objects.filter(Q(owner_id=actor.id) | Q(is_shared=True))
    return found.filter(page=page) if page else found.filter(page__in=PAGES)


def default_of(actor: Actor, page: str) -> str:
    """The query that the person's default has; empty where there is none."""
    own = SavedView.objects.filter(owner_id=actor.id, page=page, is_default=True)
    return own.values_list("query", flat=True).first() or ""


def address_of(view: SavedView) -> str:
    return f"{reverse(view.page)}?{view.query or NONE + '='}"


def save(
    *, actor: Actor, page: str, name: str, query: str, is_shared: bool, is_default: bool, now: datetime
) -> SavedView:
    """Keeps it under that name, in place of one's own that was called so before."""
    kept = lasting(query)
    if len(kept) > LONGEST_QUERY:
        raise errors.InvalidRequest("The view has more filters than can be kept.", param="query")
    if is_default:
        _no_default(actor, page)
    view, _ = SavedView.objects.update_or_create(
        organization_id=actor.organization_id,
        owner_id=actor.id,
        page=page,
        name=name,
        defaults={"query": kept, "is_shared": is_shared, "is_default": is_default, "saved_at": now},
    )
    return view


def change(*, actor: Actor, view: SavedView, is_shared: bool, is_default: bool) -> None:
    """One's own alone: of another person's row the database changes nothing."""
    if is_default:
        _no_default(actor, view.page)
    SavedView.objects.filter(id=view.id, owner_id=actor.id).update(is_shared=is_shared, is_default=is_default)


def remove(*, actor: Actor, view_id: UUID) -> None:
    SavedView.objects.filter(id=view_id, owner_id=actor.id).delete()


def lasting(query: str) -> str:
    """The query string without what is empty or of the moment."""
    told = QueryDict(query)
    kept = QueryDict(mutable=True)
    for name, values in told.lists():
        if name not in _PASSING:
            kept.setlist(name, [value for value in values if value])
    return kept.urlencode()


def _no_default(actor: Actor, page: str) -> None:
    SavedView.objects.filter(owner_id=actor.id, page=page, is_default=True).update(is_default=False)
