"""Anomalies of spend: of the organisation as a whole and of each team, by the hour, by the day, and by key.

One team's anomaly is not told a second time as the organisation's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from audit.usage.anomalies import HISTORY_DAYS, HISTORY_HOURS, WATCHED_DAYS, Anomaly, creep, newcomers, spike
from audit.usage.measures import spend_by, spend_by_hour, whole
from governance.alerting.drive import Bounds, drives
from governance.alerting.finding import Drive, Found, Subject
from governance.alerting.spend import subjects_of
from governance.alerting.terms import InForce, Terms
from governance.models import AlertKind
from tenants.models import ApiKey, Organization
from tenants.periods import midnight

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
_SPAN = (HISTORY_DAYS + WATCHED_DAYS) * _DAY
_NEWCOMER_WEEKS = 4
Hours = Mapping[datetime, int]


def look(organization: Organization, terms: InForce, now: datetime) -> Iterator[Found]:
    end = now.replace(minute=0, second=0, microsecond=0)
    by_team = spend_by_hour(end - _SPAN - _DAY, end)
    found_in_teams = False
    for team_id, subject in reversed(subjects_of(organization).items()):
        set_terms = terms.of(AlertKind.ANOMALY, team_id)
        hours = by_team.get(team_id, {}) if team_id else whole(by_team.values())
        if not set_terms.is_active or not hours or (team_id is None and found_in_teams):
            continue
        found = list(_of_series(set_terms, subject, hours, organization.time_zone, end))
        found += _newcomers(set_terms, subject, hours, end) if team_id else []
        found_in_teams = found_in_teams or bool(found)
        yield from found


def _of_series(terms: Terms, subject: Subject, hours: Hours, time_zone: str, end: datetime) -> Iterator[Found]:
    first = min(hours)
    span = min(HISTORY_HOURS + 1, int((end - first) / _HOUR))
    series = [float(hours.get(end - (span - place) * _HOUR, 0)) for place in range(span)]
    team = subject.team_id
    if series and (one := spike(series)) and _is_worth(terms, one):
        before = (end - _HOUR - _WEEK, end - _WEEK)
        yield _found(terms, subject, one, end - _HOUR, drives(before, (end - _HOUR, end), 1.0, team=team))
    days = _days(hours, time_zone, end)
    if days and (one := creep(days)) and _is_worth(terms, one):
        today = midnight(time_zone, end)
        before = (today - 4 * _WEEK, today - 2 * _WEEK)
        yield _found(terms, subject, one, today - _DAY, drives(before, (today - _DAY, today), 1 / 14, team=team))


def _newcomers(terms: Terms, subject: Subject, hours: Hours, end: datetime) -> Iterator[Found]:
    """Keys of a team: the last day against a usual one of the four weeks before."""
    since: Bounds = (end - _DAY, end)
    usual = sum(spent for hour, spent in hours.items() if end - _NEWCOMER_WEEKS * _WEEK <= hour < end - _DAY)
    span = min(_NEWCOMER_WEEKS * 7 - 1, int((end - _DAY - min(hours)) / _DAY))
    if span < 7:
        return
    now = {member: float(spent) for member, spent in spend_by("api_key_id", *since, team=subject.team_id).items()}
    before = spend_by("api_key_id", end - _SPAN, end - _DAY, team=subject.team_id) if now else {}
    found = newcomers({member: float(spent) for member, spent in before.items()}, now, usual / span)
    names = {str(key.id): key.name for key in ApiKey.objects.filter(id__in=list(found))}
    for key_id, one in found.items():
        if _is_worth(terms, one):
            about = Subject(f"key:{key_id}", f"{subject.name}, {names.get(str(key_id), 'a key')}", subject.team_id)
            yield _found(terms, about, one, since[0], (Drive("api_key", str(key_id), 100),))


def _days(hours: Hours, time_zone: str, end: datetime) -> list[float]:
    """Whole days of the organisation's time zone, the last of them yesterday."""
    zone = ZoneInfo(time_zone)
    last = end.astimezone(zone).date()
    first = max(min(hours).astimezone(zone).date(), last - _SPAN)
    sums = [0.0] * (last - first).days
    for hour, spent in hours.items():
        place = (hour.astimezone(zone).date() - first).days
        if 0 <= place < len(sums):
            sums[place] += spent
    return sums[1:]  # the first one is not whole


def _is_worth(terms: Terms, one: Anomaly) -> bool:
    return one.seen - one.expected >= terms["least_nano_usd"]


def _found(terms: Terms, subject: Subject, one: Anomaly, since: datetime, drivers: tuple[Drive, ...]) -> Found:
    about = Subject(f"{subject.key}:{one.kind}", subject.name, subject.team_id)
    return Found(
        terms,
        about,
        one.kind,
        "nano_usd",
        seen=round(one.seen),
        bound=round(one.high),
        since=since,
        expected=round(one.expected),
        drivers=drivers,
    )
