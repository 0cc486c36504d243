"""Tables to take away: harmless in a spreadsheet, exact, bounded, sent in pieces."""

from __future__ import annotations

import asyncio
import csv
import io
import os
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory
from django.utils import timezone
from openpyxl import load_workbook

from audit.ledger.append import Writer
from portal import export
from portal.export import MOST_ROWS, Table
from tests.audit.rows import Tenant, outcome_of, requested
from tests.support import cast
from tests.support.cast import browser

AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
FORMULAS = ['=HYPERLINK("//evil")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


def taken(extension: str, *rows: Sequence[Any]) -> Any:
    request = RequestFactory().get("/", {"export": extension})
    assert export.is_wanted(request)
    with timezone.override(ZoneInfo("Europe/Berlin")):
        return export.download(request, Table("keys", ["Name", "Value"], iter(rows)))


def csv_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(read(answer).decode("utf-8-sig"), newline="")))


def sheet_of(answer: Any) -> Any:
    return load_workbook(io.BytesIO(read(answer))).active


def read(answer: Any) -> bytes:
    with closing(answer):
        sent: bytes = answer.getvalue()
    return sent


@pytest.mark.parametrize("name", FORMULAS)
def test_a_name_that_reads_as_a_formula_is_a_text(name: str) -> None:
    assert csv_of(taken("csv", [name, 1]))[1] == [f"'{name}", "1"]
    cell = sheet_of(taken("xlsx", [name, 1]))["A2"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'")


def test_numbers_below_nothing_are_numbers() -> None:
    assert csv_of(taken("csv", ["debt", Decimal("-0.000000025")]))[1][1] == "-0.000000025"
    assert sheet_of(taken("xlsx", ["debt", Decimal("-0.000000025")]))["B2"].value == -0.000000025


def test_times_say_the_zone_of_the_organisation() -> None:
    assert csv_of(taken("csv", ["at", AT]))[1][1] == "2026-11-21T00:30:00.000+01:00"
    assert sheet_of(taken("xlsx", ["at", AT]))["B2"].value == datetime(2026, 11, 21, 0, 30)  # noqa: DTZ001 - a cell's


def test_what_no_sheet_can_hold_is_left_out() -> None:
    assert sheet_of(taken("xlsx", ["bell\x07", None]))["A2"].value == "bell"


def test_a_file_ends_at_the_bound() -> None:
    endless = ([str(number), number] for number in range(MOST_ROWS * 10))
    assert len(csv_of(taken("csv", *endless))) == MOST_ROWS + 1


def test_it_is_sent_in_pieces() -> None:
    answer = taken("csv", *(["x" * 1000, number] for number in range(1000)))

    async def send() -> list[bytes]:
        return [piece async for piece in answer]

    pieces = asyncio.run(send())
    assert max(map(len, pieces)) <= 65_536
    assert sum(map(len, pieces)) == int(answer.headers["Content-Length"])
    answer.close()


async def _call(tenant: Tenant, calls: int) -> None:
    async with Writer(os.environ["DATABASE_URL_GATEWAY"]) as writer:
        for _ in range(calls):
            row = requested(tenant)
            await writer.requested(row)
            await writer.outcome(outcome_of(row))


def test_all_requests_that_fit_are_taken_away_and_not_only_a_page_of_them() -> None:
    acme = cast.assemble()
    world = acme.world
    asyncio.run(_call(Tenant(world.organization.id, world.team.id, world.key.id), calls=60))

    table = csv_of(browser(acme.bob).get("/requests/?status=completed&export=csv"))
    assert len(table) == 61
    assert table[0][-3:] == ["Cost, USD", "Estimated", "Latency, ms"]
    assert {row[4] for row in table[1:]} == {"Payments"}
    assert len(csv_of(browser(acme.bob).get("/requests/?status=failed&export=csv"))) == 1


def test_another_format_is_the_page() -> None:
    assert not export.is_wanted(RequestFactory().get("/", {"export": "exe"}))
    assert not export.is_wanted(RequestFactory().get("/"))


def test_it_is_named_by_what_it_is_and_the_day() -> None:
    with closing(taken("csv")) as answer:
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="keys-20')
