"""Files are read within bounds, whatever they claim to be, and as text."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from governance.intake import table as tables
from governance.intake.cells import ai_act_class, day, number, slug
from governance.intake.columns import COLUMNS, mapped
from kit import errors
from tests.governance.intake_files import HEADER, MODEL, SYSTEM, csv_of, xlsx_of

BOMB = b"""<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c t="inlineStr">
<is><t>&b;</t></is></c></row></sheetData></worksheet>"""


def repacked(workbook: bytes, part: str, content: bytes) -> bytes:
    """The workbook with another content of one part."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, content if name == part else before.read(name))
    return made.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(errors.InvalidRequest) as refusal:
        tables.read(content)
    assert refusal.value.param == "file"
    return refusal.value.message


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_csv_file_is_read_as_spreadsheets_write_it(delimiter: str, encoding: str) -> None:
    umlauts = ["system", "Büro-Assistent", "Müller & Söhne", "", "", "", "Briefe, “kurz”", "limited"]
    table = tables.read(csv_of(MODEL, umlauts, delimiter=delimiter, encoding=encoding))
    assert table.header == tuple(HEADER)
    assert [number for number, _ in table.rows] == [2, 3]
    assert table.rows[1][1] == tuple(umlauts)


def test_a_workbook_says_the_same_as_the_csv_file() -> None:
    assert tables.read(xlsx_of(MODEL, SYSTEM)) == tables.read(csv_of(MODEL, SYSTEM))


def test_figures_and_days_of_a_workbook_are_read_as_they_are_shown() -> None:
    book, file = Workbook(), io.BytesIO()
    book.active.append(["kind", "context_window"])
    book.active.append(["model", 128000.0])
    book.save(file)
    assert tables.read(file.getvalue()).rows == ((2, ("model", "128000")),)


def test_a_formula_is_its_text() -> None:
    formula = '=HYPERLINK("https://example.com","click")'
    for content in (csv_of(["model", formula]), xlsx_of(["model", formula])):
        assert tables.read(content).rows[0][1] == ("model", formula)


def test_empty_rows_are_left_out_and_counted() -> None:
    table = tables.of_rows([[], HEADER, ["", " "], MODEL])
    assert [number for number, _ in table.rows] == [4]
    assert tables.of_rows(table.lines()) == table


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no rows"),
        (b"kind,name\r\n", "no rows"),
        (b"x" * (tables.MOST_BYTES + 1), "at most 2 MB"),
        (b"\x89PNG\r\n\x1a\n\0\0", "neither CSV nor XLSX"),
        (b'kind,name\r\nmodel,"open', "quotation mark"),
        (csv_of(["x" * (tables.LONGEST_CELL + 1)]), "Row 2 has a cell"),
        (csv_of(["x"] * (tables.MOST_COLUMNS + 1)), "Row 2 has more than"),
        (csv_of(*[["model"]] * (tables.MOST_ROWS + 1)), "at most 5000 rows"),
        (b"kind" + b"\n" * (2 * tables.MOST_ROWS + 1) + b"model", "at most 5000 rows"),
        (b"PK\x03\x04 and nothing more", "no XLSX"),
        (repacked(xlsx_of(MODEL), "xl/worksheets/sheet1.xml", BOMB), "no XLSX"),
        (repacked(xlsx_of(MODEL), "xl/worksheets/sheet1.xml", b"<worksheet>"), "no XLSX"),
        (repacked(xlsx_of(MODEL), "xl/workbook.xml", b"\0" * (tables.MOST_UNPACKED_BYTES + 1)), "unpacks to more"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, said: str) -> None:
    assert said in refused(content)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_otherwise(noise: bytes) -> None:
    for content in (noise, b"PK\x03\x04" + noise, b"\xff\xfe" + noise):
        try:
            tables.read(content)
        except errors.InvalidRequest:
            continue


def test_columns_are_found_by_the_words_above_them() -> None:
    found = mapped(["Model Name", "TYPE", "Publisher", "Contact", "Owner e-mail"])
    assert found.places == {"name": 0, "kind": 1, "vendor": 2, "owner": 4}
    assert found.unknown == ("Contact",)


def test_no_two_columns_of_ours_go_by_the_same_word() -> None:
    words = [word for column, others in COLUMNS.items() for word in (column.replace("_", " "), *others)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("header", "said"),
    [(["kind", "name", "name", "vendor"], "Two columns are the name"), (["name"], "no column kind, vendor")],
)
def test_a_header_that_will_not_do_is_refused(header: list[str], said: str) -> None:
    with pytest.raises(errors.InvalidRequest, match=said):
        mapped(header)


def test_cells_are_read_as_people_write_them() -> None:
    assert [number(text) for text in ("", "8192", "128,000", "1 000 000", "128'000")] == [
        None,
        8192,
        128_000,
        1_000_000,
        128_000,
    ]
    assert [str(day(text)) for text in ("2027-06-30", "30.6.2027", "")] == ["2027-06-30", "2027-06-30", "None"]
    assert ai_act_class("High risk") == ai_act_class("HIGH") == "high"
    assert slug("Mistral Small (3.2)") == "mistral-small-3.2"


@pytest.mark.parametrize(
    ("read", "text"),
    [(number, "1.5"), (number, "12,34"), (number, "-1"), (day, "06/07/2027"), (day, "31.2.2027"), (ai_act_class, "")],
)
def test_what_can_be_read_in_two_ways_or_none_is_not_read(read: object, text: str) -> None:
    with pytest.raises(ValueError, match=r"\."):
        read(text)  # type: ignore[operator]
