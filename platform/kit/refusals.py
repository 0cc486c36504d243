"""Acts that were refused, kept until what they were tried in has ended.

A refusal undoes its transaction, and with it whatever would be written there. So it is noted where it is met: where
a scope is left by an error (`left`), where a page or `/api` turns one into an answer (`note`), and where PostgreSQL
refuses a statement (`kit.statements`). Once no transaction is left open, each is told to the recorder.

What counts is what somebody was not allowed to do (`COUNTED`), tried by a known person. What is mistyped, missing or
in the way of something else is no abuse and is not noted.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import FrameType
from uuid import UUID

from django.db import connection
from django.db.models import Model

from kit.errors import ChanceryError
from kit.scoping import Scope, entered

# A conflict counts where it is a signature that is refused; any other is met by whoever comes second.
COUNTED = frozenset(
    {"permission_denied", "separation_of_duties", "otp_required", "content_changed", "already_decided", "review_closed"}
)


@dataclass(frozen=True, slots=True)
class Thing:
    """What an act was tried on; of no kind where only the id is known."""

    id: UUID
    kind: type[Model] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """`tried` names the service, page or statement; `things` are what it was given, what it is about first."""

    scope: Scope
    tried: str
    code: str
    things: tuple[Thing, ...] = ()
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """From where it was tried."""

    address: str | None = None
    request_id: UUID | None = None


Recorder = Callable[[Refusal, Origin], None]

_noted: ContextVar[tuple[Refusal, ...]] = ContextVar("chancery_refusals", default=())
_is_telling: ContextVar[bool] = ContextVar("chancery_telling_refusals", default=False)
_recorders: list[Recorder] = []


def tell(recorder: Recorder) -> None:
    """From now on `recorder` is called with each refusal, outside any transaction. It raises nothing."""
    _recorders[:] = [recorder]


def note(
    failure: BaseException, *, scope: Scope | None = None, tried: str = "", things: tuple[Thing, ...] = ()
) -> None:
    """Notes a service's refusal, once however often it is met on its way.

    The service and what it was given are read from where the error was raised; `tried` and `things` say it where
    somebody was turned away before any service was asked.
    """
    if not isinstance(failure, ChanceryError) or failure.code not in COUNTED or getattr(failure, "is_noted", False):
        return
    frame = _service(failure)
    if frame is not None:
        tried, things = _name(frame), _given(frame) or things
    if tried:
        failure.is_noted = True  # type: ignore[attr-defined]
        keep(scope, tried, failure.code, things)


def note_shown(refusal: Exception) -> None:
    """Notes what a form shows in its own words. That a code is asked for belongs to the form: it leads there."""
    if getattr(refusal, "code", "") != "otp_required":
        note(refusal)


def keep(
    scope: Scope | None,
    tried: str,
    code: str,
    things: tuple[Thing, ...] = (),
    details: tuple[tuple[str, str], ...] = (),
) -> None:
    """Keeps a refusal in the given scope, or the one entered. Where no person is known there is nobody to tell of."""
    scope = scope or entered()
    if scope is not None and scope.user_id is not None and not _is_telling.get():
        _noted.set((*_noted.get(), Refusal(scope, tried, code, things, details)))


def left(scope: Scope, failure: Exception | None) -> None:
    """A scope was left."""
    if failure is not None:
        note(failure, scope=scope)
    settle()


def settle(origin: Origin = Origin()) -> None:
    """Tells what was noted, unless a transaction is open still: whoever opened that one settles after it."""
    noted = _noted.get()
    if not noted or _is_telling.get() or connection.in_atomic_block:
        return
    _noted.set(())
    token = _is_telling.set(True)
    try:
        for refusal in noted:
            for recorder in _recorders:
                recorder(refusal, origin)
    finally:
        _is_telling.reset(token)


def _service(failure: BaseException) -> FrameType | None:
    """The service that was asked, outermost where one asks another."""
    for frame, _ in traceback.walk_tb(failure.__traceback__):
        if ".services." in frame.f_globals.get("__name__", ""):
            return frame
    return None


def _name(frame: FrameType) -> str:
    """`governance.approvals.approve` of `governance.services.approvals.deciding.approve`."""
    app, _, place = frame.f_globals["__name__"].partition(".services.")
    return f"{app}.{place.partition('.')[0]}.{frame.f_code.co_name}"


def _given(frame: FrameType) -> tuple[Thing, ...]:
    """The rows among its arguments."""
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    rows = [frame.f_locals.get(name) for name in names]
    return tuple(Thing(row.pk, type(row)) for row in rows if isinstance(row, Model) and isinstance(row.pk, UUID))
