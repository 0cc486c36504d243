"""What the acts on break glass and on waivers have in common.

Each puts in a row; what follows from it the database decides, which refuses what is refused here as well. Nobody does
any of it in somebody else's place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from audit.ledger.envelope import canonical
from governance.models import BreakGlass, NoticeKind, Waiver
from governance.models.exceptions import DECIDERS, Exceptional
from governance.services import notices
from kit import errors
from tenants.models import Membership

SUBJECT_KINDS: dict[type[Exceptional], str] = {BreakGlass: "break_glass", Waiver: "waiver"}
_CHANGED = "It is not what it was when it was shown."


def digest(asked: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the canonical form of what is asked: what a signature signs."""
    return hashlib.sha256(canonical(asked)).hexdigest()


def said(words: str, what: str, param: str = "reason") -> str:
    """What somebody wrote, stripped. Raises `errors.InvalidRequest` where it is nothing."""
    if not words.strip():
        raise errors.InvalidRequest(what, param=param)
    return words.strip()


@contextmanager
def signing(exceptional: Exceptional, signed_hash: str) -> Iterator[None]:
    """A transaction to put a signature in. The database has the last word where two people act at once.

    Raises `errors.Conflict` where something else is signed than what is asked, or where the database refuses.
    """
    if signed_hash != exceptional.content_hash:
        raise errors.Conflict(_CHANGED, code="content_changed")
    try:
        with transaction.atomic():
            yield
    except IntegrityError as refused:
        raise errors.Conflict(_CHANGED) from refused


def tell_deciders(exceptional: Exceptional, kind: NoticeKind, but: set[UUID], now: datetime) -> None:
    """Whoever may take the next step."""
    deciders = Membership.objects.filter(role__in=DECIDERS).exclude(user_id__in=but)
    tell(exceptional, kind, deciders.values_list("user_id", flat=True), now)


def tell(exceptional: Exceptional, kind: NoticeKind, people: Iterable[UUID], now: datetime) -> None:
    notices.tell(
        organization_id=exceptional.organization_id,
        people=people,
        kind=kind,
        subject_kind=SUBJECT_KINDS[type(exceptional)],
        subject_id=exceptional.id,
        now=now,
        teams=[exceptional.team_id] if exceptional.team_id else [],
    )
