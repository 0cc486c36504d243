"""The statement as a table for people and programs: what the page, the CSV file and the PDF file are made of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from audit.models import Statement
from audit.usage.statements import Item, Lines, Stated
from audit.usage.totals import Figures
from kit import money
from portal.export.table import harmless

HEADINGS = (
    *("month", "kind", "team", "project", "key", "model"),
    *("requests", "input_tokens", "output_tokens", "cost_usd", "estimated_usd"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """`correction_of` is the earlier month that the line corrects. Names are those of when it was closed."""

    correction_of: date | None
    team: str
    project: str
    key: str
    model: str
    figures: Figures


def rows(statement: Statement) -> list[Row]:
    """Lines and then corrections, each the dearest first."""
    stated, names = Stated.read(statement.content), statement.content["names"]
    found = list(_rows(None, stated.lines, names))
    for month, lines in stated.corrections.items():
        found += _rows(month, lines, names)
    return found


def as_csv(statement: Statement) -> str:
    """RFC 4180, with amounts to the nano-dollar. The sum of `cost_usd` is the total of the statement."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(HEADINGS)
    for row in rows(statement):
        month = row.correction_of or statement.month
        figures = row.figures
        writer.writerow(
            [
                f"{month:%Y-%m}",
                "correction" if row.correction_of else "usage",
                *map(harmless, (row.team, row.project, row.key, row.model)),
                *(figures.requests, figures.input_tokens, figures.output_tokens),
                *(money.plain(figures.nano_usd), money.plain(figures.estimated_nano_usd)),
            ]
        )
    return written.getvalue()


def file_name(statement: Statement, extension: str) -> str:
    return f"statement-{statement.month:%Y-%m}-{str(statement.id)[-8:]}.{extension}"


def _rows(correction_of: date | None, lines: Lines, names: Mapping[str, Any]) -> Iterator[Row]:
    for item, figures in lines.items():
        yield _row(correction_of, item, figures, names)


def _row(correction_of: date | None, item: Item, figures: Figures, names: Mapping[str, Any]) -> Row:
    def name(identifier: UUID | None) -> str:
        return "–" if identifier is None else str(names.get(f"id_{identifier.hex}", identifier))

    return Row(correction_of, name(item.team_id), name(item.project_id), name(item.api_key_id), item.model, figures)
