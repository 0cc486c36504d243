"""Conditions of an approval that do not hold for a use case. Pure, and asked for only where one of them has failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.routing.candidates import Candidate
from gateway.snapshot.index import Snapshot
from governance.snapshot.section import ApprovalEntry, UseCaseEntry, WaiverEntry
from kit.data_class import DataClass

_ANY: frozenset[Any] = frozenset()
# by which of an approval's conditions a call may be refused, by the name that a waiver gives it
_LISTS = {
    "team": "teams",
    "use_case": "use_cases",
    "caller_region": "caller_regions",
    "region": "regions",
    "deployments": "deployments",
}


def standing(
    snapshot: Snapshot, approval_id: UUID, use_case: UseCaseEntry | None, at: datetime
) -> Iterator[WaiverEntry]:
    """Those in force of an approval for what the call says it is made for; none for a call that names nothing."""
    for waiver in snapshot.waivers.all(approval_id):
        if use_case is not None and waiver.use_case_id == use_case.id and at < waiver.ends_at:
            yield waiver


def without(approval: ApprovalEntry, waiver: WaiverEntry) -> ApprovalEntry:
    """The approval as if it did not have the condition that is waived. A waived data class is looked at where the class
    of the call is known (`admitting`)."""
    if waiver.condition == "recertification":
        return replace(approval, expires_at=None, recertify_by=waiver.ends_at)
    waived: dict[str, Any] = {_LISTS[waiver.condition]: _ANY} if waiver.condition in _LISTS else {}
    return replace(approval, **waived)


def admitting(
    snapshot: Snapshot,
    candidates: Iterable[Candidate],
    data_class: DataClass,
    use_case: UseCaseEntry | None,
    at: datetime,
) -> tuple[Candidate, ...]:
    """The candidates whose approval admits data of this class by a waiver, if all its other conditions hold."""
    found = []
    for candidate in candidates:
        if candidate.approval is None or candidate.waiver is not None:
            continue
        for waiver in standing(snapshot, candidate.approval.id, use_case, at):
            if waiver.max_data_class is not None and data_class <= waiver.max_data_class:
                found.append(replace(candidate, waiver=waiver))
                break
    return tuple(found)
