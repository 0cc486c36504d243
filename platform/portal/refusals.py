"""Acts that were refused, written to the ledger: who tried what on which object, and by which code it was refused.

In a transaction of its own, after the one that was undone. Whoever tries the same again within a minute is counted
and not written down anew. That a refusal cannot be recorded is logged and counted; it stays a refusal.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.backends.signals import connection_created
from django.db.models import CompositePrimaryKey
from django.db.models import Model as Row
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from rest_framework.exceptions import PermissionDenied as NotAllowed

from audit.history.refusals import capture_refusal
from audit.ledger.append import append_act
from governance.models import Approval, ApprovalRequest
from kit import clock, logs, metrics, refusals, scoping, statements
from kit.context import Actor
from kit.errors import Forbidden
from kit.refusals import Origin, Refusal, Thing
from kit.scoping import Scope
from portal.client_address import client_address
from portal.subjects import ids_in, kinds
from tenants.models import Organization, User

logger = logging.getLogger(__name__)

ACTION = "portal.act.refused"
_AGAIN_SECONDS = 60.0
_MOST_REMEMBERED = 4096
_SAFE = ("GET", "HEAD", "OPTIONS")
_counted = metrics.counter(
    "chancery_refused_acts_total",
    "Refused acts of people: written to the ledger, tried again within a minute, or failed to be written.",
    "outcome",
)
_recent: OrderedDict[Any, float] = OrderedDict()


def begin() -> None:
    """From now on, in this process."""
    refusals.tell(record)
    scoping.when_left(refusals.left)
    connection_created.connect(statements.watch, dispatch_uid="portal.refusals")


def note_in(request: HttpRequest, failure: Exception) -> None:
    """Notes what a page or `/api` answers with a refusal. Reading does nothing that could be refused as an act."""
    if request.method in _SAFE:
        return
    if isinstance(failure, PermissionDenied | NotAllowed) and not str(failure).startswith("CSRF"):
        failure = Forbidden("Turned away before any service was asked.")
    refusals.note(failure, tried=_page(request), things=_named(request))


def note_inactive(request: HttpRequest, user_id: UUID, organizations: Iterable[UUID]) -> None:
    """Notes that somebody who is deactivated tried something, by a session or token from before."""
    tried = _page(request)
    if request.method not in _SAFE and tried:
        for organization_id in organizations:
            scope = Scope(organization_id, None, user_id)
            refusals.keep(scope, tried, "person_inactive", _named(request))


def settle(request: HttpRequest) -> None:
    """After the transaction of a request."""
    refusals.settle(Origin(client_address(request), logs.request_id.get()))


def record(refusal: Refusal, origin: Origin) -> None:
    """The recorder (`kit.refusals.tell`)."""
    try:
        with scoping.within(refusal.scope):
            scoping.announce_origin(origin.address, origin.request_id)
            row = next(_found(refusal.things), None)
            outcome = "repeated" if _is_again(refusal, row) else "recorded"
            if outcome == "recorded":
                _write(refusal, row)
    except Exception:
        outcome = "failed"
        logger.exception("A refused act could not be recorded: %s, %s", refusal.tried, refusal.code)
    _counted.of(outcome).value += 1


def _write(refusal: Refusal, row: Row | None) -> None:
    scope = refusal.scope
    assert scope.user_id is not None
    kind, identifier = _label(row), row.pk if row else scope.organization_id
    team_id = getattr(row, "team_id", None)
    model_id, details = _of_model(row)
    append_act(
        actor=Actor("user", scope.user_id, scope.organization_id, team_ids=scope.team_ids),
        action=ACTION,
        object_kind="model" if model_id else kind,
        object_id=model_id or identifier,
        details={"tried": refusal.tried, "code": refusal.code, **dict(refusal.details), **details},
        team_id=team_id,
    )
    capture_refusal(object_kind=kind, object_id=identifier, parent_id=model_id, team_id=team_id)


def _of_model(row: Row | None) -> tuple[UUID | None, dict[str, str]]:
    """Whose model it is told of, as every act on a request or an approval is."""
    if isinstance(row, ApprovalRequest):
        return row.model_id, {"request_id": str(row.id)}
    if isinstance(row, Approval):
        return row.model_id, {"approval_id": str(row.id)}
    return None, {}


def _found(things: tuple[Thing, ...]) -> Iterator[Row]:
    """Those that there are in the scope: what the act is about first, people and the organisation last."""
    last: list[Row] = []
    for thing in things:
        for kind in [thing.kind] if thing.kind else kinds():
            if isinstance(kind._meta.pk, CompositePrimaryKey):  # whose rows no id names
                continue
            row = kind._default_manager.filter(pk=thing.id).first()
            if isinstance(row, User | Organization):
                last.append(row)
            elif row is not None:
                yield row
    yield from last


def _label(row: Row | None) -> str:
    """As the history calls it: `approval_request`."""
    if row is None:
        return "organization"
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in type(row).__name__)
    return words.removeprefix("_")


def _page(request: HttpRequest) -> str:
    """The name of the address that was called; empty where there is none."""
    match = _match(request)
    return match.view_name if match else ""


def _named(request: HttpRequest) -> tuple[Thing, ...]:
    match = _match(request)
    return tuple(map(Thing, ids_in([str(value) for value in match.kwargs.values()]))) if match else ()


def _match(request: HttpRequest) -> ResolverMatch | None:
    """Of a request that may not have come as far as its view."""
    try:
        return request.resolver_match or resolve(request.path_info)
    except Resolver404:
        return None


def _is_again(refusal: Refusal, row: Row | None) -> bool:
    """Whether the same person was refused the same within a minute, as far as this process remembers."""
    now, same = clock.monotonic(), (refusal.scope, refusal.tried, refusal.code, row.pk if row else None)
    before = _recent.get(same)
    if before is not None and now - before < _AGAIN_SECONDS:
        return True
    _recent[same] = now
    _recent.move_to_end(same)
    while len(_recent) > _MOST_REMEMBERED:
        _recent.popitem(last=False)
    return False
