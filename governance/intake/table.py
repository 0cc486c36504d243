"""A CSV or XLSX file as rows of text. What a spreadsheet would calculate is never calculated: a formula is its text.

Everything a file can be made of is bounded before it is read: its size, what an XLSX file unpacks to, rows, columns
and the length of a cell. XML is read by defusedxml, which openpyxl uses where it is installed; that it is, is checked.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.xml import DEFUSEDXML

from kit import errors

MOST_BYTES = 2 * 1024 * 1024
MOST_UNPACKED_BYTES = 30 * 1024 * 1024
MOST_PARTS = 500
MOST_ROWS = 5_000
MOST_COLUMNS = 60
LONGEST_CELL = 4_000
_ZIP = b"PK\x03\x04"
# What openpyxl and the parsers under it raise for a file that is not what it says.
_BROKEN = (
    *(InvalidFileException, zipfile.BadZipFile, zlib.error, SyntaxError, OSError),
    *(ValueError, LookupError, TypeError, AttributeError, NotImplementedError),
)


@dataclass(frozen=True, slots=True)
class Table:
    """The words of the header, and the rows under it as (number in the file, texts)."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def lines(self) -> list[tuple[str, ...]]:
        """As `of_rows` takes it, each row at its number."""
        lines: list[tuple[str, ...]] = [()] * self.rows[-1][0]
        lines[self.rows[0][0] - 2] = self.header
        for number, texts in self.rows:
            lines[number - 1] = texts
        return lines


def read(content: bytes) -> Table:
    """Raises `errors.InvalidRequest` for what is no table, or too much of one."""
    if len(content) > MOST_BYTES:
        raise _refused(f"A file has at most {MOST_BYTES // 1024 // 1024} MB.")
    if content.startswith(_ZIP):
        return of_rows(_of_workbook(content))
    return of_rows(_of_text(_decoded(content)))


def of_rows(rows: Iterable[Iterable[Any]]) -> Table:
    """From rows of cells, the header first. Empty rows are left out and count all the same, as in a spreadsheet."""
    header: tuple[str, ...] = ()
    found: list[tuple[int, tuple[str, ...]]] = []
    size = 0
    for number, cells in enumerate(rows, start=1):
        texts = _texts(number, cells)
        if not texts:
            continue
        size += sum(len(text.encode()) for text in texts)
        if size > MOST_BYTES:
            raise _refused(f"A file has at most {MOST_BYTES // 1024 // 1024} MB of text.")
        if not header:
            header = texts
            continue
        if len(found) == MOST_ROWS or number > 2 * MOST_ROWS:
            raise _refused(f"A file has at most {MOST_ROWS} rows.")
        found.append((number, texts))
    if not found:
        raise _refused("The file has no rows under a header.")
    return Table(header, tuple(found))


def _decoded(content: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with it, else Windows-1252, in which every spreadsheet of old exports."""
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused("The file is neither CSV nor XLSX.")
    for encoding in ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("The text is in an encoding that is not known: save the file as UTF-8.")


def _of_text(text: str) -> Iterator[list[str]]:
    """Columns are apart by whichever of comma, semicolon and tab is most in the first line."""
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error:
        raise _refused("The file is no CSV: a quotation mark is not closed, or a cell is too long.") from None


def _of_workbook(content: bytes) -> Iterator[tuple[Any, ...]]:
    """The first sheet. Cells with a formula hold its text."""
    assert DEFUSEDXML, "openpyxl reads XML without defusedxml"
    _check_parts(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # which a file may state as it likes
        yield from sheet.iter_rows(max_row=2 * MOST_ROWS + 1, max_col=MOST_COLUMNS + 1, values_only=True)
    except _BROKEN as broken:
        raise _refused("The file is no XLSX workbook that can be read.") from broken


def _check_parts(content: bytes) -> None:
    """What a file unpacks to is what its parts say, or unpacking them ends with an error."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as broken:
        raise _refused("The file is no XLSX workbook that can be read.") from broken
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        raise _refused("The workbook unpacks to more than an inventory has.")


def _texts(number: int, cells: Iterable[Any]) -> tuple[str, ...]:
    texts = [_text(cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    if len(texts) > MOST_COLUMNS:
        raise _refused(f"Row {number} has more than {MOST_COLUMNS} columns.")
    if any(len(text) > LONGEST_CELL for text in texts):
        raise _refused(f"Row {number} has a cell of more than {LONGEST_CELL} characters.")
    return tuple(texts)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "".join(each for each in str(cell) if each.isprintable() or each in "\n\t").strip()


def _refused(text: str) -> errors.InvalidRequest:
    return errors.InvalidRequest(text, param="file")
