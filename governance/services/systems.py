"""Listing AI that does not run through the gateway. Nothing here permits or stops a call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from audit.ledger.append import append_act
from governance import fingerprints
from governance.models import OtherSystem
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Membership

FACTS = ("name", "vendor", "purpose", "owner_id", "ai_act_class", "max_data_class", "review_on")


def register(*, actor: Actor, now: datetime, **facts: Any) -> OtherSystem:
    """A system that was not listed yet. `facts` are of `FACTS`.

    Raises `errors.InvalidRequest` for an owner who is not of the organisation, and Django's `ValidationError`.
    """
    require(actor)
    system = new(actor, now, facts)
    with transaction.atomic():
        check(system)
        system.save(force_insert=True)
        _record(actor, "governance.system.registered", system)
    return system


def change(*, actor: Actor, system: OtherSystem, **facts: Any) -> OtherSystem:
    """Other facts about it. Raises `errors.Conflict` for one that is retired, and what `register` raises."""
    require(actor)
    with transaction.atomic():
        locked = _locked(system)
        if locked.retired_at is not None:
            raise errors.Conflict("A system that is retired stays as it was.")
        for name in FACTS:
            setattr(locked, name, facts.get(name, getattr(locked, name)))
        locked.fingerprint = fingerprint(locked)
        check(locked)
        locked.save(update_fields=[*FACTS, "fingerprint"])
        _record(actor, "governance.system.changed", locked)
    return locked


def retire(*, actor: Actor, system: OtherSystem, now: datetime) -> None:
    """It is used no more, and stays listed as such. Again changes nothing."""
    require(actor)
    with transaction.atomic():
        locked = _locked(system)
        if locked.retired_at is not None:
            return
        locked.retired_at = now
        locked.save(update_fields=["retired_at"])
        _record(actor, "governance.system.retired", locked)


def new(actor: Actor, now: datetime, facts: dict[str, Any]) -> OtherSystem:
    """One that is not saved yet."""
    system = OtherSystem(organization_id=actor.organization_id, created_at=now, **facts)
    system.fingerprint = fingerprint(system)
    return system


def fingerprint(system: OtherSystem) -> list[float]:
    return fingerprints.of(system.name, system.vendor)


def check(system: OtherSystem) -> None:
    system.full_clean(exclude=["created_at", "fingerprint"])
    if not Membership.objects.filter(user_id=system.owner_id).exists():
        raise errors.InvalidRequest("That person is not of the organisation.", param="owner")


def require(actor: Actor) -> None:
    permissions.require(actor, "governance.register.manage")
    permissions.require_reach(actor, None)


def _locked(system: OtherSystem) -> OtherSystem:
    return OtherSystem.objects.select_for_update().get(id=system.id)


def _record(actor: Actor, action: str, system: OtherSystem) -> None:
    append_act(actor=actor, action=action, object_kind="system", object_id=system.id, details={})
