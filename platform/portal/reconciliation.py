"""A provider's export beside the ledger: our sums by UTC day and by the name that its models have upstream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, Sum

from audit.models import Settlement
from audit.querysets import id_bounds
from audit.usage import reconcile, totals
from audit.usage.reconcile import Difference, Place, Theirs
from audit.usage.totals import Figures, Period
from governance.intake import invoices
from governance.intake.invoices import Billed
from governance.models import Deployment, Provider
from kit.context import Actor
from tenants import permissions

VIEW = "audit.spend.view"


@dataclass(frozen=True, slots=True)
class Report:
    """`days` is how many days and models either of both knows. Unknown are calls of the period that may have gone to
    any provider: nobody knows how they ended, and each is on record at the most it can have cost."""

    since: date
    until: date
    days: int
    theirs_nano_usd: int
    ours_nano_usd: int
    differences: list[Difference]
    unknown: int
    unknown_nano_usd: int


def report(*, actor: Actor, provider: Provider, content: bytes, tolerance_ppm: int) -> Report:
    """Of the days that the export has. Raises `errors.InvalidRequest` for what is no export."""
    permissions.require(actor, VIEW)
    permissions.require_reach(actor, None)
    billed = invoices.read(content)
    days = [one.day for one in billed]
    since, until = _midnight(min(days)), _midnight(max(days) + timedelta(days=1))
    theirs = _by_place(billed)
    ours = _ours(provider, Period(since, until, "UTC"))
    if all(not model for _, model in theirs):
        ours = _of_all_models(ours)
    unknown = Settlement.objects.filter(
        id_bounds("request_id", since, until), outcome="outcome_unknown", provider_id=None
    ).aggregate(calls=Count("request_id"), nano_usd=Sum("cost_nano_usd", default=0))
    return Report(
        since.date(),
        max(days),
        len(theirs.keys() | ours.keys()),
        sum(one.nano_usd or 0 for one in theirs.values()),
        sum(one.nano_usd for one in ours.values()),
        reconcile.compare(theirs, ours, tolerance_ppm=tolerance_ppm),
        unknown["calls"],
        int(unknown["nano_usd"]),
    )


def estimated_requests(provider: Provider, difference: Difference, most: int) -> list[UUID]:
    """Those of the day and model whose figures are not the provider's, the dearest first."""
    since = _midnight(difference.day)
    deployments = [each.id for each in _deployments(provider) if _named(each) == difference.model]
    rows = Settlement.objects.filter(
        id_bounds("request_id", since, since + timedelta(days=1)), deployment_id__in=deployments, estimated=True
    )
    return list(rows.order_by("-cost_nano_usd").values_list("request_id", flat=True)[:most])


def _by_place(billed: Iterable[Billed]) -> dict[Place, Theirs]:
    return {(one.day, one.model): Theirs(one.input_tokens, one.output_tokens, one.nano_usd) for one in billed}


def _ours(provider: Provider, period: Period) -> dict[Place, Figures]:
    names = {each.id: _named(each) for each in _deployments(provider)}
    found: dict[Place, Figures] = {}
    for (day, deployment_id), figures in totals.totals(
        period, "deployment_id", per="day", of={"provider_id": provider.id}
    ).items():
        if isinstance(day, datetime) or day is None:
            continue
        place = day, names.get(deployment_id, "")
        found[place] = found.get(place, Figures()) + figures
    return found


def _of_all_models(ours: dict[Place, Figures]) -> dict[Place, Figures]:
    """For an export of days alone."""
    found: dict[Place, Figures] = {}
    for (day, _), figures in ours.items():
        found[day, ""] = found.get((day, ""), Figures()) + figures
    return found


def _deployments(provider: Provider) -> list[Deployment]:
    return list(Deployment.objects.filter(provider=provider))


def _named(deployment: Deployment) -> str:
    """As the provider calls it: what litellm has before the last slash is not part of it."""
    return invoices.family(deployment.upstream_model.rpartition("/")[2])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
