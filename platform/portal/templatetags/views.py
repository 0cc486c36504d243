"""The bar of saved views above what they filter."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest

from portal import saved_views

register = template.Library()


@register.inclusion_tag("portal/views/bar.html", takes_context=True)
def saved_views_of(context: dict[str, Any], page: str) -> dict[str, Any]:
    """Those of this page, the one that is shown marked, and a form to save what is shown."""
    request: HttpRequest = context["request"]
    query = saved_views.lasting(request.META.get("QUERY_STRING", ""))
    actor = request.actor  # type: ignore[attr-defined]
    views = [(view, saved_views.address_of(view), view.query == query) for view in saved_views.views_of(actor, page)]
    return {"views": views, "page": page, "query": query, "csrf_token": context.get("csrf_token")}
