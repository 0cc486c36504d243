"""Filters, searches, orders and actions of lists: the values of somebody else's row find what invented ones find."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.contrib import admin
from django.db import models
from django.urls import reverse

import portal.urls  # noqa: F401 - registers with the admin
from audit.models import Record
from governance.models import Model, Route
from governance.rest.urls import router as register
from kit.ids import new_id
from tenants.models import ApiKey, Project, Team
from tenants.rest.urls import router as tenants
from tests.isolation import ways
from tests.isolation.addresses import Reply, looking, told
from tests.isolation.callers import Callers
from tests.isolation.plots import FACTORIES, AnyModel
from tests.isolation.walls import TEAM, Estate, side_column
from tests.support.cast import Person, browser

RESOURCES: dict[str, Any] = {
    f"/api/{prefix}/": view for router in (tenants, register) for prefix, view, _ in router.registry
}
IN_THE_ADMIN = [model for model in admin.site._registry if model in FACTORIES]
_RUN = re.compile(r"[\w-]+")
_DELETION = {"action": "delete_selected", "post": "yes"}
_WORDS = ("name", "slug", "prefix", "issuer", "upstream_model", "justification")
_PLACES_TO_SEARCH = [
    *[("/search/", "q"), ("/admin/search/", "s"), ("/acts/", "object")],
    *[("/history/", "object"), ("/api/history/", "object")],
    *[("/requests/", name) for name in ("model", "key", "team", "project")],
    *[("/api/requests/", name) for name in ("model", "api_key", "team", "project")],
]
# What those look for.
_SOUGHT: tuple[AnyModel, ...] = (ApiKey, Team, Project, Model, Route, Record)


def change_list(model: AnyModel) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def look(person: Person, path: str, word: object, **query: object) -> Reply:
    """What a list says; `word` is the part of the query that is told apart from nothing."""
    return told(looking(person).get(f"{path}?{urlencode(query)}"), word)


def outsiders(callers: Callers, model: Any) -> list[Person]:
    """Those to whom a row of the first team is foreign."""
    return callers.outside if side_column(TEAM, model) else [callers.stranger]


def invented(value: object) -> object:
    """Something of the same kind and length that nobody has."""
    if isinstance(value, UUID):
        return new_id()
    return (new_id().hex * (len(str(value)) // 32 + 1))[: len(str(value))]


def is_of_a_closed_set(model: AnyModel, lookup: str) -> bool:
    return "__" not in lookup and bool(getattr(model._meta.get_field(lookup), "choices", None))


def reached(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name, None)
    return row


def peculiar(row: models.Model) -> dict[str, Any]:
    """The words by which a row could be found, and its id."""
    words = {name: max(_RUN.findall(str(getattr(row, name, ""))), key=len, default="") for name in _WORDS}
    return {"id": row.pk, **{name: word for name, word in words.items() if len(word) > 12}}


@pytest.mark.parametrize("path", RESOURCES)
def test_no_filter_of_the_api_finds_it(
    estate: Estate, other_estate: Estate, callers: Callers, standing: str, path: str
) -> None:
    view = RESOURCES[path]
    row = estate.plots[0].row(view.model)
    for parameter, lookup in view.filters_by.items():
        value = reached(row, lookup)
        if isinstance(value, UUID) or len(str(value)) > 12:
            for person in outsiders(callers, view.model):
                found = look(person, path, value, **{parameter: value})
                assert str(row.pk).encode() not in found.body
                if is_of_a_closed_set(view.model, lookup):  # everybody knows the words, and others are refused
                    continue
                made_up = invented(value)
                assert found == look(person, path, made_up, **{parameter: made_up}), parameter


@pytest.mark.parametrize("path", RESOURCES)
def test_no_search_of_the_api_finds_it(estate: Estate, callers: Callers, standing: str, path: str) -> None:
    row = estate.plots[0].row(RESOURCES[path].model)
    for word in peculiar(row).values():
        for person in outsiders(callers, RESOURCES[path].model):
            made_up = invented(word)
            assert look(person, path, word, search=word) == look(person, path, made_up, search=made_up)


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label) for model in IN_THE_ADMIN])
def test_no_list_of_the_admin_finds_it(estate: Estate, callers: Callers, standing: str, model: AnyModel) -> None:
    row, path = estate.plots[0].row(model), change_list(model)
    for name, word in peculiar(row).items():
        for person in outsiders(callers, model):
            made_up = invented(word)
            assert look(person, path, word, q=word) == look(person, path, made_up, q=made_up)
            lookup = "id__exact" if name == "id" else f"{name}__contains"
            assert look(person, path, word, **{lookup: word}) == look(person, path, made_up, **{lookup: made_up})


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label) for model in IN_THE_ADMIN])
def test_no_list_is_filtered_by_what_is_behind_it(
    estate: Estate, callers: Callers, standing: str, model: AnyModel
) -> None:
    """Such as the owner's password, a letter at a time."""
    foreign = estate.world.organization
    for lookup, value in [("organization__id__exact", foreign.id), ("organization__slug__startswith", foreign.slug)]:
        made_up = invented(value)
        assert look(callers.stranger, change_list(model), value, **{lookup: value}) == look(
            callers.stranger, change_list(model), made_up, **{lookup: made_up}
        )
    for lookup in ("user__password__startswith", "requested_by__password__startswith"):
        answers = [browser(callers.admin).get(change_list(model), {lookup: text}) for text in ("p", "z")]
        assert {answer.status_code for answer in answers} <= {302, 400, 403}


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label) for model in IN_THE_ADMIN])
def test_no_action_of_a_list_reaches_it(estate: Estate, callers: Callers, standing: str, model: AnyModel) -> None:
    row = estate.plots[0].row(model)
    before = ways.content(row)
    for person in outsiders(callers, model):
        made_up = new_id()
        answers = [
            told(
                browser(person).post(change_list(model), {**_DELETION, "_selected_action": str(identifier)}), identifier
            )
            for identifier in (row.pk, made_up)
        ]
        assert answers[0] == answers[1]
    assert ways.content(row) == before


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label) for model in IN_THE_ADMIN])
def test_completion_offers_nothing_of_it(estate: Estate, callers: Callers, standing: str, model: AnyModel) -> None:
    row = estate.plots[0].row(model)
    for field in model._meta.concrete_fields:
        if field.related_model is None:
            continue
        query: dict[str, Any] = {
            "app_label": model._meta.app_label,
            "model_name": model._meta.model_name,
            "field_name": field.name,
        }
        for person in outsiders(callers, field.related_model):
            answer = told(looking(person).get("/admin/autocomplete/", {"term": "", **query}))
            assert answer.status in (200, 403, 404), answer.status
            assert str(getattr(row, field.attname)).encode() not in answer.body


@pytest.mark.parametrize(("path", "parameter"), _PLACES_TO_SEARCH)
def test_no_search_of_a_screen_finds_it(
    estate: Estate, callers: Callers, standing: str, path: str, parameter: str
) -> None:
    for model in _SOUGHT:
        for word in peculiar(estate.plots[0].row(model)).values():
            for person in outsiders(callers, model):
                made_up = invented(word)
                found = look(person, path, word, **{parameter: word})
                assert found == look(person, path, made_up, **{parameter: made_up}), (model._meta.label, word)
