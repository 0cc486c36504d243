"""What no team owns is read by all teams of the organisation, and written by whoever acts for all of it."""

from __future__ import annotations

import pytest

from governance.models import Alert, AlertChannel, Waiver
from kit.ids import new_id
from kit.scoping import within
from tests.isolation import ways
from tests.isolation.plots import AnyModel, Plot, owned_models
from tests.isolation.walls import Estate
from tests.isolation.ways import DENIED, WAYS, changeable, may, table_of


def _may_be_shared(model: AnyModel) -> bool:
    return any(each.attname == "team_id" and each.null for each in model._meta.concrete_fields)


FOLLOWS = {Waiver}  # whose team is that of its use case, whatever is put in
OF_THE_WHOLE = {Alert}  # what the organisation spends is not for people of single teams
SHARED = [
    pytest.param(model, id=model._meta.label)
    for model in owned_models()
    if _may_be_shared(model)
    and model not in FOLLOWS | OF_THE_WHOLE
    and model._meta.app_label != "audit"  # which nobody writes by hand
]


def share(plot: Plot, model: AnyModel) -> object:
    """A copy of the plot's row that no team owns."""
    row = plot.row(model)
    columns = {each.attname: getattr(row, each.attname) for each in model._meta.concrete_fields}
    own = {"id": new_id(), "team_id": None} | ({"slug": f"shared-{new_id().hex}"} if "slug" in columns else {})
    own |= {"name": f"shared-{new_id().hex}"} if model is AlertChannel else {}
    own |= {"role": "auditor"} if "role" in columns else {}
    own |= {"subject_id": new_id()} if "subject_id" in columns else {}
    return plot.add(model, **{name: value for name, value in (columns | own).items() if name != "organization_id"})


@pytest.mark.parametrize("model", SHARED)
def test_a_team_reads_it_and_does_not_write_it(estate: Estate, model: AnyModel) -> None:
    row = share(estate.plots[0], model)
    table = table_of(model)
    with within(estate.team(1).scope):
        for way in WAYS:
            assert ways.read(way, row) == 1
            assert ways.touch(way, row) == (0 if changeable(table) else DENIED)
            assert ways.remove(way, row) == (0 if may(table, "DELETE") else DENIED)
            assert ways.insert_copy(way, row) == DENIED
    with within(estate.as_a_whole.scope):
        assert ways.touch("SQL", row) == (1 if changeable(table) else DENIED)
