"""Acts are read with names in place of ids."""

from __future__ import annotations

from audit.models import Record
from kit.ids import new_id
from kit.scoping import within
from portal.subjects import Told, named, tell
from portal.timeline import entries
from tenants.services import allotments, organizations
from tenants.services.allotments import Level
from tests.support.cast import Cast
from tests.support.world import World


def _told(acme: Cast) -> dict[str, Told]:
    with within(acme.ann.actor.scope):
        records = list(Record.objects.filter(kind="act").order_by("id"))
        return {one.entry.action: one for one in tell(entries(records))}


def test_the_subject_and_the_details_have_names_and_pages(acme: Cast) -> None:
    with within(acme.ada.actor.scope):
        organizations.create_project(
            actor=acme.ada.actor, team=acme.world.team, name="Bot", slug="bot", now=acme.world.now
        )

    told = _told(acme)["tenants.project.created"]

    assert told.subject is not None
    assert told.subject.name == "Payments / Bot"
    assert told.subject.address.startswith("/admin/tenants/project/")
    assert [(fact.name, fact.text) for fact in told.facts] == [("slug", "bot"), ("team", "Payments")]


def test_amounts_are_read_in_usd(acme: Cast) -> None:
    with within(acme.ada.actor.scope):
        budget = allotments.add_budget(
            actor=acme.ada.actor,
            name="Letters",
            limit_nano_usd=7_000_000_000,
            now=acme.world.now,
            level=Level.of(acme.world.team),
        )
        allotments.change_budget(actor=acme.ada.actor, budget=budget, limit_nano_usd=9_000_000_000)

    facts = {fact.name: fact.text for fact in _told(acme)["tenants.budget.changed"].facts}

    assert facts == {"before": "$7.00", "limit": "$9.00"}


def test_long_values_are_told_by_their_end_and_kept_whole(acme: Cast) -> None:
    acme.world.approve(acme.world.model("helper", approved=False))

    signed = next(fact for fact in _told(acme)["governance.approval.approved"].facts if fact.name == "signed hash")

    assert len(signed.whole) == 64
    assert signed.text == f"…{signed.whole[-12:]}"


def test_what_may_not_be_seen_has_no_name(acme: Cast, other_world: World) -> None:
    with within(acme.bob.actor.scope):
        found = named([acme.world.team.id, other_world.team.id, new_id()])

    assert list(found) == [acme.world.team.id]
