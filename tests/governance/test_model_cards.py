"""Model cards: each one that is written is a version, and what was written stays."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from governance.models import Model, ModelCard
from governance.services import model_cards
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tests.support.acts import acts_of, new_model
from tests.support.world import World


def write(actor: Actor, model: Model, based_on: int = 0, **parts: str) -> ModelCard:
    with within(actor.scope):
        return model_cards.write(
            actor=actor, model=model, based_on=based_on, now=clock.now(), **{"intended_use": "letters", **parts}
        )


def test_each_card_is_a_version_and_its_hash_is_in_the_ledger(world: World) -> None:
    model = new_model(world)
    first = write(world.admin, model)
    second = write(world.officer, model, 1, limitations="German only")
    assert [first.number, second.number] == [1, 2]
    assert first.content_hash != second.content_hash
    assert second.content_hash in bytes(acts_of(world)[-1].envelope).decode()
    with within(world.admin.scope):
        assert model_cards.latest(model) == second


def test_the_same_text_has_the_same_hash_whatever_its_line_ends(world: World) -> None:
    model = new_model(world)
    write(world.admin, model, text="one\r\ntwo\r\n")
    with pytest.raises(errors.Conflict, match="says already"):
        write(world.admin, model, 1, text="one\ntwo")


def test_nobody_writes_over_a_card_that_they_have_not_read(world: World) -> None:
    model = new_model(world)
    write(world.admin, model)
    with pytest.raises(errors.Conflict, match="another card meanwhile"):
        write(world.officer, model, 0, text="other")


@pytest.mark.parametrize("statement", ["UPDATE governance_modelcard SET text = ''", "DELETE FROM governance_modelcard"])
def test_a_card_is_not_changed_by_raw_sql(world: World, statement: str) -> None:
    write(world.admin, new_model(world))
    with within(world.admin.scope), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)


def test_nobody_signs_a_card_with_another_name(world: World) -> None:
    model, officer = new_model(world), world.officer
    card = write(world.admin, model)
    forged = ModelCard(
        organization_id=card.organization_id,
        model=model,
        number=2,
        intended_use="anything",
        content_hash=card.content_hash,
        written_by_id=officer.id,
        written_at=clock.now(),
    )
    with within(world.admin.scope), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        forged.save(force_insert=True)
