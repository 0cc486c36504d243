"""Pages of lists: those that go on from the row last shown, and those that are numbered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of how many rows is shown; addresses of the parts beside it, empty where there is none."""

    first: int
    last: int
    total: int
    before: str
    after: str


def page_of(total: int, number: int, address: Callable[[int], str]) -> Page:
    """The part with this number, from 1; past the end, the last part."""
    number = min(max(number, 1), max((total + SIZE - 1) // SIZE, 1))
    first, last = (number - 1) * SIZE, min(number * SIZE, total)
    before = address(number - 1) if number > 1 else ""
    return Page(first, last, total, before, address(number + 1) if last < total else "")


def number_in(request: HttpRequest) -> int:
    """Which part is asked for; the first, where that is no number."""
    told = request.GET.get("page", "")
    return int(told) if told.isdecimal() and len(told) < 7 else 1


def next_page(request: HttpRequest, last: UUID | str | None, *, parameter: str = "before") -> str:
    """The query string of the page after the row `last`, with the same filters; empty on the last page."""
    if last is None:
        return ""
    query = request.GET.copy()
    query[parameter] = str(last)
    return f"?{query.urlencode()}"
