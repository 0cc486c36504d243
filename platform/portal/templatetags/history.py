"""The timeline of an object on a page about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import template
from django.template import Context

from portal.history import Page, timeline
from portal.paging import next_page
from tenants.acting import actor_of

register = template.Library()

SEES_ORIGINS = "audit.act.view"


@register.inclusion_tag("portal/history/timeline.html", takes_context=True)
def history_of(context: Context, object_id: UUID) -> dict[str, Any]:
    """Acts and changes, newest first; from where is shown to whoever may see the organisation's acts."""
    request = context["request"]
    page: Page = timeline(object_id, before=_before(request.GET.get("before", "")))
    return {
        "steps": page.steps,
        "following": next_page(request, page.following),
        "shows_origin": actor_of(request).may(SEES_ORIGINS),
    }


def _before(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
