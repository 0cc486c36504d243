"""A model's life after its approval, as whoever calls it meets it: at the very moment, by the gateway's own clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from governance.models import Approval, Model
from governance.services import approvals, life
from governance.services.approvals import Terms
from kit import clock
from kit.scoping import within
from tests.support.gateway import RunningGateway
from tests.support.ledger import records
from tests.support.world import World

CHAT = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}]}
SOON = timedelta(seconds=2)


def call(gateway: RunningGateway, world: World, data_class: str = "internal", **changed: Any) -> httpx.Response:
    headers = {**world.headers, "x-chancery-data-class": data_class}
    return gateway.post("/v1/chat/completions", headers=headers, json={**CHAT, **changed})


def listed(gateway: RunningGateway, world: World, name: str = "helper") -> dict[str, Any]:
    answer: dict[str, Any] = gateway.get(f"/v1/models/{name}", headers=world.headers).json()
    return answer


def deprecate(world: World, model: Model, sunset_at: datetime, successor: Model | None = None) -> Model:
    officer = world.officer
    with within(officer.scope):
        return life.deprecate(
            actor=officer, model=model, sunset_at=sunset_at, successor=successor, reason="older", now=clock.now()
        )


def grant_until(world: World, model: Model, end: datetime, renews: Approval | None = None) -> Approval:
    """An approval of a year ago, to be recertified by that moment."""
    at, terms = end - timedelta(days=365), Terms()
    with within(world.admin.scope):
        request = approvals.submit(
            actor=world.admin, model=model, justification="letters", terms=terms, now=at, renews=renews
        )
    with within(world.officer.scope):
        granted = approvals.approve(
            actor=world.officer, request=request, reason="fine", signed_hash=request.content_hash, now=at
        )
    assert granted is not None
    return granted


def refused_from(gateway: RunningGateway, world: World, moment: datetime) -> str:
    """Calls until one is refused; gives its code. None that ended before the moment is refused, none after it runs."""
    while True:
        begun = clock.now()
        answer = call(gateway, world)
        if answer.status_code == 403:
            assert clock.now() >= moment
            return str(answer.json()["error"]["code"])
        assert answer.status_code == 200
        assert begun < moment
        time.sleep(0.05)


def test_a_call_is_refused_from_the_moment_by_which_its_approval_had_to_be_recertified(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    model = world.model("helper", approved=False)
    world.deploy(model, world.provider(upstream))
    approval = grant_until(world, model, clock.now() + SOON)
    assert refused_from(gateway, world, approval.recertify_by) == "recertification_overdue"
    assert len(records(world, "refused")) == 1
    assert listed(gateway, world)["status"] == "recertification_overdue"
    renewed = grant_until(world, model, clock.now() + timedelta(days=30), renews=approval)
    answer = call(gateway, world)
    assert answer.status_code == 200
    assert answer.headers["x-chancery-approval"] == str(renewed.id)


def test_every_answer_of_a_deprecated_model_says_when_it_ends_and_what_follows(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    model, successor = world.serve("helper", upstream), world.serve("helper-2", upstream)
    assert "deprecation" not in call(gateway, world).headers
    sunset = datetime(2100, 3, 5, 7, 9, 11, tzinfo=UTC)
    told = deprecate(world, model, sunset, successor)
    assert told.deprecated_at is not None
    said = {
        "deprecation": f"@{int(told.deprecated_at.timestamp())}",
        "sunset": "Fri, 05 Mar 2100 07:09:11 GMT",
        "link": '</v1/models/helper-2>; rel="successor-version"',
    }
    answers = [
        call(gateway, world),
        call(gateway, world, stream=True),
        call(gateway, world, "restricted"),
        gateway.post("/v1/generate", headers=world.headers, json={"prompt": "Hello", "model": "helper"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 200]
    for answer in answers:
        assert said.items() <= dict(answer.headers).items()
    assert "sunset" not in call(gateway, world, model="helper-2").headers
    shown = listed(gateway, world)
    assert shown["status"] == "deprecated"
    assert shown["deprecation"]["sunset"] == int(sunset.timestamp())
    assert shown["deprecation"]["successor"] == "helper-2"
    assert listed(gateway, world, "helper-2")["deprecation"] is None


def test_a_call_is_refused_from_the_sunset_on(gateway: RunningGateway, world: World, upstream: str) -> None:
    model, successor = world.serve("helper", upstream), world.serve("helper-2", upstream)
    sunset = clock.now() + SOON
    deprecate(world, model, sunset, successor)
    assert refused_from(gateway, world, sunset) == "model_retired"
    answer = call(gateway, world)
    assert answer.json()["error"]["successor"] == "helper-2"
    assert answer.headers["link"] == '</v1/models/helper-2>; rel="successor-version"'
    assert answer.headers["x-should-retry"] == "false"
    assert listed(gateway, world)["status"] == "retired"


def test_a_deprecation_that_is_taken_back_is_told_no_more(gateway: RunningGateway, world: World, upstream: str) -> None:
    model = world.serve("helper", upstream)
    deprecate(world, model, clock.now() + timedelta(days=1))
    answer = call(gateway, world)
    assert "sunset" in answer.headers
    assert "link" not in answer.headers
    with within(world.officer.scope):
        life.revoke_deprecation(actor=world.officer, model=model, now=clock.now())
    assert "sunset" not in call(gateway, world).headers
    assert listed(gateway, world)["status"] == "approved"
