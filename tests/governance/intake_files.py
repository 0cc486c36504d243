"""Files of inventories as people have them."""

from __future__ import annotations

import csv
import io
from typing import Any

from openpyxl import Workbook

HEADER = ["kind", "name", "vendor", "version", "context_window", "max_output_tokens", "purpose", "ai_act_class"]
MODEL = ["model", "Mistral Small", "Mistral AI", "2506", "128000", "8192", "", ""]
SYSTEM = ["system", "Mail assistant", "Contoso", "", "", "", "Drafts answers.", "limited"]


def csv_of(*rows: list[Any], header: list[str] = HEADER, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode(encoding)


def xlsx_of(*rows: list[Any], header: list[str] = HEADER) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in (header, *rows):
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def models(count: int) -> list[list[str]]:
    """Of names that do not read alike."""
    return [["model", f"{number:x}" * 9, "Somebody", "1", "8", "4", "", ""] for number in range(count)]
