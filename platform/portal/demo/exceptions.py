"""The exceptions of the demo: a use of break glass, and a waiver that waits, one in force and one that has ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from governance.models import Approval, Model, UseCase, WaivedCondition, Waiver
from governance.services import break_glass, waivers
from kit.context import Actor
from kit.data_class import DataClass
from kit.scoping import within
from portal.demo.cast import DUMMY_MODEL, LOCAL_MODEL, PENDING_MODEL
from portal.demo.seed import Founded


def compile_for(
    founded: Founded, models: Mapping[str, Model], letters: UseCase, limits: UseCase, now: datetime
) -> None:
    _break_glass(founded, models[PENDING_MODEL], now)
    _one_that_waits(founded, models[LOCAL_MODEL], limits, now)
    _one_in_force(founded, models[DUMMY_MODEL], letters, now)
    _one_that_has_ended(founded, models[LOCAL_MODEL], letters, now)


def _break_glass(founded: Founded, model: Model, now: datetime) -> None:
    """Asked for, countersigned, ended after the incident and found justified."""
    asking, (second, third) = founded.actors["admin"], founded.officers
    with within(asking.scope):
        glass = break_glass.ask(
            actor=asking,
            model=model,
            reason="The approved model answers nothing today, and letters are due this evening.",
            terms=break_glass.Terms(hours=2),
            now=now,
        )
    signed = glass.content_hash
    with within(second.scope):
        break_glass.countersign(
            actor=second, glass=glass, reason="The letters cannot wait.", signed_hash=signed, now=now
        )
        glass = break_glass.end(actor=second, glass=glass, reason="The approved model answers again.", now=now)
    with within(third.scope):
        break_glass.review(
            actor=third,
            glass=glass,
            is_justified=True,
            reason="Nothing else would have met the day.",
            signed_hash=signed,
        )


def _one_that_waits(founded: Founded, model: Model, limits: UseCase, now: datetime) -> None:
    """Signed by one of the two."""
    terms = waivers.Terms(
        WaivedCondition.DATA_CLASS,
        "Incomes are replaced by bands before a file is sent.",
        days=60,
        max_data_class=DataClass.RESTRICTED,
    )
    reason = "The review of the model for restricted data is in six weeks, and the files of applicants do not wait."
    _sign(founded.officers[1], _ask(founded, model, limits, terms, reason, now), now)


def _one_in_force(founded: Founded, model: Model, letters: UseCase, now: datetime) -> None:
    """It outlasts the day of the recertification."""
    terms = waivers.Terms(
        WaivedCondition.RECERTIFICATION, "From that day on a second clerk reads every letter.", days=85
    )
    reason = "The day of the recertification falls into the move of the office; the review follows ten days later."
    asked = _ask(founded, model, letters, terms, reason, now)
    for signer in (founded.officers[0], founded.actors["admin"]):
        _sign(signer, asked, now)


def _one_that_has_ended(founded: Founded, model: Model, letters: UseCase, now: datetime) -> None:
    terms = waivers.Terms(
        WaivedCondition.DATA_CLASS,
        "Two clerks read each letter of the archive.",
        days=30,
        max_data_class=DataClass.RESTRICTED,
    )
    asked = _ask(founded, model, letters, terms, "Letters of the archive name health data.", now)
    first, second = founded.officers
    for signer in (first, second):
        _sign(signer, asked, now)
    with within(second.scope):
        waivers.end(actor=second, waiver=asked, reason="The archive has been worked through.", now=now)


def _ask(founded: Founded, model: Model, use_case: UseCase, terms: waivers.Terms, reason: str, now: datetime) -> Waiver:
    asking = founded.actors["dev"]
    with within(asking.scope):
        approval = Approval.objects.get(model=model, ended_at__isnull=True)
        return waivers.ask(actor=asking, approval=approval, use_case=use_case, reason=reason, terms=terms, now=now)


def _sign(signer: Actor, waiver: Waiver, now: datetime) -> None:
    with within(signer.scope):
        waivers.sign(actor=signer, waiver=waiver, reason="I have read it.", signed_hash=waiver.content_hash, now=now)
