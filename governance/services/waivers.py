"""Waivers: a condition of an approval does not hold for one use case, for a while; something else is done instead.

Each act puts in a row, and the database decides what follows (`governance.services.exceptional`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.ledger.append import append_act
from governance import hints
from governance.models import (
    Approval,
    ExceptionStatus,
    NoticeKind,
    UseCase,
    WaivedCondition,
    Waiver,
    WaiverSignature,
    WaiverStep,
)
from governance.models.waiver import MOST_DAYS
from governance.services import exceptional
from kit import errors
from kit.context import Actor
from kit.data_class import DataClass
from kit.ids import new_id
from tenants import permissions

ASK, SIGN = "governance.approval.request", "governance.waiver.sign"
_WHY = "Say why: it is kept, and shown to whoever signs."
_OF_ALL = "The use case is the whole organisation's: somebody whose role is not bound to teams asks for its waiver."
_OF_OTHERS = "The use case is another team's: somebody of that team asks for its waiver."
_INSTEAD = "Say what is done instead of holding to the condition."


@dataclass(frozen=True, slots=True)
class Terms:
    """What is waived, for how long, and what is done instead. The class is that up to which data may be sent then."""

    condition: WaivedCondition
    compensating_control: str
    days: int = 90
    max_data_class: DataClass | None = None


def ask(*, actor: Actor, approval: Approval, use_case: UseCase, reason: str, terms: Terms, now: datetime) -> Waiver:
    """Asks two others to waive a condition; nothing is waived before both have signed. The days count from now.

    Raises `errors.Conflict` while another waiver of it waits or is in force, or for what has ended;
    `errors.InvalidRequest` without a reason or a compensating control, for too many days, or where the condition does
    not stand in the way.
    """
    permissions.require(actor, ASK)
    if not may_ask_for(actor, use_case):
        raise errors.Forbidden(_OF_ALL if use_case.team_id is None else _OF_OTHERS)
    if approval.ended_at is not None or not use_case.is_in_service:
        raise errors.Conflict("The approval has ended, or the use case is not in service any more.")
    waiver = Waiver(
        id=new_id(),
        organization_id=actor.organization_id,
        team_id=use_case.team_id,
        approval=approval,
        use_case=use_case,
        condition=terms.condition,
        max_data_class=terms.max_data_class,
        days=terms.days,
        reason=exceptional.said(reason, _WHY),
        compensating_control=exceptional.said(terms.compensating_control, _INSTEAD, "compensating_control"),
        asked_by_id=actor.id,
    )
    _require_sense(waiver)
    waiver.content_hash = content_hash(waiver)
    try:
        with transaction.atomic():
            waiver.save(force_insert=True)
            _record(actor, "asked", waiver, condition=waiver.condition, days=str(waiver.days))
            exceptional.tell_deciders(waiver, NoticeKind.WAIVER_TO_SIGN, {actor.id}, now)
    except IntegrityError as taken:
        raise errors.Conflict("Another waiver of this condition waits or is in force.") from taken
    return _as_it_is(waiver)


def sign(*, actor: Actor, waiver: Waiver, reason: str, signed_hash: str, now: datetime) -> Waiver:
    """Signs, for two who did not ask, of whom one is a compliance officer; the second signature puts it in force, on
    every worker within a second.

    `signed_hash` is the `content_hash` that the person had on the screen. Raises `errors.Conflict` for one that does
    not wait any more, or that the person has signed.
    """
    permissions.require(actor, SIGN, otp=True)
    permissions.require_reach(actor, waiver.team_id)
    if actor.id == waiver.asked_by_id:
        raise errors.Forbidden("Whoever asks for a waiver does not sign it.", code="separation_of_duties")
    if not waiver.is_waiting(now) or has_signed(actor, waiver):
        raise errors.Conflict("It does not wait for your signature any more.", code="review_closed")
    with exceptional.signing(waiver, signed_hash):
        _put(actor, waiver, WaiverStep.SIGN, exceptional.said(reason, _WHY))
        signed = _as_it_is(waiver)
        is_granted = signed.status == ExceptionStatus.IN_FORCE
        _record(actor, "granted" if is_granted else "signed", waiver)
        if is_granted:
            exceptional.tell(waiver, NoticeKind.WAIVER_GRANTED, [waiver.asked_by_id], now)
    return signed


def end(*, actor: Actor, waiver: Waiver, reason: str, now: datetime) -> Waiver:
    """Ends it before the time, or takes back what still waits; the condition holds again within a second. Calls that
    run go on to their end.

    For whoever asked or signed, and for any compliance officer. Raises `errors.Conflict` for one that is over.
    """
    permissions.require(actor, ASK)
    permissions.require_reach(actor, waiver.team_id)
    if not may_end(actor, waiver):
        raise errors.Forbidden("It is ended by one of those who asked for and signed it, or by a compliance officer.")
    if not waiver.is_live(now):
        raise errors.Conflict("It is over.")
    with exceptional.signing(waiver, waiver.content_hash):
        _put(actor, waiver, WaiverStep.END, exceptional.said(reason, _WHY))
        _record(actor, "ended", waiver)
        _tell_of_end(actor, waiver, now)
    return _as_it_is(waiver)


def end_with(*, actor: Actor, hanging: QuerySet[Waiver], now: datetime) -> None:
    """Tells of those that the database ends with what they hang by: a part of the act that ends it, and before it."""
    for waiver in hanging.exclude(status=ExceptionStatus.ENDED).filter(ends_at__gt=now):
        _tell_of_end(actor, waiver, now)


def may_ask_for(actor: Actor, use_case: UseCase) -> bool:
    """Whoever has a role in some teams asks for what these do; what all do takes a role in the organisation."""
    return actor.team_ids is None or use_case.team_id in actor.team_ids


def has_signed(actor: Actor, waiver: Waiver) -> bool:
    return any(each.kind == WaiverStep.SIGN and each.signed_by_id == actor.id for each in waiver.signatures.all())


def may_end(actor: Actor, waiver: Waiver) -> bool:
    """Whether the person asked for it, signed it, or is an officer."""
    return actor.id == waiver.asked_by_id or actor.may("governance.approval.decide") or has_signed(actor, waiver)


def content_hash(waiver: Waiver) -> str:
    """SHA-256, in hex, of the canonical form of what is asked."""
    return exceptional.digest(
        {
            "id": str(waiver.id),
            "approval_id": str(waiver.approval_id),
            "use_case_id": str(waiver.use_case_id),
            "condition": str(waiver.condition),
            "max_data_class": None if waiver.max_data_class is None else int(waiver.max_data_class),
            "days": waiver.days,
            "reason": waiver.reason,
            "compensating_control": waiver.compensating_control,
            "asked_by_id": str(waiver.asked_by_id),
        }
    )


_STANDS_IN_THE_WAY: dict[WaivedCondition, Callable[[Waiver], bool]] = {
    WaivedCondition.TEAM: lambda waiver: bool(waiver.approval.teams),
    WaivedCondition.USE_CASE: lambda waiver: (
        bool(waiver.approval.use_cases) and waiver.use_case_id not in waiver.approval.use_cases
    ),
    WaivedCondition.CALLER_REGION: lambda waiver: bool(waiver.approval.caller_regions),
    WaivedCondition.REGION: lambda waiver: bool(waiver.approval.regions),
    WaivedCondition.DEPLOYMENTS: lambda waiver: bool(waiver.approval.deployments),
    WaivedCondition.DATA_CLASS: lambda waiver: (waiver.max_data_class or 0) > waiver.approval.max_data_class,
    WaivedCondition.RECERTIFICATION: lambda waiver: True,
}


def _require_sense(waiver: Waiver) -> None:
    if not 1 <= waiver.days <= MOST_DAYS:
        raise errors.InvalidRequest(f"A waiver lasts between 1 and {MOST_DAYS} days.", param="days")
    is_of_class = waiver.condition == WaivedCondition.DATA_CLASS
    if is_of_class != (waiver.max_data_class is not None):
        words = "Say up to which class, for a waiver of the data class and for no other."
        raise errors.InvalidRequest(words, param="max_data_class")
    if not _STANDS_IN_THE_WAY[WaivedCondition(waiver.condition)](waiver):
        raise errors.InvalidRequest("That condition does not stand in the way of the use case.", param="condition")


def _tell_of_end(actor: Actor, waiver: Waiver, now: datetime) -> None:
    """Whoever asked for it and signed it, but for who ends it."""
    involved = {waiver.asked_by_id, *waiver.signatures.values_list("signed_by_id", flat=True)} - {actor.id}
    exceptional.tell(waiver, NoticeKind.WAIVER_ENDED, involved, now)


def _put(actor: Actor, waiver: Waiver, kind: WaiverStep, reason: str) -> None:
    WaiverSignature.objects.create(
        organization_id=waiver.organization_id,
        waiver=waiver,
        kind=kind,
        signed_by_id=actor.id,
        reason=reason,
        signed_hash=waiver.content_hash,
    )


def _as_it_is(waiver: Waiver) -> Waiver:
    return Waiver.objects.select_related("approval__model", "use_case").get(id=waiver.id)


def _record(actor: Actor, verb: str, waiver: Waiver, **details: str) -> None:
    """On the timeline of the model, and as a hint to the pages that are open."""
    append_act(
        actor=actor,
        action=f"governance.waiver.{verb}",
        object_kind="model",
        object_id=waiver.approval.model_id,
        details={
            "waiver_id": str(waiver.id),
            "approval_id": str(waiver.approval_id),
            "use_case_id": str(waiver.use_case_id),
            "signed_hash": waiver.content_hash,
            **details,
        },
    )
    hints.approvals_changed(actor.organization_id)
