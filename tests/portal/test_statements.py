"""Statements of months: what they say, when they are closed, and what becomes of what is found out later."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import Error, connections, transaction

from audit.models import Statement
from audit.usage.statements import Stated
from governance.models import Notice
from kit import clock, errors, money
from kit.context import Actor
from portal.statements import closing
from portal.tasks import close_months
from tenants.models import Organization
from tests.portal.test_exceptions import page
from tests.support.acts import acts_of
from tests.support.cast import Cast, browser
from tests.support.settled import new_call, settle_all
from tests.support.world import World

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
AFTER_MARCH = datetime(2026, 4, 1, 6, tzinfo=UTC)
AFTER_APRIL = datetime(2026, 5, 1, 6, tzinfo=UTC)


def called(world: World, day: datetime, nano_usd: int, **terms: Any) -> None:
    settle_all([new_call(world, "small", at=day, cost_nano_usd=nano_usd, **{"team": world.team, **terms})])


def close(world: World, month: date, at: datetime) -> int:
    actor = Actor("system", world.organization.id, world.organization.id)
    organization = Organization.across_tenants.using("system").get(id=world.organization.id)
    return len(closing.close(actor=actor, organization=organization, month=month, now=at))


def statements(world: World, owner_id: Any = None) -> list[Statement]:
    rows = Statement.across_tenants.using("system").filter(organization_id=world.organization.id)
    return list(rows.filter(owner_id=owner_id or world.organization.id).order_by("month"))


def test_a_month_is_closed_for_the_organisation_and_each_team_of_it(world: World) -> None:
    other, _ = world.new_team("other")
    called(world, datetime(2026, 3, 1, tzinfo=UTC), 7)
    called(world, datetime(2026, 3, 31, 23, 59, tzinfo=UTC), 10**17, team=other)
    called(world, datetime(2026, 4, 1, tzinfo=UTC), 1)
    assert close(world, MARCH, AFTER_MARCH) == 3
    [whole], [ours], [theirs] = (statements(world, owner) for owner in (None, world.team.id, other.id))
    assert (whole.spent_nano_usd, ours.spent_nano_usd, theirs.spent_nano_usd) == (10**17 + 7, 7, 10**17)
    assert whole.corrected_nano_usd == 0


def closings(world: World) -> list[Any]:
    """What the ledger says of each."""
    acts = [act for act in acts_of(world) if act.action == "portal.statement.closed"]
    return [orjson.loads(bytes(act.envelope))["details"] for act in acts]


def test_it_is_due_hours_after_the_months_end_in_the_organisations_zone(world: World) -> None:
    organization = world.organization
    called(world, datetime(2026, 3, 15, tzinfo=UTC), 1)
    early = AFTER_MARCH - timedelta(seconds=1)
    assert closing.due(organization, early) == []
    assert closing.due(organization, AFTER_MARCH) == [MARCH]
    assert closing.due(organization, AFTER_APRIL) == [MARCH, APRIL]
    with pytest.raises(errors.Conflict):
        close(world, MARCH, early)
    in_new_york = Organization(id=organization.id, time_zone="America/New_York")
    assert closing.due(in_new_york, AFTER_MARCH + timedelta(hours=4)) == [MARCH]
    assert closing.due(in_new_york, AFTER_MARCH + timedelta(hours=3)) == []


def test_whoever_never_called_gets_none(world: World) -> None:
    assert closing.due(world.organization, clock.now()) == []


def test_what_is_found_out_later_is_a_correction_in_the_next_one(world: World) -> None:
    called(world, datetime(2026, 3, 15, tzinfo=UTC), 7)
    close(world, MARCH, AFTER_MARCH)
    called(world, datetime(2026, 3, 16, tzinfo=UTC), 5)
    called(world, datetime(2026, 4, 16, tzinfo=UTC), 100)
    close(world, APRIL, AFTER_APRIL)
    march, april = statements(world)
    assert (march.spent_nano_usd, april.spent_nano_usd, april.corrected_nano_usd) == (7, 100, 5)
    [(month, lines)] = Stated.read(april.content).corrections.items()
    [figures] = lines.values()
    assert (month, figures.requests, figures.nano_usd) == (MARCH, 1, 5)
    [_, ours] = statements(world, world.team.id)
    assert ours.corrected_nano_usd == 5
    close(world, date(2026, 5, 1), datetime(2026, 6, 1, 6, tzinfo=UTC))
    assert statements(world)[-1].total_nano_usd == 0  # and not once more


def test_where_the_zone_changes_no_hour_is_counted_twice_or_never(world: World) -> None:
    midnight = datetime(2026, 4, 1, tzinfo=UTC)
    for hours in range(-12, 13):
        called(world, midnight + timedelta(hours=hours), 1)
    close(world, MARCH, AFTER_MARCH)
    Organization.across_tenants.using("system").filter(id=world.organization.id).update(time_zone="Asia/Kolkata")
    close(world, APRIL, AFTER_APRIL)
    assert [one.spent_nano_usd for one in statements(world)] == [12, 13]


def test_a_month_is_closed_once(world: World) -> None:
    called(world, datetime(2026, 3, 15, tzinfo=UTC), 7)
    assert close(world, MARCH, AFTER_MARCH) == 2
    assert close(world, MARCH, AFTER_MARCH) == 0
    assert len(closings(world)) == 2


def test_months_are_closed_in_their_order(world: World) -> None:
    called(world, datetime(2026, 3, 15, tzinfo=UTC), 7)
    with pytest.raises(errors.Conflict):
        close(world, APRIL, AFTER_APRIL)
    assert close(world, MARCH, AFTER_APRIL) == close(world, APRIL, AFTER_APRIL) + 1 == 2


def test_the_timetable_closes_all_that_are_over(world: World) -> None:
    called(world, datetime(2026, 3, 15, tzinfo=UTC), 7)
    close_months()
    assert statements(world)[0].month == MARCH
    assert close_months() == 0


def test_nobody_but_the_timetable_closes_a_month(world: World) -> None:
    called(world, datetime(2026, 3, 15, tzinfo=UTC), 7)
    with pytest.raises(errors.Forbidden):
        closing.close(actor=world.admin, organization=world.organization, month=MARCH, now=AFTER_MARCH)


@pytest.mark.parametrize("using", ["default", "system", "migrator"])
@pytest.mark.parametrize("change", ["UPDATE audit_statement SET spent_nano_usd = 0", "DELETE FROM audit_statement"])
def test_a_statement_stays_as_it_is(world: World, using: str, change: str) -> None:
    called(world, datetime(2026, 3, 15, tzinfo=UTC), 7)
    close(world, MARCH, AFTER_MARCH)
    with pytest.raises(Error, match=r"permission denied|append-only"), transaction.atomic(using=using):
        connections[using].cursor().execute(change)


def test_the_ledger_holds_its_digest(world: World) -> None:
    called(world, datetime(2026, 3, 15, tzinfo=UTC), 7)
    close(world, MARCH, AFTER_MARCH)
    assert statements(world)[0].digest in {said["digest"] for said in closings(world)}
    assert {said["spent_nano_usd"] for said in closings(world)} == {"7"}


def closed(acme: Cast) -> Statement:
    """Of the whole organisation, with a correction."""
    acme.world.team.name = "=SUM(1)"
    acme.world.team.save(using="system")
    for day, nano_usd in ((datetime(2026, 3, 15, tzinfo=UTC), 7), (datetime(2026, 4, 15, tzinfo=UTC), money.NANO)):
        called(acme.world, day, nano_usd, project=acme.world.project, key=acme.world.key)
        close(acme.world, day.date().replace(day=1), AFTER_APRIL)
        called(acme.world, day, 2)
    return statements(acme.world)[-1]


def test_people_read_it_and_take_it_home(acme: Cast) -> None:
    statement = closed(acme)
    address = f"/statements/{statement.id}/"
    shown = page(acme, "ada", address)
    assert "as recorded" in shown
    assert "not as recorded" not in shown
    assert "March 2026" in shown
    for format_ in ("pdf", "csv"):
        assert f"{address}statement.{format_}" in page(acme, "ann", "/statements/")
    written = browser(acme.ada).get(f"{address}statement.csv").content.decode()
    lines = list(csv.DictReader(io.StringIO(written)))
    assert sum(money.from_usd(line["cost_usd"]) for line in lines) == statement.total_nano_usd
    assert {line["team"] for line in lines} == {"'=SUM(1)"}
    pdf = browser(acme.ada).get(f"{address}statement.pdf").content
    assert pdf.startswith(b"%PDF-")
    assert browser(acme.ada).get(f"{address}statement.pdf").content == pdf


def test_a_lead_reads_the_teams_own_and_no_other(acme: Cast) -> None:
    whole = closed(acme)
    [_, ours] = statements(acme.world, acme.world.team.id)
    listed = page(acme, "bob", "/statements/")
    assert str(ours.id) in listed
    assert str(whole.id) not in listed
    for path in ("", "statement.pdf", "statement.csv"):
        assert browser(acme.bob).get(f"/statements/{ours.id}/{path}").status_code == 200
        assert browser(acme.bob).get(f"/statements/{whole.id}/{path}").status_code == 404
        assert browser(acme.dev).get(f"/statements/{ours.id}/{path}").status_code == 403


def test_leads_and_administrators_are_told(acme: Cast) -> None:
    closed(acme)
    told = Notice.across_tenants.using("system").filter(organization=acme.world.organization, kind="statement_closed")
    assert set(told.values_list("person_id", flat=True)) == {acme.ada.user.id, acme.bob.user.id}
    assert "Statement of April 2026" in page(acme, "bob", "/notices/")


def test_one_that_is_not_as_recorded_says_so(acme: Cast) -> None:
    statement = closed(acme)
    forged = orjson.dumps(replace(Stated.read(statement.content), corrections={}).written({})).decode()
    with transaction.atomic(using="migrator"), connections["migrator"].cursor() as cursor:
        cursor.execute("SET LOCAL chancery.ledger_ddl = 'on'")
        cursor.execute("ALTER TABLE audit_statement DISABLE TRIGGER deny_change")
        cursor.execute("UPDATE audit_statement SET content = %s::jsonb WHERE id = %s", [forged, statement.id])
        cursor.execute("ALTER TABLE audit_statement ENABLE ALWAYS TRIGGER deny_change")
    assert "not as recorded" in page(acme, "ada", f"/statements/{statement.id}/")
