"""Bodies that name somebody else's rows, or more than a form asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.contrib import admin
from django.db import connections
from django.forms import ModelChoiceField
from django.test import RequestFactory
from django.urls import reverse

from governance.models import (
    Agreement,
    AlertChannel,
    AlertRule,
    BreakGlass,
    Claim,
    Comment,
    EvaluationCase,
    EvaluationPlan,
    Evidence,
    ModelCard,
    Questionnaire,
    Suspension,
    ThirdPartyFile,
    Waiver,
)
from kit.ids import new_id
from kit.scoping import within
from tenants.models import BudgetIncrease
from tests.isolation.addresses import Address, told
from tests.isolation.callers import Callers
from tests.isolation.forms import FORMS, body_with, makers, naming
from tests.isolation.forms import NAMING as NAMED
from tests.isolation.plots import FACTORIES, AnyModel, Plot
from tests.isolation.walls import ORGANIZATION, TEAM, Estate, side_column
from tests.support.cast import Person, browser

MADE = [pytest.param(each, id=each.key) for each in makers()]
# What is set there is the caller's own, or many rows at once: there is no row to answer with.
WITHOUT_ROW = {
    "post /api/notices/read/",
    "put /api/notices/preferences/",
    "post /api/inventory/",
    "put /api/declaration/",
    "post /api/teams/onboard/",
}
MADE_BY_OFFICERS = {"post /api/claims/", "post /api/questionnaires/", "post /api/review-rules/"}
# Those that have screens of their own, or none, and no class of the admin.
WITH_SCREENS = (
    Agreement,
    AlertChannel,
    AlertRule,
    BreakGlass,
    BudgetIncrease,
    Claim,
    Comment,
    EvaluationCase,
    EvaluationPlan,
    Evidence,
    ModelCard,
    Questionnaire,
    Suspension,
    ThirdPartyFile,
    Waiver,
)
ENTERED = [model for model, made_by in admin.site._registry.items() if getattr(made_by, "can_enter", False)]


def send(person: Person, address: Address, body: dict[str, Any]) -> Any:
    return getattr(browser(person), address.method)(address.path(), body, content_type="application/json")


def maker(callers: Callers, address: Address) -> Person:
    """Somebody who may make such a row."""
    return callers.officer if address.key in MADE_BY_OFFICERS else callers.admin


def rows_of(plot: Plot, model: AnyModel) -> int:
    with connections["system"].cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {model._meta.db_table} WHERE organization_id = %s",  # noqa: S608
            [plot.world.organization.id],
        )
        return int(cursor.fetchone()[0])


def test_every_body_that_makes_a_row_is_known_here() -> None:
    assert {each.key for each in makers()} == set(FORMS)


@pytest.mark.parametrize("address", MADE)
def test_the_body_is_accepted_as_it_is(estate: Estate, callers: Callers, address: Address) -> None:
    """Or what is refused below would prove nothing."""
    answer = send(maker(callers, address), address, FORMS[address.key](estate.plots[0]))
    assert answer.status_code in (200, 201), answer.content


@pytest.mark.parametrize("address", MADE)
@pytest.mark.parametrize("wall", [ORGANIZATION, TEAM])
def test_a_foreign_row_cannot_be_named(
    estate: Estate, other_estate: Estate, callers: Callers, standing: str, address: Address, wall: str
) -> None:
    ours = estate.plots[0]
    theirs, person = (other_estate.plots[0], callers.admin) if wall == ORGANIZATION else (estate.plots[1], callers.lead)
    for name in naming(address.key, ours):
        model = NAMED[name]
        if not side_column(wall, model):
            continue
        foreign, absent = theirs.row(model).pk, new_id()
        answers = [
            told(send(person, address, body_with(address.key, ours, name, identifier)), identifier)
            for identifier in (foreign, absent)
        ]
        assert {answer.status for answer in answers} <= {400, 403, 404}, (name, answers)
        assert answers[0].body == answers[1].body


@pytest.mark.parametrize("address", [each for each in MADE if each.id not in WITHOUT_ROW])
def test_what_the_form_does_not_ask_for_is_not_taken(
    estate: Estate, other_estate: Estate, callers: Callers, standing: str, address: Address
) -> None:
    """Every column of the row that is made, and every row it could be given to."""
    ours, theirs, model = estate.plots[0], other_estate.plots[0], _model_of(address)
    body = FORMS[address.key](ours)
    extra = {name: value for name, value in _planted(theirs, model).items() if name not in body}
    before = rows_of(theirs, model)

    answer = send(maker(callers, address), address, {**extra, **body})

    if answer.status_code == 400:  # a member that the form knows, and does not take from there
        assert set(_wrong(answer)) <= set(extra)
        return
    assert answer.status_code in (200, 201), answer.content
    assert rows_of(theirs, model) == before
    row: Any = model._base_manager.using("system").get(pk=answer.json()["id"])
    assert row.organization_id == ours.world.organization.id
    taken = {name for name, value in extra.items() if value == _plain(getattr(row, name, None)) and value is not None}
    assert taken == set()


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label) for model in ENTERED])
def test_no_form_of_the_admin_takes_a_foreign_row(
    estate: Estate, other_estate: Estate, callers: Callers, standing: str, model: AnyModel
) -> None:
    path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    theirs = other_estate.plots[0]
    for name, kind in _choices(model, callers.admin).items():
        foreign, absent = theirs.row(kind).pk, new_id()
        pages = [told(browser(callers.admin).post(path, {name: str(word)}), word) for word in (foreign, absent)]
        assert {page.status for page in pages} == {200}
        assert pages[0].body == pages[1].body, name
        assert b"is not one of the available choices" in pages[0].body or b"not a valid" in pages[0].body


def _model_of(address: Address) -> AnyModel:
    for row in (*admin.site._registry, *WITH_SCREENS):
        if row in FACTORIES and _plural(row) in address.path():
            return row
    raise LookupError(address.key)


def _plural(model: AnyModel) -> str:
    return f"/api/{str(model._meta.verbose_name_plural).lower().replace(' ', '-')}/"


def _planted(theirs: Plot, model: AnyModel) -> dict[str, Any]:
    """What a row is and whose: its own id, every row that it belongs to, and when what became of it."""
    row = theirs.row(model)
    columns = model._meta.concrete_fields
    owners = {each.attname: str(getattr(row, each.attname)) for each in columns if each.related_model}
    became = [each.attname for each in columns if each.attname.endswith("_at") and each.attname != "expires_at"]
    organization = str(theirs.world.organization.id)
    plain = {name.removesuffix("_id"): value for name, value in owners.items()}
    by_name = {name: value for name, value in plain.items() if name not in NAMED}
    moments = dict.fromkeys(became, "2001-01-01T00:00:00Z")
    more = {"id": str(row.pk), "organization": organization, "status": "approved", "acts": ["*"], "is_superuser": True}
    return {**owners, **by_name, **moments, **more}


def _plain(value: Any) -> Any:
    """As it was planted."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value and str(value)


def _wrong(answer: Any) -> list[str]:
    problem = answer.json()
    return [error["param"] for error in problem.get("errors", [])] or [problem.get("param", "")]


def _choices(model: AnyModel, person: Person) -> dict[str, AnyModel]:
    """The fields of the form that name rows, and of what kind."""
    request = RequestFactory().get("/")
    request.actor = person.actor  # type: ignore[attr-defined]
    request.user = person.user
    person.user.actor = person.actor  # type: ignore[attr-defined]
    with within(person.actor.scope):
        form = admin.site._registry[model].get_form(request)
        return {
            name: field.queryset.model
            for name, field in form.base_fields.items()
            if isinstance(field, ModelChoiceField) and field.queryset is not None and field.queryset.model in FACTORIES
        }
