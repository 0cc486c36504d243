"""Views that people keep: private or shared, one of them the default, behind both walls."""

from __future__ import annotations

import pytest
from django.db import connection

from kit.scoping import within
from portal import saved_views
from portal.models import SavedView
from tests.support import cast
from tests.support.cast import Browser, Cast, Person, browser


@pytest.fixture
def acme() -> Cast:
    return cast.assemble()


def keep(client: Browser, name: str, query: str = "status=failed", **ticked: str) -> str:
    """The address that the view has."""
    answer = client.post("/views/save/", {"page": "requests", "name": name, "query": query, **ticked})
    assert answer.status_code == 302
    return answer.headers["Location"]


def offered(person: Person) -> str:
    return browser(person).get("/requests/?view=").content.decode()


def rows_of(person: Person) -> list[SavedView]:
    with within(person.actor.scope):
        return list(saved_views.views_of(person.actor))


def test_a_view_is_a_link_with_all_its_filters_and_nothing_of_the_moment(acme: Cast) -> None:
    page = "status=failed&model=&cost=0.5&before=01a201d3-6407-7190-8cf9-0322e75fe7f1&export=csv"

    assert keep(browser(acme.bob), "dear failures", page) == "/requests/?status=failed&cost=0.5"
    assert 'href="/requests/?status=failed&amp;cost=0.5"' in offered(acme.bob)


def test_a_private_view_is_the_owners_and_a_shared_one_is_everybodys(acme: Cast) -> None:
    keep(browser(acme.bob), "mine")
    keep(browser(acme.bob), "ours", is_shared="on")

    assert [view.name for view in rows_of(acme.ada)] == ["ours"]
    assert "ours" in offered(acme.dev)
    assert "mine" not in offered(acme.dev)
    assert "Bob" in browser(acme.ada).get("/views/").content.decode()


def test_the_database_itself_keeps_private_views_private(acme: Cast) -> None:
    keep(browser(acme.bob), "mine")
    keep(browser(acme.bob), "ours", is_shared="on")
    with within(acme.ada.actor.scope), connection.cursor() as cursor:
        cursor.execute("SELECT name FROM portal_savedview")
        assert cursor.fetchall() == [("ours",)]
        cursor.execute("UPDATE portal_savedview SET name = 'hers'")
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM portal_savedview")
        assert cursor.rowcount == 0


def test_the_default_opens_where_nothing_is_asked_for(acme: Cast) -> None:
    client = browser(acme.bob)
    keep(client, "failed", is_default="on")
    keep(client, "dear", "cost=1", is_default="on")

    assert client.get("/requests/").headers["Location"] == "/requests/?cost=1"
    assert client.get("/requests/?view=").status_code == 200
    assert browser(acme.ada).get("/requests/").status_code == 200
    assert [view.name for view in rows_of(acme.bob) if view.is_default] == ["dear"]


def test_a_view_is_changed_and_removed_by_its_owner_alone(acme: Cast) -> None:
    keep(browser(acme.bob), "ours", is_shared="on")
    [view] = rows_of(acme.bob)

    for act in ("change", "remove"):
        assert browser(acme.ada).post(f"/views/{view.id}/{act}/").status_code == 404
    assert browser(acme.bob).post(f"/views/{view.id}/change/", {"is_default": "on"}).status_code == 302
    assert [(row.is_shared, row.is_default) for row in rows_of(acme.bob)] == [(False, True)]
    assert browser(acme.bob).post(f"/views/{view.id}/remove/").status_code == 302
    assert rows_of(acme.bob) == []


def test_a_name_that_is_taken_is_kept_anew(acme: Cast) -> None:
    keep(browser(acme.bob), "failed")
    keep(browser(acme.bob), "failed", "status=refused")
    assert [view.query for view in rows_of(acme.bob)] == ["status=refused"]


@pytest.mark.parametrize("wrong", [{"name": ""}, {"page": "account"}, {"name": "x" * 101}])
def test_what_cannot_be_kept_is_refused_in_words(acme: Cast, wrong: dict[str, str]) -> None:
    answer = browser(acme.bob).post("/views/save/", {"page": "requests", "name": "failed", "query": "", **wrong})

    assert answer.status_code == 400
    assert b"The view was not saved" in answer.content


def test_too_many_filters_are_refused(acme: Cast) -> None:
    wrong = {"page": "requests", "name": "all", "query": f"model={'x' * 2500}"}
    assert browser(acme.bob).post("/views/save/", wrong).status_code == 400
