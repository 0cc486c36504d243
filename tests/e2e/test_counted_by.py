"""What a settlement is counted by is what the call was."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from audit.models import Settlement
from governance.models import Deployment
from kit.scoping import within
from tests.support.acts import new_use_case
from tests.support.gateway import RunningGateway
from tests.support.world import World

HELLO: dict[str, Any] = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 16}


@pytest.fixture
def helper(world: World, upstream: str) -> Deployment:
    model = world.serve("helper", upstream)
    with within(world.admin.scope):
        return Deployment.objects.select_related("model").get(model=model)


def call(gateway: RunningGateway, world: World, *, body: dict[str, Any] = HELLO, **headers: str) -> httpx.Response:
    named = {f"x-chancery-{name.replace('_', '-')}": value for name, value in headers.items()}
    return gateway.post("/v1/chat/completions", headers={**world.headers, **named}, json=body)


def settlement(world: World) -> Settlement:
    with within(world.admin.scope):
        return Settlement.objects.latest("request_id")


def test_a_call_says_what_it_was(gateway: RunningGateway, world: World, helper: Deployment) -> None:
    use_case = new_use_case(world, slug="letters")
    answer = call(gateway, world, tags="nightly, eu:1", use_case="letters", end_user="someone")
    assert answer.status_code == 200, answer.text
    settled = settlement(world)
    assert settled.provider_id == helper.provider_id
    assert (settled.use_case_id, settled.tags) == (use_case.id, ["nightly", "eu:1"])
    assert (settled.operation, settled.pipeline, settled.cache) == ("chat", "direct", "bypass")
    assert (settled.route, settled.tier) == ("helper", helper.model.tier)
    assert settled.subject_id is not None
    assert settled.error is None
    assert settled.latency_ms is not None
    assert settled.first_event_ms is None


def test_a_stream_has_a_first_event(gateway: RunningGateway, world: World, helper: Deployment) -> None:
    assert call(gateway, world, body={**HELLO, "stream": True}).status_code == 200
    settled = settlement(world)
    assert settled.first_event_ms is not None
    assert settled.latency_ms is not None
    assert settled.first_event_ms <= settled.latency_ms


def test_tags_that_are_none_are_refused_in_words(gateway: RunningGateway, world: World, helper: Deployment) -> None:
    refused = call(gateway, world, tags="two words")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "tags_invalid")
    assert "two words" not in refused.text
