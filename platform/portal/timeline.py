"""Acts from the ledger as lines that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit import selectors
from audit.models import Record
from portal.actions import ACTIONS
from tenants.selectors import names_of


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

    @property
    def record_end(self) -> str:
        """Enough of the record's id to know it again; ids begin with the time."""
        return str(self.id)[-12:]

    @property
    def refusal(self) -> str:
        """What was tried, and the code it was refused with; empty for an act that was done."""
        if self.action != "portal.act.refused":
            return ""
        return f"{self.details.get('tried')}: {self.details.get('code')}"


def entries(records: Sequence[Record]) -> list[Entry]:
    """The same acts, in their order, with names."""
    names = names_of(record.actor_id for record in records if record.actor_kind == "user")
    return [
        Entry(
            id=record.id,
            at=record.at,
            title=title_of(record.action),
            action=record.action,
            who=names.get(record.actor_id, "the system"),
            object_kind=record.object_kind or "",
            object_id=record.object_id,
            details=selectors.content(record).get("details") or {},
        )
        for record in records
    ]


def title_of(action: str) -> str:
    """For one that is no longer made, such as `tenants.api_key.lent`, its name: `Api key lent`."""
    if action in ACTIONS:
        return ACTIONS[action].title
    _, _, name = action.partition(".")
    return name.replace(".", " ").replace("_", " ").capitalize()
