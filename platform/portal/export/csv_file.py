"""CSV: RFC 4180, UTF-8 with a byte order mark, times in ISO 8601 with their offset."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from typing import IO

from django.utils import timezone

from portal.export.table import Cell, Table

MEDIA_TYPE = "text/csv; charset=utf-8"


def write(table: Table, to: IO[bytes]) -> None:
    text = io.TextIOWrapper(to, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(table.columns)
    for row in table.bounded():
        writer.writerow([_text(cell) for cell in row])
    text.detach()  # or it would close the file that it writes to


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return timezone.localtime(cell).isoformat(timespec="milliseconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return "" if cell is None else str(cell)
