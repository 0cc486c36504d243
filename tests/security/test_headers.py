"""What every answer tells a browser, and what it tells a reader about us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory, override_settings

from tests.isolation.addresses import Address, addresses
from tests.support.cast import Browser, Cast, browser
from tests.support.gateway import RunningGateway
from tests.support.world import World

REPOSITORY = Path(__file__).parents[2]
PAGES = [each for each in addresses() if each.model is None and each.method == "get"]
EXPECTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
# Pages of others, which evaluate expressions or style inline.
EVALUATING, STYLING = ("/admin/",), ("/admin/", "/api/docs/")


def directives(policy: str) -> dict[str, str]:
    return {name: sources for name, _, sources in (part.strip().partition(" ") for part in policy.split(";"))}


@pytest.mark.parametrize("address", [pytest.param(each, id=str(each)) for each in PAGES])
def test_every_page_tells_the_browser_to_be_strict(acme_once: Cast, address: Address) -> None:
    for client in (browser(acme_once.ada), Browser()):
        answer = client.get(address.path())
        assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED
        assert "no-store" in answer.headers["cache-control"] or "no-cache" in answer.headers["cache-control"]
        policy = directives(answer.headers["content-security-policy"])
        assert policy["default-src"] == policy["form-action"] == "'self'"
        assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert ("'unsafe-eval'" in policy.get("script-src", "")) == address.path().startswith(EVALUATING)
        assert ("'unsafe-inline'" in policy.get("style-src", "")) == address.path().startswith(STYLING)
        assert "'unsafe-inline'" not in policy.get("script-src", "")
        assert not {"server", "x-powered-by"} & {name.lower() for name in answer.headers}


@pytest.mark.parametrize("path", ["/nothing/here/", "/api/nothing/", "/admin/nothing/", "/approvals/not-an-id/"])
def test_what_is_not_there_is_as_strict_and_says_nothing(acme_once: Cast, path: str) -> None:
    for client in (browser(acme_once.ada), Browser()):
        answer = client.get(path)
        assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED
        for word in (b"Traceback", b"urlpatterns", b"Django", b"SECRET", str(REPOSITORY).encode()):
            assert word not in answer.content


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:80:80", "a b", "localhost@evil"])
def test_another_host_is_not_answered(host: str) -> None:
    answer = Browser().get("/sign-in/", headers={"host": host})

    assert answer.status_code == 400
    assert b"evil" not in answer.content


def test_a_forwarded_host_is_not_believed() -> None:
    answer = Browser().get("/requests/", headers={"x-forwarded-host": "evil.example"})

    assert "evil.example" not in answer.headers["Location"]


def test_the_gateway_answers_json_that_no_cache_keeps_for_others(gateway: RunningGateway, world: World) -> None:
    for answer in (
        gateway.get("/v1/models", headers=world.headers),
        gateway.get("/v1/models"),
        gateway.get("/v1/<script>"),
        gateway.get("/health"),
    ):
        assert answer.headers["content-type"] == "application/json"
        assert "set-cookie" not in answer.headers
        assert "x-powered-by" not in answer.headers
        assert b"<script>" not in answer.content


SETTINGS = """
import json, django
django.setup()
from django.conf import settings
from portal import known_browser
names = [name for name in dir(settings) if "COOKIE" in name or name.startswith("SECURE_")]
found = {name: getattr(settings, name) for name in names}
print(json.dumps({**found, "KNOWN": known_browser.cookie_name()}, default=str))
"""


@pytest.fixture(scope="module")
def behind_tls(environment: dict[str, str]) -> dict[str, object]:
    """The settings that concern cookies and transport, of a process behind a proxy that ends TLS."""
    done = subprocess.run(
        [sys.executable, "-c", SETTINGS],
        env={**os.environ, **environment, "BEHIND_TLS": "true", "ALLOWED_HOSTS": "portal.example.com"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_behind_tls_cookies_are_of_this_host_alone(behind_tls: dict[str, object]) -> None:
    for kind in ("SESSION", "CSRF"):
        assert str(behind_tls[f"{kind}_COOKIE_NAME"]).startswith("__Host-")
        assert behind_tls[f"{kind}_COOKIE_SECURE"] is True
        assert behind_tls[f"{kind}_COOKIE_HTTPONLY"] is True
        assert behind_tls[f"{kind}_COOKIE_SAMESITE"] in ("Lax", "Strict")
        assert behind_tls[f"{kind}_COOKIE_DOMAIN"] is None  # which such a name demands
        assert behind_tls[f"{kind}_COOKIE_PATH"] == "/"
    assert str(behind_tls["KNOWN"]).startswith("__Host-")


def test_behind_tls_browsers_are_told_to_come_back_with_it(behind_tls: dict[str, object]) -> None:
    assert behind_tls["SECURE_HSTS_SECONDS"] == 31_536_000
    assert behind_tls["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]


def test_over_tls_the_header_is_sent() -> None:
    with override_settings(SECURE_HSTS_SECONDS=60, SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        middleware = SecurityMiddleware(lambda request: HttpResponse())
        answer: Any = middleware(RequestFactory().get("/", headers={"x-forwarded-proto": "https"}))
    assert answer.headers["strict-transport-security"] == "max-age=60"


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(acme_once: Cast) -> None:
    client = Browser()
    client.get("/sign-in/")
    client.post("/sign-in/", {"email": acme_once.dev.user.email, "password": "correct horse battery staple"})

    assert set(client.cookies) == {"csrftoken", "sessionid", "known_browser"}
    for cookie in client.cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] in ("Lax", "Strict")
        assert cookie["path"] == "/"
        assert not cookie["domain"]
