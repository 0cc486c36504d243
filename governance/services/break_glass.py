"""Break glass: a model that may not be called is opened for some hours, in an emergency, by two people.

Each act puts in a row, and the database decides what follows (`governance.services.exceptional`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from audit.ledger.append import append_act
from governance import hints
from governance.models import BreakGlass, BreakGlassSignature, Model, NoticeKind, SignatureKind
from governance.models.break_glass import MOST_HOURS
from governance.services import exceptional
from kit import errors
from kit.context import Actor
from kit.data_class import DataClass
from kit.ids import new_id
from tenants import permissions
from tenants.models import Team

DECIDE = "governance.break_glass.decide"
_WHY = "Say why: it is kept, and shown to whoever reviews."


@dataclass(frozen=True, slots=True)
class Terms:
    """For whom, for what and for how long. Without a team: for the organisation."""

    team: Team | None = None
    max_data_class: DataClass = DataClass.INTERNAL
    hours: int = 4


def ask(*, actor: Actor, model: Model, reason: str, terms: Terms, now: datetime) -> BreakGlass:
    """Asks a second person to open a model; until one countersigns no call runs. The hours count from now.

    Raises `errors.Conflict` while another of the model waits, or has not been reviewed; `errors.InvalidRequest`
    without a reason or for too many hours.
    """
    permissions.require(actor, DECIDE, otp=True)
    permissions.require_reach(actor, terms.team.id if terms.team else None)
    reason = exceptional.said(reason, _WHY)
    if not 1 <= terms.hours <= MOST_HOURS:
        raise errors.InvalidRequest(f"Break glass lasts between 1 and {MOST_HOURS} hours.", param="hours")
    glass = BreakGlass(
        id=new_id(),
        organization_id=actor.organization_id,
        team=terms.team,
        model=model,
        max_data_class=terms.max_data_class,
        hours=terms.hours,
        reason=reason,
        asked_by_id=actor.id,
    )
    glass.content_hash = content_hash(glass)
    try:
        with transaction.atomic():
            glass.save(force_insert=True)
            _record(actor, "asked", glass)
            exceptional.tell_deciders(glass, NoticeKind.GLASS_TO_SIGN, {actor.id}, now)
    except IntegrityError as taken:
        raise errors.Conflict("Another break glass for this model waits, or has not been reviewed yet.") from taken
    return _as_it_is(glass)


def countersign(*, actor: Actor, glass: BreakGlass, reason: str, signed_hash: str, now: datetime) -> BreakGlass:
    """Opens the model, on every worker within a second. For somebody else than whoever asked.

    `signed_hash` is the `content_hash` that the person had on the screen. Raises `errors.Conflict` for one that does
    not wait any more.
    """
    _require_another(actor, glass)
    if not glass.is_waiting(now):
        raise errors.Conflict("It does not wait for a second person any more.", code="review_closed")
    with transaction.atomic():
        opened = _sign(actor, glass, SignatureKind.COUNTERSIGN, reason, signed_hash, "opened")
        exceptional.tell_deciders(opened, NoticeKind.GLASS_TO_REVIEW, {actor.id, opened.asked_by_id}, now)
    return opened


def review(*, actor: Actor, glass: BreakGlass, is_justified: bool, reason: str, signed_hash: str) -> BreakGlass:
    """Says whether it was right to open the model; where it was not, that ends it at once. For a third person.

    Raises `errors.Conflict` for one that was never opened, or that somebody has reviewed.
    """
    _require_another(actor, glass)
    if glass.signatures.filter(kind=SignatureKind.COUNTERSIGN, signed_by_id=actor.id).exists():
        raise errors.Forbidden("Whoever countersigned does not review.", code="separation_of_duties")
    if not glass.needs_review:
        raise errors.Conflict("There is nothing to review about it.", code="review_closed")
    kind = SignatureKind.JUSTIFIED if is_justified else SignatureKind.UNJUSTIFIED
    return _sign(actor, glass, kind, reason, signed_hash, "reviewed", finding=kind.value)


def end(*, actor: Actor, glass: BreakGlass, reason: str, now: datetime) -> BreakGlass:
    """Shuts the model before the time; one that still waits is taken back. Calls that run go on to their end.

    For either of the two who opened it, and for any compliance officer; without a one-time password, because seconds
    count. Raises `errors.Conflict` for one that is over.
    """
    permissions.require(actor, DECIDE)
    permissions.require_reach(actor, glass.team_id)
    if not may_end(actor, glass):
        raise errors.Forbidden("It is ended by one of the two who opened it, or by a compliance officer.")
    if not glass.is_live(now):
        raise errors.Conflict("It is over.")
    return _sign(actor, glass, SignatureKind.END, reason, glass.content_hash, "ended")


def may_end(actor: Actor, glass: BreakGlass) -> bool:
    """Whether the person is one of the two, or an officer."""
    if actor.id == glass.asked_by_id or actor.may("governance.approval.decide"):
        return True
    return glass.signatures.filter(kind=SignatureKind.COUNTERSIGN, signed_by_id=actor.id).exists()


def content_hash(glass: BreakGlass) -> str:
    """SHA-256, in hex, of the canonical form of what is asked."""
    return exceptional.digest(
        {
            "id": str(glass.id),
            "model_id": str(glass.model_id),
            "version": glass.model.version,
            "team_id": str(glass.team_id) if glass.team_id else None,
            "max_data_class": int(glass.max_data_class),
            "hours": glass.hours,
            "reason": glass.reason,
            "asked_by_id": str(glass.asked_by_id),
        }
    )


def _require_another(actor: Actor, glass: BreakGlass) -> None:
    permissions.require(actor, DECIDE, otp=True)
    permissions.require_reach(actor, glass.team_id)
    if actor.id == glass.asked_by_id:
        raise errors.Forbidden("Whoever asks neither countersigns nor reviews.", code="separation_of_duties")


def _sign(
    actor: Actor, glass: BreakGlass, kind: SignatureKind, reason: str, signed_hash: str, verb: str, **details: str
) -> BreakGlass:
    reason = exceptional.said(reason, _WHY)
    with exceptional.signing(glass, signed_hash):
        BreakGlassSignature.objects.create(
            organization_id=glass.organization_id,
            break_glass=glass,
            kind=kind,
            signed_by_id=actor.id,
            reason=reason,
            signed_hash=signed_hash,
        )
        _record(actor, verb, glass, **details)
    return _as_it_is(glass)


def _as_it_is(glass: BreakGlass) -> BreakGlass:
    return BreakGlass.objects.select_related("model", "team").get(id=glass.id)


def _record(actor: Actor, verb: str, glass: BreakGlass, **details: str) -> None:
    """On the timeline of the model, and as a hint to the pages that are open."""
    append_act(
        actor=actor,
        action=f"governance.break_glass.{verb}",
        object_kind="model",
        object_id=glass.model_id,
        details={
            "break_glass_id": str(glass.id),
            "team_id": str(glass.team_id) if glass.team_id else None,
            "signed_hash": glass.content_hash,
            "hours": glass.hours,
            **details,
        },
    )
    hints.approvals_changed(actor.organization_id)
