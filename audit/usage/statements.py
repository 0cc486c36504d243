"""What a month's statement says, from the sums of usage.

A statement that is closed stays as it is. What is found out later of its month (a late truth, a re-rating, an import)
is the difference between what the sums say now and what statements have said so far; the next one carries it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, Sum

from audit.ledger.canonical import canonical
from audit.models import Statement, UsageQuarter
from audit.usage.totals import Figures, Period

FORMAT = "statement/1"
_SUMMED = ("requests", "input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Item:
    """What a line is of."""

    team_id: UUID | None
    project_id: UUID | None
    api_key_id: UUID | None
    model: str


Lines = Mapping[Item, Figures]


@dataclass(frozen=True, slots=True)
class Stated:
    """`corrections` are of earlier months, by their first day: what is to be added to what was said of them."""

    lines: Lines
    corrections: Mapping[date, Lines]

    @property
    def spent(self) -> int:
        return sum(figures.nano_usd for figures in self.lines.values())

    @property
    def corrected(self) -> int:
        return sum(figures.nano_usd for lines in self.corrections.values() for figures in lines.values())

    def of_team(self, team_id: UUID) -> Stated:
        corrections = {month: _of_team(lines, team_id) for month, lines in self.corrections.items()}
        return Stated(_of_team(self.lines, team_id), {month: lines for month, lines in corrections.items() if lines})

    def items(self) -> Iterator[Item]:
        """What each line, and each line of a correction, is of."""
        for lines in (self.lines, *self.corrections.values()):
            yield from lines

    def teams(self) -> set[UUID]:
        """Those that a line or a correction is of."""
        return {item.team_id for item in self.items() if item.team_id is not None}

    def written(self, names: Mapping[UUID, str]) -> dict[str, Any]:
        """As it is kept and hashed: amounts as text, since they may be beyond what every reader of JSON can hold."""
        ids = {each for item in self.items() for each in (item.team_id, item.project_id, item.api_key_id) if each}
        return {
            "format": FORMAT,
            "lines": _rows(self.lines),
            "corrections": [
                {"month": month.isoformat(), "lines": _rows(lines)} for month, lines in sorted(self.corrections.items())
            ],
            "names": {f"id_{each.hex}": names[each] for each in ids if each in names},
        }

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Stated:
        corrections = {date.fromisoformat(each["month"]): _read(each["lines"]) for each in written["corrections"]}
        return cls(_read(written["lines"]), corrections)


def period_of(month: date, time_zone: str) -> Period:
    zone = ZoneInfo(time_zone)
    following = (month + timedelta(days=31)).replace(day=1)
    return Period(datetime.combine(month, time(), zone), datetime.combine(following, time(), zone), time_zone)


def lines_of(period: Period, *, using: str = DEFAULT_DB_ALIAS) -> dict[Item, Figures]:
    """What the sums say now, within the entered scope."""
    rows: Any = (
        UsageQuarter.objects.using(using)
        .filter(starts_at__gte=period.since, starts_at__lt=period.until)
        .order_by()
        .values(
            team=F("team_id"),
            project=F("combination__project_id"),
            key=F("combination__api_key_id"),
            called=F("combination__model"),
        )
        .annotate(
            **{f"sum_of_{name}": Sum(name) for name in _SUMMED},
            cost=Sum("cost_nano_usd"),
            estimated=Sum("estimated_nano_usd"),
        )
    )
    return {
        Item(row["team"], row["project"], row["key"], row["called"]): Figures(
            **{name: int(row[f"sum_of_{name}"]) for name in _SUMMED},
            nano_usd=int(row["cost"]),
            estimated_nano_usd=int(row["estimated"]),
        )
        for row in rows
    }


def said_of_months(statements: Iterable[Statement]) -> dict[date, dict[Item, Figures]]:
    """What an owner's statements have said of each month until now, all together."""
    found: dict[date, dict[Item, Figures]] = {}
    for statement in statements:
        stated = Stated.read(statement.content)
        for month, lines in [(statement.month, stated.lines), *stated.corrections.items()]:
            said = found.setdefault(month, {})
            for item, figures in lines.items():
                said[item] = said.get(item, Figures()) + figures
    return found


def differences(present: Lines, said: Lines) -> dict[Item, Figures]:
    """What is to be added to what was said, so that it is as it is now."""
    found = {item: present.get(item, Figures()) + _negative(said.get(item, Figures())) for item in {*present, *said}}
    return {item: figures for item, figures in found.items() if figures != Figures()}


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the canonical form."""
    return hashlib.sha256(canonical(content)).hexdigest()


def _of_team(lines: Lines, team_id: UUID) -> dict[Item, Figures]:
    return {item: figures for item, figures in lines.items() if item.team_id == team_id}


def _negative(figures: Figures) -> Figures:
    return Figures(**{name: -getattr(figures, name) for name in Figures.__dataclass_fields__})


def _rows(lines: Lines) -> list[dict[str, Any]]:
    """The dearest first."""
    ordered = sorted(lines.items(), key=lambda line: (-line[1].nano_usd, str(line[0])))
    return [
        {
            "team": _text(item.team_id),
            "project": _text(item.project_id),
            "key": _text(item.api_key_id),
            "model": item.model,
            **{name: getattr(figures, name) for name in _SUMMED},
            "cost_nano_usd": str(figures.nano_usd),
            "estimated_nano_usd": str(figures.estimated_nano_usd),
        }
        for item, figures in ordered
    ]


def _read(rows: Iterable[Mapping[str, Any]]) -> dict[Item, Figures]:
    return {
        Item(_id(row["team"]), _id(row["project"]), _id(row["key"]), row["model"]): Figures(
            **{name: row[name] for name in _SUMMED},
            nano_usd=int(row["cost_nano_usd"]),
            estimated_nano_usd=int(row["estimated_nano_usd"]),
        )
        for row in rows
    }


def _text(identifier: UUID | None) -> str | None:
    return str(identifier) if identifier else None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
