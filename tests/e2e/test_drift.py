"""What an upstream says it is reaches those who approved it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from governance.models import ReportedIdentity
from kit.scoping import within
from tests.e2e.test_conditions import WAYS
from tests.gateway.telemetry.lines import eventually
from tests.support.gateway import RunningGateway
from tests.support.world import World


def said(world: World) -> list[tuple[str, str]]:
    with within(world.admin.scope):
        return [(one.model, one.fingerprint) for one in ReportedIdentity.objects.all()]


def asked(fingerprint: str, **more: Any) -> dict[str, Any]:
    metadata = {"dummy": f"fingerprint={fingerprint}"}
    return {"model": "helper", "messages": [{"role": "user", "content": "Hello"}], "metadata": metadata, **more}


def test_each_identity_is_written_down_once_whole_or_streamed(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    calls = [asked("fp_1"), asked("fp_1"), asked("fp_2", stream=True), asked("fp_1", stream=True)]
    for call in calls:
        gateway.post("/v1/chat/completions", headers=world.headers, json=call).raise_for_status()

    eventually(lambda: len(said(world)) == 2)

    assert said(world) == [("dummy", "fp_1"), ("dummy", "fp_2")]


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["error"]["code"] if answer.status_code != 200 else None


@pytest.mark.parametrize("way", WAYS)
def test_another_version_is_called_no_more_until_it_is_approved(
    gateway: RunningGateway, world: World, upstream: str, way: str
) -> None:
    model = world.serve("helper", upstream)
    path, body = WAYS[way]
    another = {**asked("fp_1"), "metadata": {"dummy": "names=helper-2027"}}

    def call() -> tuple[int, str | None]:
        return told(gateway.post(path, headers=world.headers, json=body))

    assert call() == (200, None)
    gateway.post("/v1/chat/completions", headers=world.headers, json=another).raise_for_status()
    eventually(lambda: call() == (403, "condition_version"))

    world.deploy(model, world.provider(upstream), position=1)
    eventually(lambda: call() == (200, None))
