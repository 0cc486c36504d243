"""Cost reports: each morning what yesterday cost, each Monday what the week before did, beside the period before.

Leads are told of their teams, administrators of the organisation, as of anything else: a notice, and an e-mail unless
they want none. The figures are made when it is sent; its link leads to the spend page of that period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.usage.totals import Period, totals
from governance.models import Notice, NoticeKind
from governance.services import notices
from kit import money
from kit.scoping import Scope, within
from portal.spend import periods, story
from portal.spend.dimensions import DIMENSIONS
from portal.spend.wanted import Wanted
from tenants.models import Membership, Organization, Role

KINDS = {NoticeKind.DAILY_COSTS: 1, NoticeKind.WEEKLY_COSTS: 7}
# By the clock of the organisation: from when it is told, and until when a timetable that was away makes up for it.
_FROM, _UNTIL = time(6), time(12)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Report:
    """Of a team, or of the whole organisation; `first` and `last` are days."""

    organization: Organization
    team_id: UUID | None
    first: date
    last: date

    @property
    def wanted(self) -> Wanted:
        of, by = ({"team": self.team_id}, "project") if self.team_id else ({}, "team")
        return Wanted(periods.BETWEEN, self.first, self.last, DIMENSIONS[by], of)

    def address(self) -> str:
        return self.wanted.address()

    def days(self) -> str:
        if self.first == self.last:
            return f"{self.first:%A, %-d %B %Y}"
        return f"{self.first:%-d %B} to {self.last:%-d %B %Y}"

    def lines(self, now: datetime) -> list[str]:
        """The figures in plain text, within the entered scope."""
        present = periods.period(self.first, self.last, now, self.organization.time_zone)
        told = story.tell(self.wanted, present, periods.before(periods.BETWEEN, present))
        return [*_total(self, told), *_dearest(self, told), *_drivers(told)]


def report_of(notice: Notice, organization: Organization) -> Report:
    """What a notice of costs is about: the day or the week before it, by the clock of the organisation."""
    days = KINDS[NoticeKind(notice.kind)]
    last = notice.at.astimezone(ZoneInfo(organization.time_zone)).date() - timedelta(days=1)
    team_id = notice.subject_id if notice.subject_kind == "team" else None
    return Report(organization, team_id, last - timedelta(days=days - 1), last)


def tell(organization: Organization, now: datetime) -> int:
    """Tells of yesterday, and on Mondays of last week; each once, however often it is called. Gives how many people."""
    local = now.astimezone(ZoneInfo(organization.time_zone))
    if not _FROM <= local.time() < _UNTIL:
        return 0
    kinds = [NoticeKind.DAILY_COSTS, *([NoticeKind.WEEKLY_COSTS] if local.weekday() == 0 else [])]
    with within(Scope(organization.id)):
        leads = _held(Role.TEAM_LEAD)
        whole = [user for user, team in _held(Role.ADMINISTRATOR) if team is None]
        return sum(_tell(organization, kind, local.date(), leads, whole, now) for kind in kinds)


def _tell(
    organization: Organization,
    kind: NoticeKind,
    today: date,
    leads: list[tuple[UUID, UUID | None]],
    whole: list[UUID],
    now: datetime,
) -> int:
    """Where something was spent then, or in the period before."""
    begin = today - timedelta(days=2 * KINDS[kind])
    zone = ZoneInfo(organization.time_zone)
    since, until = (datetime.combine(day, time(), zone) for day in (begin, today))
    spending = {team for _, team in totals(Period(since, until, organization.time_zone), "team_id")}
    told = 0
    if spending:
        told += _say(organization, kind, "organization", organization.id, whole, today, now)
    for team in spending - {None}:
        people = [user for user, led in leads if led == team]
        told += _say(organization, kind, "team", team, people, today, now)
    return told


def _say(
    organization: Organization,
    kind: NoticeKind,
    subject_kind: str,
    subject_id: UUID,
    people: list[UUID],
    today: date,
    now: datetime,
) -> int:
    return notices.tell(
        organization_id=organization.id,
        people=people,
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        once=f"{kind}:{subject_id}:{today}",
        now=now,
    )


def _held(role: Role) -> list[tuple[UUID, UUID | None]]:
    return list(Membership.objects.filter(role=role).values_list("user_id", "team_id"))


def _total(report: Report, told: story.Story) -> Iterator[str]:
    yield f"{report.days()}: {money.display(told.total.nano_usd)} for {told.total.requests:,} requests."
    yield f"Before: {money.display(told.before.nano_usd)}{_percent(told.percent)}."
    if told.total.estimated_nano_usd:
        yield f"Estimated of it: {money.display(told.total.estimated_nano_usd)}."


def _dearest(report: Report, told: story.Story) -> Iterator[str]:
    if not told.lines:
        return
    yield ""
    yield f"By {report.wanted.by.title.lower()}:"
    for line in told.lines[:_SHOWN]:
        yield f"  {_plain(line.name)}: {money.display(line.figures.nano_usd)}{_percent(line.percent)}"
    if more := len(told.lines) - _SHOWN + told.rest:
        yield from [f"  and {more} more"] if more > 0 else []


def _drivers(told: story.Story) -> Iterator[str]:
    if not told.drivers:
        return
    yield ""
    yield "What explains the change:"
    for each in told.drivers:
        is_new = ", new" if each.is_new else ""
        change = f"{'+' if each.change > 0 else '-'}{money.display(abs(each.change))}"
        yield f"  {each.dimension.title.lower()} {_plain(each.name)}: {change} ({each.share} % of it{is_new})"


def _percent(percent: int | None) -> str:
    return "" if percent is None else f" ({percent:+} %)"


def _plain(name: str) -> str:
    """On one line."""
    return " ".join(name.split())
