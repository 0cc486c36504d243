"""Cells as values. Each function raises `ValueError` with a sentence for what it cannot read."""

from __future__ import annotations

import re
from datetime import date

from governance.models import AiActClass
from kit.data_class import DataClass

_NUMBER = re.compile(r"\d{1,9}|\d{1,3}([ ,'_\u00a0]\d{3}){1,2}")
_NOT_OF_A_SLUG = re.compile(r"[^a-z0-9._:/]+")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)|(\d{1,2})\.(\d{1,2})\.(\d{4})")


def number(text: str) -> int | None:
    """With or without a mark at the thousands; a full stop is none, since it may be a decimal one."""
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError("Not a whole number.")
    return int(re.sub(r"\D", "", text))


def slug(name: str) -> str:
    """What applications could send for a model of this name."""
    return _NOT_OF_A_SLUG.sub("-", name.lower()).strip("-._:/")


def day(text: str) -> date | None:
    """As 2027-06-30 or 30.6.2027; with slashes nobody knows what is day and what is month."""
    if not text:
        return None
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError("Not a day such as 2027-06-30.")
    year, month, of_month = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(of_month))
    except ValueError:
        raise ValueError("There is no such day.") from None


def ai_act_class(text: str) -> str:
    """By its name here or as it is shown."""
    named = text.lower().removesuffix(" risk").removesuffix("-risk")
    if named not in AiActClass.values:
        raise ValueError(f"One of {', '.join(AiActClass.values)}.")
    return named


def data_class(text: str) -> DataClass:
    if not text:
        return DataClass.INTERNAL
    try:
        return DataClass.named(text)
    except ValueError:
        raise ValueError(f"One of {', '.join(each.label for each in DataClass)}.") from None
