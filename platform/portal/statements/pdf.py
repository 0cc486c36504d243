"""A statement on paper. The same statement gives the same bytes."""

from __future__ import annotations

import io
from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from audit.models import Statement
from kit import money
from portal.statements.documents import Row, rows

_FONTS = {"Vera": "Vera.ttf", "Vera-Bold": "VeraBd.ttf"}
_SMALL = ParagraphStyle("small", fontName="Vera", fontSize=7, leading=9)
_PLAIN = ParagraphStyle("plain", fontName="Vera", fontSize=9, leading=13)
_TITLE = ParagraphStyle("title", fontName="Vera-Bold", fontSize=15, leading=21)
_HEADING = ParagraphStyle("heading", fontName="Vera-Bold", fontSize=10, leading=16, spaceBefore=8)
_WIDTHS = [width * mm for width in (58, 40, 18, 22, 22, 26)]
_TABLE = TableStyle(
    [
        ("FONT", (0, 0), (-1, -1), "Vera", 7),
        ("FONT", (0, 0), (-1, 0), "Vera-Bold", 7),
        ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.2, colors.lightgrey),
    ]
)


def as_pdf(statement: Statement, owner: str) -> bytes:
    """`owner` is the name of the team or organisation."""
    for name, file in _FONTS.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, Path(reportlab.__file__).parent / "fonts" / file))
    written = io.BytesIO()
    title = f"Statement of {statement.month:%B %Y}"
    document = SimpleDocTemplate(
        written, pagesize=A4, title=title, author="Chancery", leftMargin=12 * mm, rightMargin=12 * mm, invariant=1
    )
    every = rows(statement)
    used = [row for row in every if row.correction_of is None]
    corrected = [row for row in every if row.correction_of is not None]
    story = [
        Paragraph(escape(f"{owner}, {statement.month:%B %Y}"), _TITLE),
        Paragraph(
            f"Closed on {statement.closed_at:%d %B %Y, %H:%M} UTC. Months begin in {escape(statement.time_zone)}. "
            "What is found out later is a correction in the next statement.",
            _PLAIN,
        ),
        Spacer(1, 4 * mm),
        Paragraph(f"Used: {money.display(statement.spent_nano_usd)}", _PLAIN),
        Paragraph(f"Corrections of earlier months: {money.display(statement.corrected_nano_usd)}", _PLAIN),
        Paragraph(f"Total: {money.display(statement.total_nano_usd)}", _HEADING),
        Paragraph("What was used", _HEADING),
        _table(used),
    ]
    if corrected:
        story += [Paragraph("Corrections of earlier months", _HEADING), _table(corrected)]
    story += [
        Spacer(1, 6 * mm),
        Paragraph(f"SHA-256 of the content, as the ledger holds it: {statement.digest}", _SMALL),
    ]
    document.build(story, onFirstPage=_number, onLaterPages=_number)
    return written.getvalue()


def _table(lines: list[Row]) -> Table:
    headings = ["Team, project and key", "Model", "Requests", "Input", "Output", "Cost"]
    return Table([headings, *map(_line, lines)], colWidths=_WIDTHS, repeatRows=1, style=_TABLE)


def _line(row: Row) -> list[object]:
    whose = f"{row.team}, {row.project}, {row.key}"
    if row.correction_of:
        whose = f"{row.correction_of:%B %Y}: {whose}"
    figures = row.figures
    counted = [f"{number:,}" for number in (figures.requests, figures.input_tokens, figures.output_tokens)]
    names = [Paragraph(escape(text), _SMALL) for text in (whose, row.model)]
    return [*names, *counted, money.display(figures.nano_usd)]


def _number(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont("Vera", 7)
    canvas.drawRightString(A4[0] - 12 * mm, 8 * mm, str(document.page))
