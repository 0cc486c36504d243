"""Values of columns as people read them, and what became of one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from kit import money
from kit.data_class import DataClass
from portal.subjects import Subject
from portal.words import Piece, compared

_NANO_USD = re.compile(r"_nano_usd(?=_|$)")
_DATA_CLASS = "max_data_class"
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Difference:
    """What a column said before and after; empty where it said nothing. `pieces` compare longer texts word by word."""

    name: str
    before: str = ""
    after: str = ""
    pieces: list[Piece] = field(default_factory=list)
    is_secret: bool = False


def difference(name: str, before: Any, after: Any, subjects: Mapping[UUID, Subject]) -> Difference:
    """`before` and `after` are as PostgreSQL's `to_jsonb` writes them."""
    old, new = readable(name, before, subjects), readable(name, after, subjects)
    pieces = compared(old, new) if isinstance(before, str) and isinstance(after, str) and " " in old + new else []
    return Difference(_NANO_USD.sub("", name).removesuffix("_id").replace("_", " "), old, new, pieces)


def readable(name: str, value: Any, subjects: Mapping[UUID, Subject]) -> str:
    """Amounts in USD, moments in the organisation's time zone, ids by name where they may be seen.

    Whatever raw SQL may have put there is shown as it is, and never fails the page.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(readable(name, one, subjects) for one in value)
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, int):
        if name == _DATA_CLASS:
            return DataClass(value).label if value in set(DataClass) else str(value)
        return money.display(value) if _NANO_USD.search(name) else str(value)
    return _text(str(value), subjects)


def _text(value: str, subjects: Mapping[UUID, Subject]) -> str:
    if _MOMENT.match(value):
        return _moment(value)
    try:
        subject = subjects.get(UUID(value))
    except ValueError:
        return value
    return subject.name if subject else value


def _moment(value: str) -> str:
    try:
        return timezone.localtime(datetime.fromisoformat(value)).strftime("%d %b %Y %H:%M:%S %Z")
    except (ValueError, OverflowError):
        return value
