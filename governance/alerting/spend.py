"""Days and tokens: against what is usual, and against amounts that somebody has set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from audit.usage.measures import spend_by, tokens_by_team
from audit.usage.spend import spend_by_day
from governance.alerting.drive import drives
from governance.alerting.finding import Found, Subject
from governance.alerting.terms import InForce, Terms
from governance.models import AlertKind
from tenants.models import Organization, Team
from tenants.periods import midnight

_AVERAGE_DAYS, _BASELINE_DAYS = 30, 28
_LEAST_DAYS = 7  # before an average means anything
_PERCENT = 100
Sums = dict[UUID | None, int]


def look(organization: Organization, terms: InForce, now: datetime) -> Iterator[Found]:
    """The organisation as a whole, and each team."""
    today = midnight(organization.time_zone, now)
    subjects = subjects_of(organization)
    by_day = spend_by_day(
        since=today - timedelta(days=_AVERAGE_DAYS), until=now, time_zone=organization.time_zone, group_by="team_id"
    )
    spent: dict[UUID | None, dict[bool, int]] = {}
    days: dict[UUID | None, set[date]] = {}
    for row in by_day:
        is_today = row.day == today.date()
        for member in (row.group, None):
            part = spent.setdefault(member, {})
            part[is_today] = part.get(is_today, 0) + row.nano_usd
            days.setdefault(member, set()).add(row.day)
    for team_id, subject in subjects.items():
        part, seen_days = spent.get(team_id, {}), days.get(team_id, set())
        yield from _average(team_id, subject, terms, part, min(seen_days, default=today.date()), today, now)
        yield from _amount(team_id, subject, terms, part.get(True, 0), today)
        yield from _operations(team_id, subject, terms, today, now)
    yield from _tokens(subjects, terms, now)


def subjects_of(organization: Organization) -> dict[UUID | None, Subject]:
    """None stands for all together, and comes first."""
    subjects: dict[UUID | None, Subject] = {None: Subject("organization", organization.name)}
    for team in Team.objects.all():
        subjects[team.id] = Subject(f"team:{team.id}", team.name, team.id)
    return subjects


def _average(
    team_id: UUID | None,
    subject: Subject,
    terms: InForce,
    part: dict[bool, int],
    first: date,
    today: datetime,
    now: datetime,
) -> Iterator[Found]:
    set_terms = terms.of(AlertKind.DAILY_AVERAGE, team_id)
    days = (today.date() - first).days
    if not set_terms.is_active or days < _LEAST_DAYS:
        return
    average = part.get(False, 0) // min(days, _AVERAGE_DAYS)
    bound = average * set_terms["percent"] // _PERCENT
    seen = part.get(True, 0)
    if average and seen > bound and seen >= set_terms["least_nano_usd"]:
        since = today - timedelta(days=min(days, _AVERAGE_DAYS))
        scale = 1 / min(days, _AVERAGE_DAYS)
        found = drives((since, today), (today, now), scale, team=team_id)
        yield Found(
            set_terms, subject, "day", "nano_usd", seen, bound, today, average, f"{today:%Y-%m-%d}", drivers=found
        )


def _amount(team_id: UUID | None, subject: Subject, terms: InForce, seen: int, today: datetime) -> Iterator[Found]:
    set_terms = _of_amounts(terms, AlertKind.DAILY_SPEND, team_id)
    if set_terms and seen > set_terms["amount_nano_usd"]:
        bound = set_terms["amount_nano_usd"]
        yield Found(set_terms, subject, "day", "nano_usd", seen, bound, today, period=f"{today:%Y-%m-%d}")


def _operations(
    team_id: UUID | None, subject: Subject, terms: InForce, today: datetime, now: datetime
) -> Iterator[Found]:
    set_terms = _of_amounts(terms, AlertKind.OPERATION_SPEND, team_id)
    if set_terms is None:
        return
    bound = set_terms["amount_nano_usd"]
    for operation, seen in spend_by("operation", today, now, team=team_id).items():
        if seen > bound:
            about = Subject(f"{subject.key}:{operation}", f"{subject.name}, {operation}", team_id)
            yield Found(set_terms, about, "day", "nano_usd", seen, bound, today, period=f"{today:%Y-%m-%d}")


def _tokens(subjects: dict[UUID | None, Subject], terms: InForce, now: datetime) -> Iterator[Found]:
    """The last day against a day of the four weeks before it."""
    yesterday = now - timedelta(days=1)
    last, before = _with_whole(tokens_by_team(yesterday, now)), {}
    if last[None]:
        before = _with_whole(tokens_by_team(yesterday - timedelta(days=_BASELINE_DAYS), yesterday))
    for team_id, subject in subjects.items():
        set_terms = terms.of(AlertKind.TOKENS, team_id)
        baseline, seen = before.get(team_id, 0) // _BASELINE_DAYS, last.get(team_id, 0)
        bound = baseline * set_terms["percent"] // _PERCENT
        if set_terms.is_active and baseline and seen > bound and seen >= set_terms["least_tokens"]:
            yield Found(set_terms, subject, "tokens", "tokens", seen, bound, yesterday, baseline)


def _with_whole(sums: Sums) -> Sums:
    return {**sums, None: sum(sums.values())}


def _of_amounts(terms: InForce, kind: AlertKind, team_id: UUID | None) -> Terms | None:
    """An amount set for the organisation is not one for each of its teams."""
    found = terms.of(kind) if team_id is None else terms.own(kind, team_id)
    return found if found and found.is_active else None
