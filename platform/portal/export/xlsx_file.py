"""XLSX: one sheet, its header fixed, written row by row."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Any

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from portal.export.table import Cell, Table

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_TITLE = 31  # of a sheet, as Excel has it


def write(table: Table, to: IO[bytes]) -> None:
    """Times are in the organisation's zone: Excel knows none."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(table.name[:_LONGEST_TITLE])
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, name) for name in table.columns])
    for row in table.bounded():
        sheet.append([_cell(sheet, cell) for cell in row])
    book.save(to)


def _cell(sheet: Any, value: Cell) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None)
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"  # a text, whatever it begins with
    return cell
