"""One object's timeline: its acts from the ledger beside what changed, before and after, from the history.

Acts and changes of one transaction are one step. What was changed past the application has no act and is a step too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from audit import selectors
from audit.choices import Operation
from audit.history import changes as history
from audit.models import Change, Record
from portal.subjects import Subject, ids_in, named
from portal.timeline import Entry, entries
from portal.values import Difference, difference
from tenants.selectors import names_of

# Whose words say why a change was made, and the column with them.
_REASONS = {"decision": "reason", "approval_request": "justification"}
# Said by the line itself, of a row that is made or deleted.
_OWN = {"id", "organization_id"}


@dataclass(frozen=True, slots=True)
class Altered:
    """One row that changed: the object itself or a part of it. `is_emptied` where somebody was forgotten."""

    change: Change
    subject: Subject | None
    differences: list[Difference]

    @property
    def title(self) -> str:
        return f"{self.change.object_kind.replace('_', ' ').replace('api', 'API').capitalize()} {self.verb}"

    @property
    def verb(self) -> str:
        return Operation(self.change.operation).label

    @property
    def is_whole(self) -> bool:
        """Whether the row is new or gone, so that it has one side only."""
        return self.change.operation != Operation.UPDATE

    @property
    def is_refusal(self) -> bool:
        """Whether nothing changed: it says from where an act was tried."""
        return self.change.operation == Operation.REFUSE

    @property
    def is_emptied(self) -> bool:
        return self.change.before is None and self.change.after is None


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction did to the object. `role` is the database's, where nobody had signed in to Chancery."""

    at: datetime
    who: str
    acts: list[Entry]
    altered: list[Altered]
    why: list[str]
    address: str | None = None
    request_id: UUID | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Steps, newest first, and the id to go on `before`; none on the last page."""

    steps: list[Step]
    following: UUID | None


def timeline(object_id: UUID, *, before: UUID | None = None, limit: int = 50) -> Page:
    """What is on record of an object and its parts in the entered scope, also where it is deleted."""
    changes = history.of_object(object_id, before=before, limit=limit + 1)
    acts = selectors.timeline(object_id)
    if before is not None:
        acts = acts.filter(id__lt=before)
    found: list[Change | Record] = sorted([*changes, *acts[: limit + 1]], key=lambda row: row.id, reverse=True)
    shown = found[:limit]
    return Page(_steps(shown), shown[-1].id if len(found) > limit else None)


def _steps(shown: Sequence[Change | Record]) -> list[Step]:
    acts = history.acts_of(shown)
    told = dict(zip((act.id for act in acts), entries(acts), strict=True))
    reasons = history.made_beside(shown, _REASONS)
    changes = [row for row in shown if isinstance(row, Change)]
    subjects = named({found for change in changes for found in _ids_of(change)})
    people = names_of(change.actor_id for change in changes if change.actor_id)
    steps = []
    for xid, rows in groupby(shown, key=lambda row: row.xid):
        together = list(rows)
        steps.append(
            _step(
                together[0].at,
                [told[act.id] for act in acts if act.xid == xid],
                [_altered(row, subjects) for row in reversed(together) if isinstance(row, Change)],
                [_reason(row) for row in reasons if row.xid == xid],
                people,
            )
        )
    return steps


def _step(at: datetime, acts: list[Entry], altered: list[Altered], why: list[str], people: Mapping[UUID, str]) -> Step:
    said = [text for text in why if text]
    if not altered:
        return Step(at, acts[0].who, acts, altered, said)
    change = altered[0].change
    who = people[change.actor_id] if change.actor_id else "the system"
    by_role = change.database_role if change.actor_kind == "role" else ""
    return Step(at, by_role or who, acts, altered, said, change.address, change.request_id, by_role)


def _altered(change: Change, subjects: Mapping[UUID, Subject]) -> Altered:
    before, after = change.before or {}, change.after or {}
    is_update = change.operation == Operation.UPDATE
    names = sorted({*before, *after} - (set() if is_update else _OWN))
    told = (difference(name, before.get(name), after.get(name), subjects) for name in names)
    shown = [one for one in told if is_update or one.before or one.after]
    hidden = [Difference(name.replace("_", " "), is_secret=True) for name in change.secret]
    return Altered(change, subjects.get(change.object_id), [*shown, *hidden])


def _reason(change: Change) -> str:
    said: str = (change.after or {}).get(_REASONS[change.object_kind], "")
    return said


def _ids_of(change: Change) -> set[UUID]:
    values: list[Any] = [*(change.before or {}).values(), *(change.after or {}).values(), str(change.object_id)]
    return {found for value in values for found in ids_in(value)}
