"""Writing model cards. What was written before stays."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from audit.ledger.append import append_act
from audit.ledger.envelope import canonical
from governance.models import Model, ModelCard
from kit import errors
from kit.context import Actor
from tenants import permissions

PARTS = ("intended_use", "not_for", "limitations", "evaluation", "text")


def latest(model: Model) -> ModelCard | None:
    return ModelCard.objects.filter(model_id=model.id).first()


def write(*, actor: Actor, model: Model, based_on: int, now: datetime, **parts: str) -> ModelCard:
    """The model's card from now on. `based_on` is the number of the card that was read, 0 for none; `parts` are of
    `PARTS`, and one that is left out is empty.

    Raises `errors.Conflict` where somebody has written another card since, or nothing is different; Django's
    `ValidationError`.
    """
    permissions.require(actor, "governance.register.manage")
    permissions.require_reach(actor, None)
    with transaction.atomic():
        Model.objects.select_for_update().get(id=model.id)
        last = latest(model)
        if (last.number if last else 0) != based_on:
            raise errors.Conflict("Somebody has written another card meanwhile. Read that one first.")
        card = _card(actor, model, based_on + 1, parts, now)
        if last is not None and last.content_hash == card.content_hash:
            raise errors.Conflict("This is what the card says already.")
        card.full_clean(exclude=["written_at"])
        card.save(force_insert=True)
        append_act(
            actor=actor,
            action="governance.model_card.written",
            object_kind="model",
            object_id=model.id,
            details={"number": str(card.number), "content_hash": card.content_hash},
        )
    return card


def content_hash(card: ModelCard) -> str:
    """SHA-256, in hex, of the canonical form of what the card says of which model."""
    said = {"model_id": str(card.model_id), **{name: getattr(card, name) for name in PARTS}}
    return hashlib.sha256(canonical(said)).hexdigest()


def _card(actor: Actor, model: Model, number: int, parts: dict[str, str], now: datetime) -> ModelCard:
    card = ModelCard(
        organization_id=actor.organization_id,
        model=model,
        number=number,
        written_by_id=actor.id,
        written_at=now,
        **{name: _plain(parts.get(name, "")) for name in PARTS},
    )
    card.content_hash = content_hash(card)
    return card


def _plain(text: str) -> str:
    """With one kind of line end, whatever a browser sends, so that the same text has the same hash."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
