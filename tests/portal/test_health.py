"""`/health` and `/ready` of a running product, and of one that cannot reach what it needs."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from django.conf import settings

from portal import health
from tests.support import gateway as gateways
from tests.support.gateway import RunningGateway

NOBODY = "127.0.0.1:1"


def test_a_process_that_answers_is_healthy(gateway: RunningGateway) -> None:
    answer = httpx.get(gateway.url + "/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": health.product_version()}
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")


def test_a_gateway_that_can_work_is_ready_with_each_component(gateway: RunningGateway) -> None:
    answer = httpx.get(gateway.url + "/ready")
    assert answer.status_code == 200
    content = answer.json()
    assert content.keys() == {"status", "database", "redis", "snapshot"}
    assert content["status"] == content["database"]["status"] == content["redis"]["status"] == "ok"
    assert content["snapshot"].keys() == {"status", "version", "age_seconds"}
    assert content["snapshot"]["age_seconds"] < settings.SNAPSHOT_MAX_AGE_SECONDS


def test_neither_asks_who_calls_or_says_more_than_it_must(gateway: RunningGateway) -> None:
    for path in health.PATHS:
        text = httpx.get(gateway.url + path, headers={"authorization": "Bearer nonsense", "host": "evil"}).text
        assert settings.GATEWAY_DSN not in text
        assert "127.0.0.1" not in text


@pytest.fixture
def portal_role(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As a process of the portal alone would check itself."""
    monkeypatch.setattr(settings, "ROLE", "portal")
    return monkeypatch


def test_a_portal_needs_no_snapshot(portal_role: pytest.MonkeyPatch) -> None:
    assert asyncio.run(health.ready()) == {"database": {"status": "ok"}, "redis": {"status": "ok"}}


def test_what_cannot_be_reached_is_named_without_its_address(portal_role: pytest.MonkeyPatch) -> None:
    portal_role.setattr(settings, "GATEWAY_DSN", f"postgresql://user:secret@{NOBODY}/none")
    portal_role.setattr(settings, "REDIS_URL", f"redis://:secret@{NOBODY}/0")
    found = asyncio.run(health.ready())
    assert {name: component["status"] for name, component in found.items()} == {
        "database": "unavailable",
        "redis": "unavailable",
    }
    assert found["database"]["reason"] == "OperationalError"
    assert "secret" not in str(found)


def test_a_process_without_a_dependency_is_not_ready_and_still_healthy(portal_role: pytest.MonkeyPatch) -> None:
    portal_role.setattr(settings, "REDIS_URL", f"redis://{NOBODY}/0")

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(health.answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
            return [await client.get("/ready"), await client.get("/health")]

    ready, healthy = asyncio.run(ask())
    assert (ready.status_code, ready.json()["status"], ready.json()["database"]) == (
        503,
        "unavailable",
        {"status": "ok"},
    )
    assert ready.json()["redis"]["status"] == "unavailable"
    assert healthy.status_code == 200


def test_a_process_of_the_portal_does_not_serve_the_inference_path(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("portal") / "log"
    portal = gateways.start(environment, log, CHANCERY_ROLE="portal")
    try:
        assert httpx.get(portal.url + "/ready").json().keys() == {"status", "database", "redis"}
        assert httpx.get(portal.url + "/v1/models").status_code == 404
        assert httpx.get(portal.url + "/sign-in/").status_code == 200
    finally:
        portal.stop()


def test_a_process_of_the_gateway_serves_nothing_else(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("gateway") / "log"
    gateway = gateways.start(environment, log, CHANCERY_ROLE="gateway")
    try:
        assert httpx.get(gateway.url + "/v1/models").status_code == 401
        answer = httpx.get(gateway.url + "/sign-in/")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    finally:
        gateway.stop()
