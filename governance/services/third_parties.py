"""Keeping the third-party files of providers, and what was agreed with them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction

from audit.ledger.append import append_act
from governance.models import Agreement, Provider, ThirdPartyFile
from kit.context import Actor
from tenants import permissions

FACTS = (
    "is_own",
    "location",
    "retention_days",
    "trains_on_data",
    "sub_processors",
    "function_supported",
    "criticality",
    "substitutability",
    "exit_plan",
    "audited_on",
    "contact",
)


def describe(*, actor: Actor, provider: Provider, facts: dict[str, Any]) -> ThirdPartyFile:
    """Writes down what is known of a provider, in place of what was known. `facts` are of `FACTS`; one that is left
    out stays as it is. Raises Django's `ValidationError`."""
    _require(actor)
    with transaction.atomic():
        Provider.objects.select_for_update().get(id=provider.id)  # two people begin no two files
        file = ThirdPartyFile.objects.filter(provider_id=provider.id).first()
        is_new = file is None
        file = file or ThirdPartyFile(organization_id=actor.organization_id, provider_id=provider.id)
        for name in FACTS:
            setattr(file, name, facts.get(name, getattr(file, name)))
        file.full_clean()
        if is_new:
            file.save(force_insert=True)
        else:
            file.save(update_fields=FACTS)
        _record(actor, "governance.third_party.described", provider, {"third_party_file_id": str(file.id)})
    return file


def add_agreement(
    *,
    actor: Actor,
    provider: Provider,
    kind: str,
    reference: str,
    signed_on: date,
    now: datetime,
    valid_until: date | None = None,
) -> Agreement:
    """Puts a signed agreement on file. Raises Django's `ValidationError`."""
    _require(actor)
    agreement = Agreement(
        organization_id=actor.organization_id,
        provider=provider,
        kind=kind,
        reference=reference,
        signed_on=signed_on,
        valid_until=valid_until,
        created_at=now,
    )
    with transaction.atomic():
        agreement.full_clean(exclude=["created_at"])
        agreement.save(force_insert=True)
        _record(actor, "governance.agreement.added", provider, {"agreement_id": str(agreement.id), "kind": kind})
    return agreement


def end_agreement(*, actor: Actor, agreement: Agreement, now: datetime) -> None:
    """Says that an agreement holds no more, before its last day or without one. Again changes nothing."""
    _require(actor)
    with transaction.atomic():
        locked = Agreement.objects.select_for_update().select_related("provider").get(id=agreement.id)
        if locked.ended_at is not None:
            return
        locked.ended_at = now
        locked.save(update_fields=["ended_at"])
        details = {"agreement_id": str(locked.id), "kind": locked.kind}
        _record(actor, "governance.agreement.ended", locked.provider, details)


def _require(actor: Actor) -> None:
    permissions.require(actor, "governance.register.manage")
    permissions.require_reach(actor, None)


def _record(actor: Actor, action: str, provider: Provider, details: dict[str, Any]) -> None:
    append_act(actor=actor, action=action, object_kind="provider", object_id=provider.id, details=details)
