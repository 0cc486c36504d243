"""What the gateway and the tasks reach: every tenant's rows, but only by the privileges they were given."""

from __future__ import annotations

import pytest

from tests.isolation import ways
from tests.isolation.plots import AnyModel, owned_models
from tests.isolation.walls import Estate
from tests.isolation.ways import DENIED, REFUSED, Outcome, changeable, may, table_of

CASES = [
    pytest.param(role, model, id=f"{role}-{model._meta.label}")
    for role in ("gateway", "system")
    for model in owned_models()
]
# The ledger's own triggers refuse before a missing privilege would.
# What the gateway writes itself: of what it changes, a column.
PUTS_IN = {"ReportedIdentity", "EvaluationResult"}
CHANGES = {"ApiKeySecret": "last_seen_at", "EvaluationRun": "status"}
REACHED: dict[bool, tuple[Outcome, ...]] = {True: (1, REFUSED), False: (DENIED,)}


@pytest.mark.parametrize(("role", "model"), CASES)
def test_rows_of_every_tenant_are_reached_by_privilege(
    estate: Estate, other_estate: Estate, role: str, model: AnyModel
) -> None:
    table = table_of(model)
    for row in (estate.plots[0].row(model), other_estate.plots[0].row(model)):
        assert ways.read("SQL", row, role) == (1 if may(table, "SELECT", role) else DENIED)
        assert ways.touch("SQL", row, role) == (1 if changeable(table, role) else DENIED)
        assert ways.remove("SQL", row, role) in REACHED[may(table, "DELETE", role)]
        assert ways.insert_copy("SQL", row, role) in REACHED[may(table, "INSERT", role)]


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label) for model in owned_models()])
def test_the_gateway_writes_no_row_of_a_tenant(estate: Estate, model: AnyModel) -> None:
    """But what it hears and what came of probes, and the rest through the ledger's functions."""
    row, act = estate.plots[0].row(model), "gateway"
    assert ways.remove("SQL", row, act) == DENIED
    assert (ways.insert_copy("SQL", row, act) == DENIED) == (model.__name__ not in PUTS_IN)
    assert changeable(table_of(model), act) == CHANGES.get(model.__name__)
