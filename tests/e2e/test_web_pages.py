"""A web page calls the gateway: from the origins its organisation lists, and from no others."""

from __future__ import annotations

import httpx
import pytest

from kit.scoping import within
from tenants.models import Organization
from tests.support.gateway import RunningGateway
from tests.support.world import World

PAGE, ELSEWHERE = "https://app.acme.example", "https://evil.example"


@pytest.fixture
def open_to_page(gateway: RunningGateway, world: World, upstream: str) -> World:
    world.serve("helper", upstream)
    with within(world.system.scope):
        Organization.objects.filter(id=world.organization.id).update(cors_origins=[PAGE])
    gateway.catch_up()
    return world


@pytest.mark.usefixtures("open_to_page")
def test_a_browser_asks_first(gateway: RunningGateway) -> None:
    for origin, allowed in ((PAGE, PAGE), (ELSEWHERE, None)):
        asked = httpx.options(
            f"{gateway.url}/v1/chat/completions",
            headers={"origin": origin, "access-control-request-method": "POST"},
        )
        assert asked.status_code == 204
        assert asked.headers.get("access-control-allow-origin") == allowed


def test_the_page_may_read_the_answer(gateway: RunningGateway, open_to_page: World) -> None:
    body = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}]}
    for origin, allowed in ((PAGE, PAGE), (ELSEWHERE, None)):
        answer = gateway.post("/v1/chat/completions", headers={**open_to_page.headers, "origin": origin}, json=body)
        assert answer.status_code == 200
        assert answer.headers.get("access-control-allow-origin") == allowed
