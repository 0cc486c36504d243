"""A table as it leaves the house."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

Cell = str | int | Decimal | datetime | date | None

# What one page is answered within; who needs more reads the management API page by page.
MOST_ROWS = 10_000
# A cell that begins so is a formula to a spreadsheet, and whoever names a key could name it `=HYPERLINK(…)`.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Table:
    """`name` becomes the file's. Amounts are in the unit that their column names, exact. Rows may be a generator."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]

    def bounded(self) -> Iterator[list[Cell]]:
        """At most `MOST_ROWS` of them, texts made harmless."""
        for row in islice(self.rows, MOST_ROWS):
            yield [harmless(cell) for cell in row]


def harmless(cell: Cell) -> Cell:
    """A text that would be read as a formula, with an apostrophe before it. Numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
