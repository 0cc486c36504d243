"""Taking in an inventory: looked at row by row, then all of it or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from governance.intake import table as tables
from governance.intake.plan import Plan
from governance.models import Model, OtherSystem
from governance.services import inventory
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tests.governance.intake_files import HEADER, MODEL, SYSTEM, csv_of, models, xlsx_of
from tests.support.acts import acts_of
from tests.support.history import changes_of
from tests.support.world import World


def look(world: World, *rows: list[Any], header: list[str] = HEADER) -> Plan:
    with within(world.admin.scope):
        table = tables.read(csv_of(*rows, header=header))
        return inventory.dry_run(actor=world.admin, table=table, now=clock.now())


def take(world: World, content: bytes, *, takes_similar: bool = False, actor: Actor | None = None) -> Plan:
    actor = actor or world.admin
    with within(actor.scope):
        return inventory.take_in(actor=actor, table=tables.read(content), takes_similar=takes_similar, now=clock.now())


def listed(world: World) -> tuple[int, int]:
    with within(world.system.scope):
        return Model.objects.count(), OtherSystem.objects.count()


@pytest.mark.parametrize("content", [csv_of(MODEL, SYSTEM), xlsx_of(MODEL, SYSTEM)])
def test_what_is_taken_in_is_listed_by_one_act_and_permits_no_call(world: World, content: bytes) -> None:
    take(world, content)
    with within(world.admin.scope):
        model, system = Model.objects.get(), OtherSystem.objects.get()
    assert (model.slug, model.version, model.context_window) == ("mistral-small", "2506", 128_000)
    assert (system.vendor, system.ai_act_class, system.owner_id) == ("Contoso", "limited", world.admin.id)
    assert acts_of(world)[-1].action == "governance.inventory.taken_in"
    assert [change.actor_id for change in changes_of(model.id)] == [world.admin.id]
    with within(world.admin.scope):
        assert not model.approval_requests.exists()


def test_looking_lists_nothing(world: World) -> None:
    look(world, SYSTEM)
    before = len(acts_of(world))
    plan = look(world, MODEL, SYSTEM)
    assert (len(plan.models), len(plan.systems), len(plan.wrong)) == (1, 1, 0)
    assert listed(world) == (0, 0)
    assert len(acts_of(world)) == before


def test_one_wrong_row_keeps_all_of_them_out(world: World) -> None:
    wrong = ["model", "Other", "Somebody", "", "lots", "8", "", ""]
    with pytest.raises(errors.InvalidRequest, match=r"1 of 2 rows are wrong, the first in row 3: context_window"):
        take(world, csv_of(MODEL, wrong))
    assert listed(world) == (0, 0)


def test_what_is_wrong_is_told_by_row_and_column(world: World) -> None:
    world.model("listed", approved=False)
    header = [*HEADER, "owner", "review_on", "slug", "data_class"]
    plan = look(
        world,
        ["use case", "Letters", "Us"],
        ["model", "", "Somebody", "not exact", "8", "9"],
        ["model", "Listed", "Somebody", "1", "8", "4", "", "", "", "", "listed"],
        ["model", "Xyz", "Somebody", "1", "4", "8", "", "", "", "", "upper"],
        ["system", "Bot", "Contoso", "", "", "", "", "harmless", "nobody@example.com", "1/2/2027", "", "secret"],
        header=header,
    )
    told = {row.number: {wrong.column for wrong in row.wrong} for row in plan.wrong}
    assert told == {
        2: {"kind"},
        3: {"name", "version", "slug"},
        4: {"slug"},
        5: {"max_output_tokens"},
        6: {"purpose", "ai_act_class", "owner", "review_on", "data_class"},
    }


def test_a_row_that_is_there_twice_is_wrong_the_second_time(world: World) -> None:
    plan = look(world, MODEL, SYSTEM, MODEL, SYSTEM)
    assert [row.number for row in plan.wrong] == [4, 5]
    assert plan.wrong[0].wrong[0].text == "Row 2 has it already."


def test_what_reads_alike_is_listed_only_when_somebody_wants_it(world: World) -> None:
    world.model("mistral-small-3", name="Mistral Small 3", publisher="Mistral AI", approved=False)
    content = csv_of(MODEL, ["system", "Mail-Assistant", "Contoso", "", "", "", "Drafts.", "limited"], SYSTEM)
    with pytest.raises(errors.Conflict, match="2 rows read like something"):
        take(world, content)
    plan = take(world, content, takes_similar=True)
    assert [row.similar for row in plan.similar] == [["mistral-small-3"], ["Mail-Assistant, row 3"]]
    assert listed(world) == (2, 2)


def test_an_owner_is_named_by_address_and_is_of_the_organisation(world: World, other_world: World) -> None:
    header, officer = [*HEADER, "owner"], world.officer
    assert other_world.officer
    ours, foreign = world.people["olivia"].email, other_world.people["olivia"].email
    plan = look(world, [*SYSTEM, ours.upper()], header=header)
    assert plan.systems[0].owner_id == officer.id
    assert look(world, [*SYSTEM, foreign], header=header).wrong[0].wrong[0].column == "owner"


def test_the_register_of_another_organisation_is_no_duplicate(world: World, other_world: World) -> None:
    take(other_world, csv_of(MODEL, SYSTEM))
    plan = look(world, MODEL, SYSTEM)
    assert (plan.wrong, plan.similar) == ([], [])


def test_a_long_file_is_taken_in_at_once(world: World) -> None:
    take(world, csv_of(*models(300)), takes_similar=True)
    assert listed(world) == (300, 0)
