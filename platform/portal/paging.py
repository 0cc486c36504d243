"""Pages of lists, which go on from the row last shown."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest


def next_page(request: HttpRequest, last: UUID | str | None, *, parameter: str = "before") -> str:
    """The query string of the page after the row `last`, with the same filters; empty on the last page."""
    if last is None:
        return ""
    query = request.GET.copy()
    query[parameter] = str(last)
    return f"?{query.urlencode()}"
