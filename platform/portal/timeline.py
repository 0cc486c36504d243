"""Acts from the ledger as lines that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit import selectors
from audit.models import Record
from tenants.selectors import names_of

_TITLES = {
    "governance.approval.requested": "Approval asked for",
    "governance.approval.approved": "Approved",
    "governance.approval.rejected": "Rejected",
    "governance.approval.withdrawn": "Request withdrawn",
    "governance.approval.suspended": "Approval suspended",
    "governance.approval.resumed": "Approval resumed",
    "governance.model.registered": "Registered",
    "governance.model.suspended": "Model suspended",
    "governance.model.resumed": "Model resumed",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `action` is its stable name; `details` are ids, labels and numbers."""

    id: UUID
    at: datetime
    title: str
    action: str
    who: str
    object_kind: str
    object_id: UUID | None
    details: Mapping[str, Any]


def entries(records: Sequence[Record]) -> list[Entry]:
    """The same acts, in their order, with names."""
    names = names_of(record.actor_id for record in records if record.actor_kind == "user")
    return [
        Entry(
            id=record.id,
            at=record.at,
            title=_TITLES.get(record.action) or _plain(record.action),
            action=record.action,
            who=names.get(record.actor_id, "the system"),
            object_kind=record.object_kind or "",
            object_id=record.object_id,
            details=selectors.content(record).get("details") or {},
        )
        for record in records
    ]


def _plain(action: str) -> str:
    """`tenants.api_key.issued` as `Api key issued`."""
    _, _, name = action.partition(".")
    return name.replace(".", " ").replace("_", " ").capitalize()
