"""What a caller sees around an answer: error objects, headers, who may ask from where."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from kit.scoping import within
from tenants.models import RateLimit
from tenants.services import organizations
from tests.support import gateway as gateways
from tests.support.gateway import RunningGateway
from tests.support.recorder import Recorder
from tests.support.world import World

HELLO = [{"role": "user", "content": "Hello"}]
CHAT = {"model": "helper", "messages": HELLO}
ORIGIN = "https://chat.example.com"
PROXY = "10.9.8.7"


@pytest.fixture(scope="module")
def proxied(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that believes the proxy on loopback and the one at `PROXY`."""
    log = tmp_path_factory.mktemp("proxied") / "log"
    trusted = f"127.0.0.0/8,{PROXY}/32"
    running = gateways.start(environment, log, EGRESS_ALLOWED_NETWORKS="127.0.0.0/8", TRUSTED_PROXIES=trusted)
    yield running
    running.stop()


def chat(gateway: RunningGateway, headers: dict[str, str], **changed: Any) -> httpx.Response:
    return gateway.post("/v1/chat/completions", headers=headers, json={**CHAT, **changed})


def error_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert error.keys() >= {"message", "type", "param", "code"}
    assert error["message"].endswith(".")
    UUID(answer.headers["x-request-id"])
    return error


def open_to_pages(world: World, *origins: str) -> None:
    admin = world.admin
    with within(admin.scope):
        organizations.change(
            actor=admin,
            organization=world.organization,
            settings=organizations.Settings(
                name=world.organization.name,
                time_zone="UTC",
                cors_origins=list(origins),
                defaults=organizations.Defaults(),
            ),
        )


def test_every_refusal_before_a_caller_is_known_has_an_id_and_all_members(gateway: RunningGateway) -> None:
    answers = [
        gateway.get("/v1/nothing"),
        gateway.get("/v1/"),
        gateway.get("/v1/chat/completions"),
        gateway.post("/v1/models", json={}),
        gateway.get("/v1/models"),
        gateway.post("/v1/generate", json={}),
    ]
    errors = [error_of(answer) for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404, 405, 405, 401, 401]
    assert {error["param"] for error in errors} == {None}
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


@pytest.mark.parametrize(("path", "allowed"), [("/v1/chat/completions", "POST"), ("/v1/models", "GET")])
def test_a_wrong_method_is_told_the_right_one(gateway: RunningGateway, path: str, allowed: str) -> None:
    gateway.catch_up()
    answer = httpx.delete(gateway.url + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_a_refusal_names_the_field_and_says_not_to_try_again(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    wrong = chat(gateway, world.headers, temperature="hot")
    assert error_of(wrong)["param"] == "temperature"
    assert "x-should-retry" not in wrong.headers
    unknown = chat(gateway, world.headers, model="nothing")
    assert error_of(unknown)["code"] == "model_not_found"
    assert unknown.headers["x-should-retry"] == "false"


def test_an_answer_says_where_its_time_went(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    parts = dict(part.split(";dur=") for part in chat(gateway, world.headers).headers["server-timing"].split(", "))
    assert parts.keys() == {"auth", "inspect", "admit", "record", "upstream", "settle", "overhead"}
    assert all(float(spent) >= 0 for spent in parts.values())


def test_without_limits_none_are_told(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    assert not [name for name in chat(gateway, world.headers).headers if name.startswith("x-ratelimit")]


def test_what_is_left_of_the_limits_is_told(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    RateLimit.across_tenants.using("system").create(
        organization_id=world.organization.id,
        team_id=world.team.id,
        requests_per_minute=2,
        tokens_per_minute=1_000_000,
    )
    first, second, third = (chat(gateway, world.headers) for _ in range(3))
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    for answer, left in ((first, "1"), (second, "0")):
        assert answer.headers["x-ratelimit-limit-requests"] == "2"
        assert answer.headers["x-ratelimit-remaining-requests"] == left
        assert answer.headers["x-ratelimit-reset-requests"].endswith("ms")
        assert answer.headers["x-ratelimit-limit-tokens"] == "1000000"
        assert 0 < int(answer.headers["x-ratelimit-remaining-tokens"]) < 1_000_000
    assert error_of(third)["code"] == "rate_limit_exceeded"
    assert 0 < int(third.headers["retry-after"]) <= 60
    assert 0 < int(third.headers["retry-after-ms"]) <= 60_000


def test_no_page_may_read_an_answer_unless_its_organisation_says_so(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    answer = chat(gateway, {**world.headers, "origin": ORIGIN})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_listed_page_may_read_answers_and_refusals(
    gateway: RunningGateway, world: World, other_world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    other_world.serve("helper", upstream)
    open_to_pages(world, ORIGIN)
    listed = {**world.headers, "origin": ORIGIN}
    answers = [
        chat(gateway, listed),
        chat(gateway, listed, stream=True),
        chat(gateway, listed, model="nothing"),
        gateway.get("/v1/models", headers=listed),
    ]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "x-request-id" in answer.headers["access-control-expose-headers"]
        assert answer.headers["vary"] == "origin"
        assert "access-control-allow-credentials" not in answer.headers
    for headers in (
        {**world.headers, "origin": "https://evil.example.com"},
        {**world.headers, "origin": ORIGIN + ".evil.example.com"},
        world.headers,
    ):
        answer = chat(gateway, headers)
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "origin"
    theirs = chat(gateway, {**other_world.headers, "origin": ORIGIN})
    assert "access-control-allow-origin" not in theirs.headers


def test_a_browser_is_answered_before_it_sends_a_key(gateway: RunningGateway, world: World) -> None:
    origin = f"https://{world.organization.slug}.example.com"
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    gateway.catch_up()
    before = httpx.options(gateway.url + "/v1/chat/completions", headers={"origin": origin, **asked})
    assert before.status_code == 204
    assert "access-control-allow-origin" not in before.headers
    open_to_pages(world, origin)
    gateway.catch_up()
    answer = httpx.options(gateway.url + "/v1/chat/completions", headers={"origin": origin, **asked})
    assert (answer.status_code, answer.content, answer.headers["vary"]) == (204, b"", "origin")
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-origin" not in httpx.options(gateway.url + "/v1/models").headers


def test_a_listed_model_has_the_members_of_openai_and_ours(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    model = world.serve("helper", upstream)
    listed = gateway.get("/v1/models", headers=world.headers)
    UUID(listed.headers["x-request-id"])
    assert listed.json() == {
        "object": "list",
        "data": [
            {
                "id": "helper",
                "object": "model",
                "created": int(model.created_at.timestamp()),
                "owned_by": "Somebody",
                "tier": "standard",
                "status": "approved",
                "fallback_chain": [],
                "context_window": 32_768,
                "max_output_tokens": 4_096,
                "deprecation": None,
            }
        ],
    }


def test_an_unknown_or_foreign_model_is_not_shown(
    gateway: RunningGateway, world: World, other_world: World, upstream: str
) -> None:
    other_world.serve("theirs", upstream)
    answers = [gateway.get(f"/v1/models/{name}", headers=world.headers) for name in ("theirs", "nothing", "a/b/c")]
    assert {(answer.status_code, error_of(answer)["code"]) for answer in answers} == {(404, "model_not_found")}
    assert gateway.get("/v1/models", headers=world.headers).json()["data"] == []


def test_a_pipeline_that_is_not_enabled_is_named_as_the_field(
    gateway: RunningGateway, world: World, echo_upstream: Recorder
) -> None:
    world.serve("helper", echo_upstream.url)
    body = {"prompt": "Hello", "model": "helper"}
    for pipeline in ("rag", "agent"):
        error = error_of(gateway.post("/v1/generate", headers=world.headers, json={**body, "pipeline": pipeline}))
        assert (error["code"], error["param"]) == ("pipeline_not_enabled", "pipeline")
    assert echo_upstream.received == []


def test_the_team_of_the_key_may_be_named(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    body = {"prompt": "Hello", "model": "helper"}
    ours = gateway.post("/v1/generate", headers=world.headers, json={**body, "team_id": str(world.team.id)})
    assert ours.status_code == 200, ours.text
    other, _ = world.new_team("other")
    theirs = gateway.post("/v1/generate", headers=world.headers, json={**body, "team_id": str(other.id)})
    assert error_of(theirs)["param"] == "team_id"


def from_address(gateway: RunningGateway, key: str, *forwarded_for: str) -> int:
    headers = [("x-api-key", key), *(("x-forwarded-for", value) for value in forwarded_for)]
    return gateway.get("/v1/models", headers=headers).status_code


def test_nobody_says_where_they_call_from_unless_a_proxy_is_trusted(gateway: RunningGateway, world: World) -> None:
    _, inside = world.new_key(networks=["10.0.0.0/8"])
    _, loopback = world.new_key(networks=["127.0.0.1/32"])
    assert from_address(gateway, inside, "10.0.0.1") == 403
    assert from_address(gateway, loopback, "192.0.2.1") == 200


def test_a_trusted_proxy_says_who_called_it(proxied: RunningGateway, world: World) -> None:
    _, inside = world.new_key(networks=["10.0.0.0/8"])
    assert from_address(proxied, inside, "10.0.0.1") == 200
    assert from_address(proxied, inside, "192.0.2.1") == 403
    assert from_address(proxied, inside, f"10.0.0.1, {PROXY}") == 200
    assert from_address(proxied, inside, "10.0.0.1, 192.0.2.1") == 403, "what a stranger appends before is not believed"
    assert from_address(proxied, inside, f"192.0.2.1, {PROXY}") == 403
    assert from_address(proxied, inside, "10.0.0.1, nonsense") == 403
    assert from_address(proxied, inside, "192.0.2.1", PROXY) == 403, "lines of one name are one list"
    assert from_address(proxied, inside, "10.0.0.1", PROXY) == 200


@pytest.mark.parametrize("name", ["authorization", "x-api-key", "api-key"])
def test_the_key_of_another_organisation_sees_its_own(
    gateway: RunningGateway, world: World, other_world: World, upstream: str, name: str
) -> None:
    world.serve("ours", upstream)
    other_world.serve("theirs", upstream)
    text = other_world.key_text
    headers = {name: f"bEARER  {text}" if name == "authorization" else text}
    assert [model["id"] for model in gateway.get("/v1/models", headers=headers).json()["data"]] == ["theirs"]


def test_a_key_with_one_letter_changed_is_not_known(gateway: RunningGateway, world: World) -> None:
    text = world.key_text
    for position in (4, len(text) // 2, len(text) - 1):
        changed = "A" if text[position] != "A" else "B"
        wrong = text[:position] + changed + text[position + 1 :]
        answer = gateway.get("/v1/models", headers={"x-api-key": wrong})
        assert (answer.status_code, error_of(answer)["code"]) == (401, "invalid_api_key")
        assert text[8:] not in answer.text


def test_a_body_in_one_piece_without_a_length_is_limited_too(
    environment: dict[str, str], world: World, tmp_path: Path
) -> None:
    small = gateways.start(environment, tmp_path / "log", MAX_REQUEST_BYTES="1000")
    try:
        with socket.create_connection(("127.0.0.1", small.port), timeout=10) as connection:
            head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
            connection.sendall(head.encode() + b"7d0\r\n" + b"x" * 2_000 + b"\r\n0\r\n\r\n")
            answer = connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 413")
            assert b"x-request-id: " in answer
    finally:
        small.stop()
