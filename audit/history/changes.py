"""What the portal reads of the history: within the entered scope, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from audit.choices import Operation
from audit.models import Change, Record
from audit.querysets import ACT

_ONE_TRANSACTION = timedelta(hours=1)


def of_object(object_id: UUID, *, before: UUID | None = None, limit: int = 50) -> list[Change]:
    """Changes of one row and of its parts, also of rows that are deleted."""
    rows = Change.objects.filter(Q(object_id=object_id) | Q(parent_id=object_id))
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def acts_of(rows: Iterable[Change | Record]) -> list[Record]:
    """The acts that were recorded in the transactions of these rows, oldest first."""
    transactions = {row.xid: row.at for row in rows}
    found = Record.objects.filter(ACT, xid__in=transactions).order_by("id")
    return [act for act in found if _are_together(act.at, transactions[act.xid])]


def acts_by_change(changes: Sequence[Change]) -> dict[UUID, list[Record]]:
    """The acts that made each of the changes; none for one that was made past the application."""
    acts = acts_of(changes)
    return {change.id: [act for act in acts if act.xid == change.xid] for change in changes}


def made_beside(rows: Iterable[Change | Record], kinds: Iterable[str]) -> list[Change]:
    """The rows of these kinds that were put in by the transactions of these rows."""
    transactions = {row.xid: row.at for row in rows}
    found = Change.objects.filter(xid__in=transactions, operation=Operation.INSERT, object_kind__in=list(kinds))
    return [change for change in found if _are_together(change.at, transactions[change.xid])]


def _are_together(one: datetime, other: datetime) -> bool:
    """Whether two rows with one transaction number are of one transaction: after a restore, numbers come again."""
    return abs(one - other) < _ONE_TRANSACTION
