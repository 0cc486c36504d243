"""What a caller writes stays what it is: it ends no header, no log line and no page."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.support.cast import Browser, Cast, browser
from tests.support.gateway import RunningGateway
from tests.support.recorder import Recorder
from tests.support.world import PASSWORD, World

BREAK = "\r\nx-planted: yes\r\n\r\nplanted"
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
HELLO = [{"role": "user", "content": "Hello"}]


def raw(gateway: RunningGateway, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


@pytest.mark.parametrize("target", [f"/{BREAK}", "/%0d%0ax-planted:%20yes", "/\r\nx-planted: yes", "/\x00", "/\tx"])
def test_the_way_on_after_signing_in_plants_no_header(acme_once: Cast, target: str) -> None:
    answer = Browser().post("/sign-in/", {"email": acme_once.dev.user.email, "password": PASSWORD, "next": target})

    assert answer.status_code == 302
    assert "x-planted" not in answer.headers
    assert not {"\r", "\n", "\0"} & set(answer.headers["Location"])


@pytest.mark.parametrize(
    "path", ["/search/?q={}", "/requests/?model={}", "/requests/?key={}", "/acts/?object={}", "/admin/search/?s={}"]
)
def test_what_was_looked_for_is_shown_as_text(acme_once: Cast, path: str) -> None:
    page = browser(acme_once.ada).get(path.format(SCRIPT.replace("<", "%3C"))).content

    assert b"<script>alert" not in page
    assert b"<img src=x" not in page


def test_names_are_shown_as_text(acme: Cast) -> None:
    acme.world.model("helper", name=SCRIPT, publisher=SCRIPT, approved=False)
    acme.world.new_key()

    for path in ("/admin/governance/model/", "/approvals/new/", "/search/?q=script", "/api/models/"):
        answer = browser(acme.ada).get(path, follow=True)
        assert answer.status_code == 200
        if "json" not in answer.headers["content-type"]:
            assert b"<script>alert" not in answer.content


def test_no_header_of_the_callers_plants_one_in_the_answer(gateway: RunningGateway, world: World) -> None:
    world.serve("helper")
    for name in ("x-request-id", "origin", "x-chancery-end-user", "x-chancery-data-class", "traceparent", "user-agent"):
        answer = gateway.get("/v1/models", headers={**world.headers, name: "evil\tplanted"})
        assert "planted" not in str(answer.headers)


def test_no_origin_is_let_in_that_nobody_listed(gateway: RunningGateway, world: World) -> None:
    for origin in ("https://evil.example", "null", "https://localhost.evil.example"):
        answer = gateway.get("/v1/models", headers={**world.headers, "origin": origin})
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx-a: b\rx-planted: yes\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx-a: b\x00c\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx-a : b\r\n\r\n",
        b"GET /v1/mo\rdels HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"POST /v1/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    ],
)
def test_a_head_that_two_could_read_differently_is_refused(gateway: RunningGateway, request_: bytes) -> None:
    answer = raw(gateway, request_)

    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_no_caller_writes_a_line_of_the_log(gateway: RunningGateway, world: World) -> None:
    before = len(gateway.log.read_bytes())
    evil = "%0aERROR planted%1b[31m\u2028"
    for path in (f"/v1/{evil}", f"/{evil}", f"/api/{evil}", f"/admin/{evil}"):
        gateway.get(path, headers={**world.headers, "user-agent": "evil\x1b[31m"})
    raw(gateway, b"GET / HTTP/1.1\r\nhost: evil\x1b[31mplanted\r\nconnection: close\r\n\r\n")
    raw(gateway, b"GET /%0aplanted HTTP/1.1\r\nhost: evil%0aplanted\r\nconnection: close\r\n\r\n")

    written = gateway.log.read_bytes()[before:]
    assert not [line for line in written.splitlines() if line.startswith((b"ERROR planted", b"planted"))]
    assert b"\x1b" not in written


def test_no_upstream_writes_a_header_or_a_line_of_the_log(
    gateway: RunningGateway, world: World, echo_upstream: Recorder
) -> None:
    world.serve("helper", echo_upstream.url)
    echo_upstream.answer_with(id=BREAK, model=BREAK, system_fingerprint=BREAK)
    before = len(gateway.log.read_bytes())

    answer = gateway.post("/v1/chat/completions", headers=world.headers, json={"model": "helper", "messages": HELLO})

    assert answer.status_code == 200
    assert "x-planted" not in answer.headers
    assert b"planted" not in gateway.log.read_bytes()[before:]


def test_a_file_is_not_reached_through_an_address(gateway: RunningGateway) -> None:
    for path in (
        "/static/../manage.py",
        "/static/%2e%2e/manage.py",
        "/static/..%2f..%2fetc/passwd",
        "/static//etc/passwd",
    ):
        answer = raw(gateway, f"GET /static{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        assert b"HTTP/1.1 404" in answer[:20] or b"HTTP/1.1 302" in answer[:20]
        assert b"root:" not in answer
        assert Path("manage.py").read_bytes()[:40] not in answer
