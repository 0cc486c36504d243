"""Every model with an owner × both walls × every way of reaching a row × read, insert, change, move, remove.

Generated: a new model with an organisation joins by itself, and fails here until `plots` can make a row of it.
"""

from __future__ import annotations

from typing import Any

import pytest

from governance.models import Alert, AlertMessage, Approval, EvaluationPlan, TierOverride
from kit.scoping import within
from tests.isolation import ways
from tests.isolation.plots import FACTORIES, AnyModel, owned_models
from tests.isolation.walls import ORGANIZATION, TEAM, Wall, side_column
from tests.isolation.ways import DENIED, REFUSED, WAYS, may, table_of

CASES = [
    pytest.param(name, model, id=f"{name}-{model._meta.label}")
    for name in (ORGANIZATION, TEAM)
    for model in owned_models()
    if side_column(name, model)
]
# A trigger that runs before the policy finds no decision, since that is behind the wall too.
REFUSED_BEFORE_THE_POLICY = {Approval}
# By an officer or the lead, and then a copy of it, or it when changed, does not name whoever acts.
SIGNED_BY_OTHERS = {EvaluationPlan, TierOverride}
# The timetable opens alerts, and tells channels: people acknowledge an alert, and send a channel a test.
BY_ITSELF = {Alert, AlertMessage}


def test_every_model_with_an_owner_has_a_row_in_the_matrix() -> None:
    assert {model._meta.label for model in owned_models()} == {model._meta.label for model in FACTORIES}


@pytest.fixture
def wall(all_walls: dict[str, Wall], name: str) -> Wall:
    return all_walls[name]


@pytest.fixture
def row(wall: Wall, model: AnyModel) -> Any:
    """The owner's. A row nobody can see would prove nothing."""
    row = wall.owner.plot.row(model)
    with within(wall.owner.scope):
        for way in WAYS:
            assert ways.read(way, row) == (1 if may(table_of(model), "SELECT") else DENIED)
    return row


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "model"), CASES)
def test_a_row_is_not_read(wall: Wall, model: AnyModel, row: Any, way: str) -> None:
    with within(wall.intruder.scope):
        assert ways.read(way, row) == (0 if may(table_of(model), "SELECT") else DENIED)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "model"), CASES)
def test_a_row_is_not_changed(wall: Wall, model: AnyModel, row: Any, way: str) -> None:
    column = wall.column(model)
    ours = getattr(wall.intruder.plot.row(model), column)
    with within(wall.intruder.scope):
        assert ways.touch(way, row) == (0 if ways.changeable(table_of(model)) else DENIED)
        assert ways.change(way, row, column, ours) in (0, DENIED)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "model"), CASES)
def test_a_row_is_not_removed(wall: Wall, model: AnyModel, row: Any, way: str) -> None:
    with within(wall.intruder.scope):
        assert ways.remove(way, row) in (0, DENIED)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "model"), CASES)
def test_a_row_is_not_slipped_in(wall: Wall, model: AnyModel, row: Any, way: str) -> None:
    expected = REFUSED if model in REFUSED_BEFORE_THE_POLICY else DENIED
    with within(wall.intruder.scope):
        assert ways.insert_copy(way, row) == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "model"), CASES)
def test_a_row_of_ones_own_is_not_given_away(wall: Wall, model: AnyModel, row: Any, way: str) -> None:
    column = wall.column(model)
    ours = wall.intruder.plot.row(model)
    with within(wall.intruder.scope):
        assert ways.change(way, ours, column, getattr(row, column)) in (DENIED, REFUSED)


@pytest.mark.parametrize(("name", "model"), CASES)
def test_the_owner_meets_privileges_only(wall: Wall, model: AnyModel, row: Any) -> None:
    """What is refused to others is refused for the wall: the same statements reach the owner's own rows."""
    table = table_of(model)
    with within(wall.owner.scope):
        refused: tuple[str, ...] = (DENIED,) if model in SIGNED_BY_OTHERS else ()
        if model in BY_ITSELF:
            refused = (DENIED, REFUSED)
        assert ways.touch("SQL", row) in ((1, *refused) if ways.changeable(table) else (DENIED,))
        assert ways.remove("SQL", row) in ((1, REFUSED) if may(table, "DELETE") else (DENIED,))
        if side_column(wall.name, model) != "id":
            assert ways.insert_copy("SQL", row) in ((1, REFUSED, *refused) if may(table, "INSERT") else (DENIED,))
