"""What was stopped here, by whom and why, and how soon every worker knew: the ledger's acts with their stories."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from audit.models import Record
from governance.models import SubjectKind, Suspension
from governance.snapshot import propagation
from governance.snapshot.propagation import Propagation
from portal.subjects import Subject, named
from portal.timeline import Entry, entries

SHOWN = 100
_ENDED_FOR_GOOD = ("tenants.api_key.revoked", "tenants.identity_provider.revoked")
_SUSPENDED = tuple(f"governance.{kind}.suspended" for kind in SubjectKind.values)


@dataclass(frozen=True, slots=True)
class Revocation:
    """No suspension where something was revoked for good; no propagation where no worker has spoken of it."""

    entry: Entry
    subject: Subject | None
    suspension: Suspension | None
    propagation: Propagation | None

    @property
    def in_force(self) -> bool:
        return self.suspension is None or self.suspension.ended_at is None


def latest() -> list[Revocation]:
    """The last ones of the scope, newest first."""
    records = list(
        Record.objects.filter(kind="act", action__in=(*_SUSPENDED, *_ENDED_FOR_GOOD)).order_by("-id")[:SHOWN]
    )
    stories = {each.act_id: each for each in Suspension.objects.filter(act_id__in=[record.id for record in records])}
    reached = propagation.of([propagation.Act(record.id, str(record.xid), record.at) for record in records])
    subjects = named(_subject_id(record, stories.get(record.id)) for record in records)
    return [
        Revocation(
            entry,
            subjects.get(_subject_id(record, stories.get(record.id))),
            stories.get(record.id),
            reached.get(record.id),
        )
        for record, entry in zip(records, entries(records), strict=True)
    ]


def _subject_id(record: Record, story: Suspension | None) -> UUID:
    assert record.object_id is not None
    return story.subject_id if story else record.object_id
