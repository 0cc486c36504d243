"""Pages of lists that are ordered by id, newest first."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest


def next_page(request: HttpRequest, last_id: UUID | None) -> str:
    """The query string of the page after the row `last_id`, with the same filters; empty on the last page."""
    if last_id is None:
        return ""
    query = request.GET.copy()
    query["before"] = str(last_id)
    return f"?{query.urlencode()}"
