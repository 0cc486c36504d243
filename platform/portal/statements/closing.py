"""Closing months: one statement for the organisation, and one for each team that something was spent by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connections
from django.db.models import Min

from audit.ledger.append import append_act
from audit.ledger.canonical import canonical
from audit.models import Statement, UsageQuarter
from audit.usage import rollups, statements
from audit.usage.statements import Item, Stated, lines_of, period_of
from audit.usage.totals import Figures, Period
from governance.models import NoticeKind
from governance.services import notices
from kit import clock, errors
from kit.context import Actor
from kit.scoping import Scope, within
from tenants.models import ApiKey, Membership, Organization, Project, Role, Team

# No call that came in before midnight runs on for that long, and no orphan waits for as long to be settled.
CLOSES_AFTER = timedelta(hours=6)
_SYSTEM = "system"
_ONCE = "statement_once_a_month"
_CLOSE = "SELECT audit_close_statement(%s, %s, %s, %s, %s::jsonb, %s, %s, %s)"


class Named(NamedTuple):
    """The team, or the organisation, and the first day of the month."""

    owner_id: UUID
    month: date


def due(organization: Organization, now: datetime) -> list[date]:
    """The months that are over and not closed, oldest first. None before the first call."""
    mine = Statement.across_tenants.using(_SYSTEM).filter(owner_id=organization.id)
    closed = mine.order_by("-month").values_list("month", flat=True).first()
    if closed is None:
        counted = UsageQuarter.across_tenants.using(_SYSTEM).filter(organization_id=organization.id)
        first = counted.aggregate(first=Min("starts_at"))["first"]
        if first is None:
            return []
        month = first.astimezone(ZoneInfo(organization.time_zone)).date().replace(day=1)
    else:
        month = _following(closed)
    found = []
    while _closes_at(month, organization) <= now:
        found.append(month)
        month = _following(month)
    return found


def close(*, actor: Actor, organization: Organization, month: date, now: datetime) -> list[UUID]:
    """Closes a month, for the timetable. Gives the statements; none where it has been closed meanwhile.

    Raises `errors.Conflict` for a month that is not over, of which usage is not counted to its end yet, or before which
    another is to be closed.
    """
    if actor.kind != "system":
        raise errors.Forbidden("The timetable closes months.")
    if Statement.across_tenants.using(_SYSTEM).filter(owner_id=organization.id, month=month).exists():
        return []
    closes_at = _closes_at(month, organization)
    if month not in due(organization, now)[:1] or rollups.as_of() < closes_at:
        raise errors.Conflict("The month is not over, or its usage is not counted to the end yet.")
    try:
        with within(Scope(organization.id), using=_SYSTEM):
            whole = _stated(organization, month)
            parts = {organization.id: whole, **{team: whole.of_team(team) for team in sorted(whole.teams())}}
            names = _names(whole)
            return [_put(actor, organization, Named(owner, month), part, names) for owner, part in parts.items()]
    except IntegrityError as failure:
        if _ONCE not in str(failure):
            raise
        return []  # somebody has closed it meanwhile


def _stated(organization: Organization, month: date) -> Stated:
    closed = list(Statement.objects.using(_SYSTEM).filter(owner_id=organization.id, month__lt=month))
    zones = {statement.month: statement.time_zone for statement in closed} | {month: organization.time_zone}

    def present(of: date) -> dict[Item, Figures]:
        return lines_of(_period(of, zones), using=_SYSTEM)

    said = statements.said_of_months(closed)
    found = {earlier: statements.differences(present(earlier), lines) for earlier, lines in said.items()}
    return Stated(present(month), {earlier: lines for earlier, lines in found.items() if lines})


def _period(month: date, zones: Mapping[date, str]) -> Period:
    """A month begins where the one before ended, also where the organisation has moved to another time zone."""
    whole, before = period_of(month, zones[month]), (month - timedelta(days=1)).replace(day=1)
    return replace(whole, since=period_of(before, zones[before]).until) if before in zones else whole


def _put(actor: Actor, organization: Organization, named: Named, stated: Stated, names: dict[UUID, str]) -> UUID:
    content, team_id = stated.written(names), None if named.owner_id == organization.id else named.owner_id
    digest = statements.digest(content)
    owner: list[Any] = [organization.id, named.owner_id, named.month, organization.time_zone]
    with connections[_SYSTEM].cursor() as cursor:
        cursor.execute(_CLOSE, [*owner, canonical(content).decode(), digest, stated.spent, stated.corrected])
        statement_id: UUID = cursor.fetchone()[0]
    append_act(
        actor=actor,
        action="portal.statement.closed",
        object_kind="statement",
        object_id=statement_id,
        details={
            "month": f"{named.month:%Y-%m}",
            "digest": digest,
            "spent_nano_usd": str(stated.spent),
            "corrected_nano_usd": str(stated.corrected),
        },
        team_id=team_id,
        using=_SYSTEM,
    )
    notices.tell(
        organization_id=organization.id,
        people=_readers(team_id),
        kind=NoticeKind.STATEMENT_CLOSED,
        subject_kind="statement",
        subject_id=statement_id,
        now=clock.now(),
        using=_SYSTEM,
    )
    return statement_id


def _readers(team_id: UUID | None) -> list[UUID]:
    """Administrators of the organisation; of a team its leads."""
    role = Role.TEAM_LEAD if team_id else Role.ADMINISTRATOR
    holders = Membership.objects.using(_SYSTEM).filter(role=role, team=team_id)
    return list(holders.values_list("user_id", flat=True))


def _names(stated: Stated) -> dict[UUID, str]:
    """As they were called when the month was closed."""
    items = list(stated.items())
    ids: list[tuple[type[Any], str, set[UUID | None]]] = [
        (Team, "name", {item.team_id for item in items}),
        (Project, "name", {item.project_id for item in items}),
        (ApiKey, "prefix", {item.api_key_id for item in items}),
    ]
    found: dict[UUID, str] = {}
    for model, column, wanted in ids:
        found |= dict(model.objects.using(_SYSTEM).filter(id__in=wanted - {None}).values_list("id", column))
    return found


def _closes_at(month: date, organization: Organization) -> datetime:
    return period_of(month, organization.time_zone).until + CLOSES_AFTER


def _following(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
