"""Which tenant the present work is for. The first wall; row-level security is the second.

A scope is entered at an entry point (request, task, command) and holds for the transaction it opens:
the scoped managers filter by it and PostgreSQL's policies read it from transaction-local settings.
Outside a transaction such a setting would be lost, and a session-wide one would leak under a pooler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction

_SET = (
    "SELECT set_config('chancery.organization', %s, true), "
    "set_config('chancery.teams', %s, true), set_config('chancery.user', %s, true)"
)


class NoTenant(RuntimeError):
    """A tenant-owned table was read with no scope entered: a programming error, never shown to callers."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One organisation and those of its teams that may be seen; `team_ids=None` means all of them."""

    organization_id: UUID
    team_ids: frozenset[UUID] | None = None
    user_id: UUID | None = None


Leaving = Callable[[Scope, Exception | None], None]

_current: ContextVar[Scope | None] = ContextVar("chancery_scope", default=None)
_leaving: list[Leaving] = []


def when_left(told: Leaving) -> None:
    """From now on `told` is called whenever a scope was left, its transaction undone or kept, with what it raised."""
    if told not in _leaving:
        _leaving.append(told)


def current() -> Scope:
    """The scope entered last. Raises `NoTenant`."""
    scope = _current.get()
    if scope is None:
        raise NoTenant("enter a scope before reading tenant-owned rows")
    return scope


def entered() -> Scope | None:
    """The scope entered last, or none."""
    return _current.get()


@contextmanager
def within(scope: Scope, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[Scope]:
    """Opens a transaction in which only this scope's rows exist. May be nested; the outer one returns after."""
    try:
        with transaction.atomic(using=using):
            yield from _entered(scope, using)
    except Exception as failure:
        _left(scope, failure, using)
        raise
    _left(scope, None, using)


def _entered(scope: Scope, using: str) -> Iterator[Scope]:
    outer = _current.get()
    _announce(scope, using)
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)
    if not transaction.get_rollback(using):  # undoing what was done here undoes what was announced too
        _announce(outer, using)


def _left(scope: Scope, failure: Exception | None, using: str) -> None:
    if using == DEFAULT_DB_ALIAS:
        for told in _leaving:
            told(scope, failure)


def identify(user_id: UUID | None, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Tells the running transaction who signs in, before an organisation is chosen: own memberships become visible."""
    with connections[using].cursor() as cursor:
        cursor.execute(_SET, ["", "", str(user_id or "")])


def look_up_address(email: str, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Makes the one person with that e-mail address readable in the running transaction: to sign in, or to join."""
    _set_local("chancery.email", email, using)


def look_up_token(digest: bytes, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Makes the one personal access token with that digest readable in the running transaction."""
    _set_local("chancery.token", digest.hex(), using)


def announce_origin(address: str | None, request_id: UUID | None, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Tells the running transaction from where it was asked for: kept with every change it makes (`audit.history`).

    The zone of a link-local address (`fe80::1%eth0`) means something on one machine only and is left out.
    """
    _set_local("chancery.address", (address or "").partition("%")[0], using)
    _set_local("chancery.request", str(request_id or ""), using)


def _set_local(name: str, value: str, using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


def _announce(scope: Scope | None, using: str) -> None:
    organization = teams = user = ""
    if scope is not None:
        organization = str(scope.organization_id)
        teams = "*" if scope.team_ids is None else ",".join(sorted(str(team) for team in scope.team_ids))
        user = str(scope.user_id or "")
    with connections[using].cursor() as cursor:
        cursor.execute(_SET, [organization, teams, user])
