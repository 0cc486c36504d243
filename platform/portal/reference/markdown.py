"""The little Markdown that the pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def page(title: str, introduction: str, *parts: str) -> str:
    """`introduction` and `parts` are Markdown; empty parts are left out."""
    made_by = "<!-- Made by `manage.py reference` from the code. Change the code, not this page. -->"
    return "\n\n".join([made_by, f"# {title}", introduction, *(part for part in parts if part)]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_line(columns), _line(["---"] * len(columns)), *(_line(row) for row in rows)]
    return "\n".join(lines)


def code(text: object) -> str:
    """As code; nothing for nothing."""
    return f"`{text}`" if text not in ("", None) else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in cells)} |"
