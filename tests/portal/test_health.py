"""`/health` and `/ready` of a running product, and of one that cannot reach what it needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.conf import settings

from kit.version import product_version
from portal import health, heartbeats, readiness, tasks
from portal.health import Health
from portal.readiness import COMPONENTS, OK, Component, Readiness, State, Watched
from tests.support import gateway as gateways
from tests.support.gateway import RunningGateway
from tests.support.recorder import Recorder
from tests.support.world import World

NOBODY = "127.0.0.1:1"
OF_A_GATEWAY = {"database", "redis", "snapshot", "tasks", "timetable", "channels", "hosted", "providers"}
OF_A_PORTAL = {"database", "redis", "tasks", "timetable", "channels"}


def states() -> dict[str, State]:
    """As a process of this role finds them now."""
    found = asyncio.run(Readiness().components())
    return {component.name: state for component, state in found}


def ask(*paths: str, headers: dict[str, str] | None = None) -> list[httpx.Response]:
    async def answers() -> list[httpx.Response]:
        transport = httpx.ASGITransport(Health())
        async with httpx.AsyncClient(transport=transport, base_url="http://portal", headers=headers) as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(answers())


@pytest.fixture
def portal_role(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As a process of the portal alone would check itself."""
    monkeypatch.setattr(settings, "ROLE", "portal")
    return monkeypatch


def test_a_process_that_answers_is_healthy(gateway: RunningGateway) -> None:
    answer = httpx.get(gateway.url + "/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": product_version()}
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")


def test_a_gateway_that_can_work_is_ready_with_each_component(gateway: RunningGateway) -> None:
    answer = httpx.get(gateway.url + "/ready")
    assert answer.status_code == 200
    content = answer.json()
    assert content.pop("status") in ("ok", "degraded")
    assert content.keys() == OF_A_GATEWAY
    assert {name for name, told in content.items() if told["needed"]} == {"database", "snapshot"}
    assert all(told["status"] == "ok" for told in content.values() if told["needed"])


def test_neither_asks_who_calls_or_says_more_than_it_must(gateway: RunningGateway) -> None:
    for path in health.PATHS:
        answer = httpx.get(gateway.url + path, headers={"authorization": "Bearer nonsense", "host": "evil"})
        assert settings.GATEWAY_DSN not in answer.text
        assert "127.0.0.1" not in answer.text
        if path == "/ready":
            said = [told for name, told in answer.json().items() if name != "status"]
            assert all(told.keys() <= {"status", "needed", "reason"} for told in said)


def test_who_may_see_figures_sees_details(gateway: RunningGateway) -> None:
    content = gateway.ready()
    assert content["snapshot"]["age_seconds"] < settings.SNAPSHOT_MAX_AGE_SECONDS
    assert content["snapshot"]["version"] >= 0
    assert isinstance(content["providers"]["providers"], list)


def test_without_a_token_nobody_sees_details(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "METRICS_TOKEN", "")
    assert not health.may_see_details([(b"authorization", b"Bearer ")])
    assert not health.may_see_details([])
    monkeypatch.setattr(settings, "METRICS_TOKEN", "secret")
    assert health.may_see_details([(b"authorization", b"Bearer secret")])
    assert not health.may_see_details([(b"authorization", b"Bearer \xff")])


def test_a_provider_is_judged_by_what_calls_saw_of_it(
    gateway: RunningGateway, world: World, upstream: str, echo_upstream: Recorder
) -> None:
    well, ill = world.provider(echo_upstream.url), world.provider(upstream)
    world.deploy(world.model("well"), well)
    world.deploy(world.model("ill"), ill, upstream_model="dummy+status=500")
    world.deploy(world.model("asked-wrongly"), world.provider(upstream), upstream_model="dummy+status=400")
    for model in ("well", "ill", "asked-wrongly"):
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        gateway.post("/v1/chat/completions", headers=world.headers, json=body)
    content = gateway.ready()
    told = {one["id"]: one["status"] for one in content["providers"]["providers"]}
    assert (told[str(well.id)], told[str(ill.id)]) == ("ok", "server_error")
    assert content["providers"]["status"] == "failing"
    public = httpx.get(gateway.url + "/ready")
    assert public.status_code == 200
    assert ill.name not in public.text
    assert str(ill.id) not in public.text


def test_a_portal_needs_no_snapshot(portal_role: pytest.MonkeyPatch) -> None:
    found = states()
    assert found.keys() == OF_A_PORTAL
    assert found["database"] == found["redis"] == found["channels"] == OK


def test_what_cannot_be_reached_is_named_without_its_address(portal_role: pytest.MonkeyPatch) -> None:
    portal_role.setattr(settings, "GATEWAY_DSN", f"postgresql://user:secret@{NOBODY}/none")
    portal_role.setattr(settings, "REDIS_URL", f"redis://:secret@{NOBODY}/0")
    found = states()
    assert {name: state.status for name, state in found.items()} == {
        "database": "unavailable",
        "redis": "unavailable",
        "tasks": "unknown",
        "timetable": "unknown",
        "channels": "ok",
    }
    assert found["database"].reason == "OperationalError"
    assert "secret" not in str(found)


def test_a_process_without_what_it_needs_is_not_ready_and_still_healthy(portal_role: pytest.MonkeyPatch) -> None:
    portal_role.setattr(settings, "REDIS_URL", f"redis://{NOBODY}/0")
    ready, healthy = ask("/ready", "/health")
    content = ready.json()
    assert (ready.status_code, content["status"]) == (503, "unavailable")
    assert content["database"] == {"status": "ok", "needed": True}
    assert content["redis"]["status"] == "unavailable"
    assert healthy.status_code == 200


def test_a_process_without_what_it_can_do_without_is_ready(portal_role: pytest.MonkeyPatch) -> None:
    portal_role.setattr(settings, "CHANNELS_URL", f"redis://{NOBODY}/0")
    (ready,) = ask("/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["channels"] == {"status": "unavailable", "needed": False, "reason": "ConnectionError"}


def test_worker_and_timetable_are_known_by_their_signs_of_life(portal_role: pytest.MonkeyPatch) -> None:
    portal_role.setattr(heartbeats, "_written_at", float("-inf"))
    heartbeats.of_worker(sender=None)
    tasks.note_timetable()
    found = states()
    assert (found["tasks"].status, found["timetable"].status) == ("ok", "ok")
    assert 0 <= found["tasks"].details["age_seconds"] < 30
    portal_role.setattr(settings, "HEARTBEAT_MAX_AGE_SECONDS", -1)
    assert {state.reason for name, state in states().items() if name in ("tasks", "timetable")} == {"Silent"}


def test_a_worker_that_was_never_seen_is_gone(portal_role: pytest.MonkeyPatch) -> None:
    portal_role.setattr(heartbeats, "_KEY", "chancery:heartbeat:never:%s")
    assert states()["tasks"] == State("unavailable", "NeverSeen")


def component(look: Callable[[], Any], *, needed: bool = False) -> Component:
    return Component("one", look, ("all",), lambda: needed)


async def test_many_who_ask_at_once_cause_one_look() -> None:
    looks = 0

    async def look() -> State:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0.05)
        return OK

    watched = Watched(component(look))
    assert await asyncio.gather(*(watched.state() for _ in range(50))) == [OK] * 50
    assert await watched.state() == OK
    assert looks == 1


async def test_one_who_leaves_does_not_end_the_look_of_others() -> None:
    async def look() -> State:
        await asyncio.sleep(0.05)
        return OK

    watched = Watched(component(look))
    leaver, other = asyncio.create_task(watched.state()), asyncio.create_task(watched.state())
    await asyncio.sleep(0.01)
    leaver.cancel()
    assert await other == OK


async def test_a_look_is_given_up_after_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_DEADLINE_SECONDS", 0.05)
    began = time.monotonic()
    state = await readiness.look(component(lambda: asyncio.sleep(60)))
    assert state == State("unavailable", "TimeoutError")
    assert time.monotonic() - began < 30


def test_every_component_has_a_role_and_what_is_needed_says_so() -> None:
    assert len({each.name for each in COMPONENTS}) == len(COMPONENTS)
    gone = State("unavailable", "Gone")
    for each in COMPONENTS:
        assert set(each.roles) <= {"all", "gateway", "portal"}
        assert readiness.overall([(each, gone)]) == ("unavailable" if each.needed else "degraded")
        assert readiness.overall([(each, State("unknown"))]) == "ok"


def test_a_process_of_the_portal_does_not_serve_the_inference_path(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("portal") / "log"
    portal = gateways.start(environment, log, CHANCERY_ROLE="portal")
    try:
        assert httpx.get(portal.url + "/ready").json().keys() == {"status", *OF_A_PORTAL}
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
        assert httpx.get(gateway.url + "/ready").json().keys() == {"status", *OF_A_GATEWAY - {"channels"}}
    finally:
        gateway.stop()


@pytest.mark.parametrize(
    ("role", "without_redis", "is_needed"),
    [
        ("gateway", "refuse", True),
        ("gateway", "local_share", False),
        ("all", "local_share", False),
        ("portal", "local_share", True),
    ],
)
def test_a_gateway_that_admits_without_redis_is_ready_without_it(
    monkeypatch: pytest.MonkeyPatch, role: str, without_redis: str, is_needed: bool
) -> None:
    monkeypatch.setattr(settings, "ROLE", role)
    monkeypatch.setattr(settings, "ADMISSION_WITHOUT_REDIS", without_redis)
    assert {each.name: each.needed for each in readiness.COMPONENTS}["redis"] is is_needed
