"""Evidence: adding it, reading its file, withdrawing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from audit.ledger.append import append_act
from audit.ledger.envelope import canonical
from governance import documents
from governance.models import Evidence, EvidenceFile, EvidenceKind, Model, Provider
from kit import errors
from kit.context import Actor
from kit.crypto import SealBroken
from tenants import permissions

ADD = "governance.evidence.add"


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured, and whether that is good enough; whoever adds it says so, since a metric may be better high
    or low."""

    metric: str
    passed: bool
    value: Decimal | None = None
    threshold: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """A file, a result, or both."""

    kind: EvidenceKind
    title: str
    expires_at: datetime | None = None
    result: Result | None = None
    content: bytes = b""


def add(*, actor: Actor, subject: Model | Provider, offered: Offered, now: datetime) -> Evidence:
    """Keeps a file sealed, with its hash.

    Raises `errors.InvalidRequest` for a file of a type that is not taken, for neither file nor result, and for what
    has expired already; `errors.RequestTooLarge`.
    """
    permissions.require(actor, ADD)
    made = _described(actor, subject, offered, now)
    with transaction.atomic():
        made.save(force_insert=True)
        if offered.content:
            sealed = documents.seal(made.organization_id, made.id, offered.content)
            EvidenceFile.objects.create(organization_id=made.organization_id, evidence=made, sealed=sealed)
        _record(actor, "governance.evidence.added", made)
    return made


def withdraw(*, actor: Actor, evidence: Evidence, reason: str, now: datetime) -> Evidence:
    """It counts no more, and stays to be read. For whoever added it, and for officers.

    Raises `errors.Conflict` for what is withdrawn already.
    """
    permissions.require(actor, ADD)
    if not reason.strip():
        raise errors.InvalidRequest("A withdrawal needs a reason.", param="reason")
    with transaction.atomic():
        locked = Evidence.objects.select_for_update(of=("self",)).get(id=evidence.id)
        if locked.added_by_id != actor.id:
            permissions.require(actor, "governance.approval.decide")
            permissions.require_reach(actor, None)
        if locked.withdrawn_at is not None:
            raise errors.Conflict("This evidence is withdrawn already.")
        locked.withdrawn_at, locked.withdrawn_by_id, locked.withdrawal_reason = now, actor.id, reason
        locked.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])
        _record(actor, "governance.evidence.withdrawn", locked)
    return locked


def content(evidence: Evidence) -> bytes:
    """The file as it was added. Raises `errors.NotFound` where there is none, `errors.Conflict` where it is not what
    was added any more."""
    kept = EvidenceFile.objects.filter(evidence=evidence).first()
    if kept is None:
        raise errors.NotFound("This evidence has no file.")
    try:
        found = documents.reveal(evidence.organization_id, evidence.id, bytes(kept.sealed))
    except SealBroken as broken:
        raise errors.Conflict("The file does not open: it is not what was added, or under another key.") from broken
    if documents.digest(found) != evidence.sha256:
        raise errors.Conflict("The file is not what was added: its hash differs.")
    return found


def _described(actor: Actor, subject: Model | Provider, offered: Offered, now: datetime) -> Evidence:
    if not offered.content and offered.result is None:
        raise errors.InvalidRequest("Evidence is a file, a result, or both.", param="file")
    if offered.expires_at is not None and offered.expires_at <= now:
        raise errors.InvalidRequest("This has expired already.", param="expires_at")
    result = offered.result
    made = Evidence(
        organization_id=actor.organization_id,
        model=subject if isinstance(subject, Model) else None,
        provider=subject if isinstance(subject, Provider) else None,
        kind=offered.kind,
        title=offered.title.strip(),
        metric=result.metric if result else "",
        value=result.value if result else None,
        threshold=result.threshold if result else None,
        passed=result.passed if result else None,
        size_bytes=len(offered.content),
        media_type=documents.media_type_of(offered.content) if offered.content else "",
        sha256=documents.digest(offered.content or canonical(_measured(offered))),
        expires_at=offered.expires_at,
        added_by_id=actor.id,
        added_at=now,
    )
    made.full_clean(exclude=["added_at", "added_by"], validate_constraints=False)
    return made


def _measured(offered: Offered) -> dict[str, Any]:
    result = offered.result
    assert result is not None
    return {
        "kind": str(offered.kind),
        "title": offered.title.strip(),
        "metric": result.metric,
        "value": _plain(result.value),
        "threshold": _plain(result.threshold),
        "passed": result.passed,
    }


def _plain(number: Decimal | None) -> str | None:
    """The same however many zeroes it ends with."""
    return None if number is None else format(number.normalize(), "f")


def _record(actor: Actor, action: str, evidence: Evidence) -> None:
    details = {"kind": evidence.kind, "sha256": evidence.sha256}
    if evidence.passed is not None:
        details["result"] = "passed" if evidence.passed else "failed"
    append_act(
        actor=actor,
        action=action,
        object_kind="model" if evidence.model_id else "provider",
        object_id=evidence.model_id or evidence.provider_id,
        details={"evidence_id": str(evidence.id), **details},
    )
