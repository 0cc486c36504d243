"""What an upstream says it is reaches those who approved it."""

from __future__ import annotations

from typing import Any

from governance.models import ReportedIdentity
from kit.scoping import within
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
