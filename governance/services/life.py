"""The end of a model's life: announced, changed, taken back, and come to. Each function is one act."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from audit.ledger.append import append_act
from governance import selectors
from governance.models import Life, Model, NoticeKind, Waiver
from governance.services import notices, waivers
from governance.workflows import require_life
from kit import errors
from kit.context import Actor
from tenants import permissions

MANAGE = "governance.register.manage"
_FIELDS = ["life", "deprecated_at", "sunset_at", "successor", "deprecation_reason"]


def deprecate(
    *, actor: Actor, model: Model, sunset_at: datetime, reason: str, now: datetime, successor: Model | None = None
) -> Model:
    """Announces that calls are refused from `sunset_at` on, or changes what was announced.

    Every answer of the model says so from then on, and the leads of the teams that call it are told. Raises
    `errors.InvalidRequest` for a sunset that is past, `errors.Conflict` for a successor that is not in service itself,
    or once the sunset announced before has passed.
    """
    _require(actor)
    if not reason.strip():
        raise errors.InvalidRequest("A deprecation needs a reason.", param="reason")
    if sunset_at < now:
        raise errors.InvalidRequest("The sunset is past.", param="sunset_at")
    with transaction.atomic():
        locked = _lock(model, successor)
        _require_before_sunset(locked, Life.DEPRECATED, now)
        locked.life, locked.sunset_at, locked.successor = Life.DEPRECATED, sunset_at, successor
        locked.deprecated_at, locked.deprecation_reason = locked.deprecated_at or now, reason
        locked.save(update_fields=_FIELDS)
        named = {"successor": successor.slug} if successor else {}
        _record(actor, "governance.model.deprecated", locked, sunset_at=sunset_at.isoformat(), **named)
        _tell_callers(locked, sunset_at, now)
    return locked


def revoke_deprecation(*, actor: Actor, model: Model, now: datetime) -> Model:
    """Takes back what was announced; errors as in `deprecate`."""
    _require(actor)
    with transaction.atomic():
        locked = _lock(model)
        _require_before_sunset(locked, Life.REGISTERED, now)
        locked.life, locked.deprecation_reason = Life.REGISTERED, ""
        locked.deprecated_at = locked.sunset_at = locked.successor = None
        locked.save(update_fields=_FIELDS)
        _record(actor, "governance.model.deprecation_revoked", locked)
    return locked


def retire(*, actor: Actor, model: Model, now: datetime) -> Model:
    """Ends the life of a deprecated model for good, before its sunset or after, and with it what was approved."""
    _require(actor)
    with transaction.atomic():
        locked = _lock(model)
        require_life(locked.life, Life.RETIRED)
        assert locked.sunset_at is not None
        locked.life, locked.sunset_at = Life.RETIRED, min(locked.sunset_at, now)
        locked.save(update_fields=_FIELDS)
        waivers.end_with(actor=actor, hanging=Waiver.objects.filter(approval__model=locked), now=now)
        locked.approvals.filter(ended_at__isnull=True).update(ended_at=now)
        _record(actor, "governance.model.retired", locked)
    return locked


def over(now: datetime) -> QuerySet[Model]:
    """Models of the entered scope that are to be retired, for their sunset has passed."""
    return Model.objects.filter(life=Life.DEPRECATED, sunset_at__lte=now)


def hold(model_id: UUID) -> None:
    """Keeps the life of a model as it is until the transaction ends: nothing is granted for one that is retired
    meanwhile. Whoever locks a request of it as well does so after this."""
    Model.objects.select_for_update(no_key=True).get(id=model_id)


def require_in_service(model: Model, now: datetime) -> None:
    """Raises `errors.Conflict` for a model that is not called any more."""
    if model.is_over(now):
        raise errors.Conflict("A retired model is not approved any more.")


def _require(actor: Actor) -> None:
    permissions.require(actor, MANAGE, otp=True)
    permissions.require_reach(actor, None)


def _lock(model: Model, successor: Model | None = None) -> Model:
    """The model as it is now, and its successor beside it, so that neither becomes the other's at once."""
    ids: list[UUID] = [model.id, *([successor.id] if successor else [])]
    rows = {row.id: row for row in Model.objects.select_for_update(of=("self",)).filter(id__in=ids).order_by("id")}
    if successor is not None and (successor.id == model.id or rows[successor.id].life != Life.REGISTERED):
        raise errors.Conflict("A successor is another model that is not deprecated itself.")
    return rows[model.id]


def _require_before_sunset(locked: Model, after: Life, now: datetime) -> None:
    require_life(locked.life, after)
    if locked.is_over(now):
        raise errors.Conflict("The sunset has passed: the model can only be retired.")


def _tell_callers(model: Model, sunset_at: datetime, now: datetime) -> None:
    notices.tell(
        organization_id=model.organization_id,
        people=selectors.leads_calling(model.slug, now),
        kind=NoticeKind.DEPRECATED,
        subject_kind="model",
        subject_id=model.id,
        once=f"deprecated:{model.id}:{sunset_at.isoformat()}",
        now=now,
    )


def _record(actor: Actor, action: str, model: Model, **details: str) -> None:
    append_act(actor=actor, action=action, object_kind="model", object_id=model.id, details=details)
