"""What another site makes a signed-in browser send is refused, at every address that changes something."""

from __future__ import annotations

import re

import pytest

from kit.ids import new_id
from tests.isolation.addresses import Address, addresses
from tests.support.cast import Browser, Cast, Person, browser

CHANGING = [pytest.param(each, id=str(each)) for each in addresses() if each.method not in ("get", "head", "options")]
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def forgetful(person: Person) -> Browser:
    """A browser that is checked, and has no token to show."""
    client = browser(person)
    client.handler.enforce_csrf_checks = True
    return client


def send(client: Browser, address: Address, **headers: str) -> int:
    path = address.path(new_id() if address.model else "")
    kind = "application/json" if address.is_api else "application/x-www-form-urlencoded"
    body = "{}" if address.is_api else ""
    status: int = getattr(client, address.method)(path, body, content_type=kind, headers=headers).status_code
    return status


@pytest.mark.parametrize("address", CHANGING)
def test_a_session_alone_changes_nothing(acme_once: Cast, address: Address) -> None:
    assert send(forgetful(acme_once.ada), address) == 403


@pytest.mark.parametrize("address", CHANGING)
def test_a_token_from_somewhere_else_is_no_token(acme_once: Cast, address: Address) -> None:
    assert send(forgetful(acme_once.ada), address, **{"x-csrftoken": "a" * 64}) == 403


def test_a_good_token_from_another_origin_is_refused(acme_once: Cast) -> None:
    client = forgetful(acme_once.dev)
    token = _TOKEN.search(client.get("/account/").content.decode())
    assert token is not None
    form = {"name": "script", "csrfmiddlewaretoken": token[1]}

    assert client.post("/account/tokens/", form, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post("/account/tokens/", form, headers={"origin": "http://localhost"}).status_code != 403


def test_an_access_token_is_not_sent_by_browsers_and_needs_none(acme_once: Cast) -> None:
    client = Browser()
    client.handler.enforce_csrf_checks = True
    headers = {"Authorization": f"Bearer {acme_once.ada.token()}"}

    answer = client.post("/api/teams/", {"name": "x", "slug": f"t-{new_id().hex}"}, "application/json", headers=headers)

    assert answer.status_code == 201


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_a_body_that_a_form_could_send_is_not_read(acme_once: Cast, kind: str) -> None:
    headers = {"Authorization": f"Bearer {acme_once.ada.token()}"}

    assert Browser().post("/api/teams/", "name=x&slug=x", content_type=kind, headers=headers).status_code == 415


def test_a_forged_session_is_nobody(acme_once: Cast) -> None:
    for key in ("", "a" * 32, "../../etc/passwd", "'; DROP TABLE django_session; --", "\x00", "é" * 40):
        client = Browser()
        client.cookies["sessionid"] = key
        assert client.get("/account/").headers["Location"].startswith("/sign-in/")
