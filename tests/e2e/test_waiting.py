"""Calls with a priority: they wait for a limit for a moment, in their order, and are decided on anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import httpx
import pytest

from governance.services import suspensions
from kit.scoping import within
from tenants.services import allotments
from tenants.services.allotments import Level
from tenants.services.organizations import Limits
from tests.support.gateway import RunningGateway
from tests.support.loopback import WITHOUT_TLS
from tests.support.world import World

ASKED = {
    "model": "helper",
    "messages": [{"role": "user", "content": "Hello"}],
    "max_tokens": 5,
    "metadata": {"dummy": "tokens=5 latency_ms=600"},
}


def ask(gateway: RunningGateway, world: World, priority: str = "") -> Any:
    """Also from threads: nothing is asked of the database."""
    headers = world.headers | ({"x-chancery-priority": priority} if priority else {})
    return httpx.post(f"{gateway.url}/v1/chat/completions", headers=headers, json=ASKED, timeout=30, verify=WITHOUT_TLS)


@pytest.fixture
def narrow(gateway: RunningGateway, world: World, upstream: str) -> RunningGateway:
    """One call of the team at a time."""
    world.serve("helper", upstream)
    with within(world.system.scope):
        allotments.set_limits(
            actor=world.system, limits=Limits(concurrency=1), level=Level.of(world.team), now=world.now
        )
    gateway.catch_up()
    return gateway


def test_a_call_with_a_priority_waits_and_another_is_refused(narrow: RunningGateway, world: World) -> None:
    with ThreadPoolExecutor(2) as callers:
        runs = callers.submit(ask, narrow, world)
        sleep(0.2)
        waits = callers.submit(ask, narrow, world, "5")
        assert ask(narrow, world).status_code == 429
        assert [runs.result().status_code, waits.result().status_code] == [200, 200]


def test_who_waits_too_long_is_refused_as_ever(narrow: RunningGateway, world: World) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: ask(narrow, world, "5"), range(8)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {200, 429}
    refused = answers[codes.index(429)]
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert "retry-after-ms" in refused.headers


def test_what_was_suspended_meanwhile_is_not_called(narrow: RunningGateway, world: World) -> None:
    with ThreadPoolExecutor(2) as callers:
        runs = callers.submit(ask, narrow, world)
        sleep(0.2)
        waits = callers.submit(ask, narrow, world, "5")
        sleep(0.2)
        with within(world.system.scope):
            suspensions.suspend(actor=world.system, subject=world.key, reason="It leaks.", now=world.now)
        narrow.catch_up()
        assert waits.result().json()["error"]["code"] == "key_suspended"
        assert runs.result().status_code == 200


@pytest.mark.parametrize("said", ["0", "11", "high", "-1", "1.5"])
def test_a_priority_is_a_number_from_one_to_ten(
    gateway: RunningGateway, world: World, upstream: str, said: str
) -> None:
    world.serve("helper", upstream)
    gateway.catch_up()
    refused = ask(gateway, world, said)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "x-chancery-priority"
