"""With no scope entered the scoped managers raise, and row-level security shows nothing."""

from __future__ import annotations

import pytest
from django.db import transaction

from kit import scoping
from kit.tenant_owned import ScopedManager
from tests.isolation import ways
from tests.isolation.plots import AnyModel, owned_models
from tests.isolation.walls import Estate
from tests.isolation.ways import DENIED, may, table_of

MODELS = [pytest.param(model, id=model._meta.label) for model in owned_models()]
SCOPED = [
    pytest.param(model, id=model._meta.label)
    for model in owned_models()
    if isinstance(model._default_manager, ScopedManager)
]


@pytest.mark.parametrize("model", SCOPED)
def test_a_scoped_manager_raises(model: AnyModel) -> None:
    with pytest.raises(scoping.NoTenant):
        model._default_manager.all()


@pytest.mark.parametrize("way", ["unscoped manager", "SQL"])
@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_seen(estate: Estate, model: AnyModel, way: str) -> None:
    assert ways.read(way, estate.plots[0].row(model)) == (0 if may(table_of(model), "SELECT") else DENIED)


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_changed_or_removed(estate: Estate, model: AnyModel) -> None:
    row = estate.plots[0].row(model)
    assert ways.touch("SQL", row) == (0 if ways.changeable(table_of(model)) else DENIED)
    assert ways.remove("SQL", row) in (0, DENIED)


@pytest.mark.parametrize("model", MODELS)
def test_a_scope_ends_with_its_transaction(estate: Estate, model: AnyModel) -> None:
    with scoping.within(estate.as_a_whole.scope):
        pass
    assert ways.read("SQL", estate.plots[0].row(model)) in (0, DENIED)


def test_an_inner_scope_ends_before_its_transaction(estate: Estate, other_estate: Estate) -> None:
    ours, theirs = estate.plots[0].team, other_estate.plots[0].team
    with scoping.within(estate.as_a_whole.scope):
        with scoping.within(other_estate.as_a_whole.scope):
            assert (ways.read("SQL", ours), ways.read("SQL", theirs)) == (0, 1)
        assert (ways.read("SQL", ours), ways.read("SQL", theirs)) == (1, 0)
    with transaction.atomic():
        assert ways.read("SQL", ours) == 0
