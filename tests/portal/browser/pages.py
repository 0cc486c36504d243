"""Every page of the portal's own that somebody may open, taken from its addresses, and something for them to show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern

from kit.scoping import within
from portal.urls import urlpatterns
from tests.isolation.addresses import SUBJECTS
from tests.support.acts import PREPARED, perform
from tests.support.cast import Person, browser
from tests.support.world import World

_PARAMETER = re.compile(r"<uuid:\w+>")
_DONE = (
    "tenants.budget.added",
    "tenants.budget_increase.asked",
    "tenants.budget_increase.granted",
    "governance.use_case.registered",
    "governance.third_party.described",
    "governance.agreement.added",
    "governance.model_card.written",
    "governance.evidence.added",
    "governance.model.suspended",
    "governance.break_glass.asked",
    "governance.break_glass.opened",
    "governance.waiver.asked",
    "governance.waiver.granted",
    "governance.approval.drafted",
    "governance.approval.rejected",
    "governance.approval.recertification_noticed",
    "governance.approval.changes_requested",
    "governance.approval.commented",
    "governance.approval.signed",
    "governance.model.deprecated",
    "governance.evaluation.judged",
    "governance.alert_rule.set",
    "governance.alert.muted",
    "governance.alert_channel.tested",
)


def fill(world: World) -> None:
    """Every kind of thing that the pages show."""
    for action in _DONE:
        perform(PREPARED[action](world))


def pages_of(person: Person) -> list[str]:
    client, screens = browser(person), [each for each in urlpatterns if isinstance(each, URLPattern)]
    with within(person.actor.scope):
        addresses = [each for screen in screens for each in _addresses(f"/{screen.pattern}")]
    return [address for address in addresses if _is_page(client.get(address))]


def _addresses(route: str) -> Iterator[str]:
    """The address itself, or that of the newest row that it can be about, if there is one."""
    if not _PARAMETER.search(route):
        yield route
        return
    subject: Any = next(model for prefix, model in SUBJECTS.items() if route.startswith(f"/{prefix}"))
    for row in subject.objects.order_by("-id")[:1]:
        yield _PARAMETER.sub(str(row.pk), route)


def _is_page(answer: Any) -> bool:
    return bool(answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"))
