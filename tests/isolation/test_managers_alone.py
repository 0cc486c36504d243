"""The first wall without the second: scoped managers on a connection to which PostgreSQL shows every tenant's rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from kit.scoping import within
from kit.tenant_owned import ScopedManager
from tests.isolation import tally
from tests.isolation.plots import AnyModel, owned_models
from tests.isolation.walls import ORGANIZATION, PRIVATE, TEAM, Wall, side_column
from tests.isolation.ways import changeable, may, table_of

# Whose holder the screens ask for by name.
OF_A_PERSON = set(PRIVATE)
CASES = [
    pytest.param(name, model, id=f"{name}-{model._meta.label}")
    for name in (ORGANIZATION, TEAM)
    for model in owned_models()
    if isinstance(model._default_manager, ScopedManager)
    and side_column(name, model)
    and not (name == TEAM and model in OF_A_PERSON)
]


def found(row: Any) -> Any:
    tally.count()
    return type(row)._default_manager.using("system").filter(pk=row.pk)


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label) for model in owned_models()])
def test_what_the_portal_reads_is_asked_for_by_scope(model: AnyModel) -> None:
    assert isinstance(model._default_manager, ScopedManager) == may(table_of(model), "SELECT")


@pytest.mark.parametrize(("name", "model"), CASES)
def test_a_row_is_found_by_its_owner_only(all_walls: dict[str, Wall], name: str, model: AnyModel) -> None:
    wall, table = all_walls[name], table_of(model)
    row = wall.owner.plot.row(model)
    if not may(table, "SELECT", "system"):
        return
    with within(wall.owner.scope):
        assert found(row).count() == 1
    with within(wall.intruder.scope):
        assert found(row).count() == 0
        with transaction.atomic(using="system"):
            if column := changeable(table, "system"):
                assert found(row).update(**{column: getattr(row, column)}) == 0
            if may(table, "DELETE", "system"):
                assert found(row).delete()[0] == 0
