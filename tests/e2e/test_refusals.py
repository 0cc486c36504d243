"""Every refusal has its status and code, is recorded where the caller is known, and costs nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from governance.services import suspensions
from kit import clock
from kit.data_class import DataClass
from kit.scoping import within
from tenants.services import api_keys
from tests.gateway.telemetry.lines import eventually
from tests.support.gateway import RunningGateway
from tests.support.ledger import records, settlements
from tests.support.world import World

HELLO = [{"role": "user", "content": "Hello"}]


def call(gateway: RunningGateway, world: World, **changed: Any) -> httpx.Response:
    headers = changed.pop("headers", world.headers)
    return gateway.post("/v1/chat/completions", headers=headers, json={"model": "helper", "messages": HELLO, **changed})


def code_of(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    assert answer.headers["x-request-id"]
    return answer.status_code, error["code"]


def test_without_a_key(gateway: RunningGateway, world: World) -> None:
    assert code_of(call(gateway, world, headers={})) == (401, "missing_api_key")


@pytest.mark.parametrize("key", ["chy_nonsense", "sk-other", "chy_AAAAAAAAAAAA_" + "a" * 49, "ü" * 10])
def test_with_a_key_nobody_issued(gateway: RunningGateway, world: World, key: str) -> None:
    headers = {"authorization": f"Bearer {key}".encode("latin-1")}
    assert code_of(call(gateway, world, headers=headers)) == (401, "invalid_api_key")


def test_with_an_expired_key(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    _, text = world.new_key(expires_at=clock.now() - timedelta(seconds=1))
    answer = call(gateway, world, headers={"x-api-key": text})
    assert code_of(answer) == (401, "expired_api_key")


def test_with_a_revoked_key(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    assert call(gateway, world).status_code == 200
    with within(world.system.scope):
        api_keys.revoke(actor=world.system, key=world.key, now=clock.now())
    assert code_of(call(gateway, world)) == (401, "revoked_api_key")


def test_a_rotated_key_has_two_good_secrets(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    with within(world.system.scope):
        issued = api_keys.rotate(actor=world.system, key=world.key, now=clock.now())
    assert call(gateway, world).status_code == 200
    assert call(gateway, world, headers={"api-key": issued.text}).status_code == 200


def test_from_a_foreign_network(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    _, text = world.new_key(networks=["10.0.0.0/8"])
    assert code_of(call(gateway, world, headers={"x-api-key": text})) == (403, "network_not_allowed")


def test_without_the_scope(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    _, text = world.new_key(scopes=["models:read"])
    assert code_of(call(gateway, world, headers={"x-api-key": text})) == (403, "scope_missing")


def test_a_model_without_approval(gateway: RunningGateway, world: World, upstream: str) -> None:
    model = world.model("helper", approved=False)
    world.deploy(model, world.provider(upstream))
    assert code_of(call(gateway, world)) == (403, "model_not_approved")
    refused = records(world, "refused")
    assert len(refused) == 1
    assert settlements(world) == []


def test_an_unknown_model_and_a_foreign_one_are_told_apart_by_nobody(
    gateway: RunningGateway, world: World, other_world: World, upstream: str
) -> None:
    other_world.serve("theirs", upstream)
    unknown = call(gateway, world, model="nothing")
    foreign = call(gateway, world, model="theirs")
    assert code_of(unknown) == code_of(foreign) == (404, "model_not_found")
    assert unknown.json() == foreign.json()


def test_an_approval_for_another_team(gateway: RunningGateway, world: World, upstream: str) -> None:
    team, project = world.new_team("other")
    model = world.model("helper", approved=False)
    world.deploy(model, world.provider(upstream))
    world.approve(model, teams=[team.id])
    assert code_of(call(gateway, world)) == (403, "condition_team")
    _, text = world.new_key(project)
    assert call(gateway, world, headers={"x-api-key": text}).status_code == 200


def test_an_approval_for_another_region(gateway: RunningGateway, world: World, upstream: str) -> None:
    model = world.model("helper", approved=False)
    world.deploy(model, world.provider(upstream), region="us")
    world.approve(model, regions=["eu"])
    assert code_of(call(gateway, world)) == (403, "condition_region")


def test_an_approval_that_has_expired(gateway: RunningGateway, world: World, upstream: str) -> None:
    model = world.model("helper", approved=False)
    world.deploy(model, world.provider(upstream))
    world.approve(model, expires_at=clock.now() + timedelta(seconds=3))
    eventually(lambda: call(gateway, world).status_code == 403)
    assert code_of(call(gateway, world)) == (403, "approval_expired")


def test_data_above_the_approvals_class(gateway: RunningGateway, world: World, upstream: str) -> None:
    model = world.model("helper", approved=False)
    world.deploy(model, world.provider(upstream))
    world.approve(model, max_data_class=DataClass.INTERNAL)
    headers = {**world.headers, "x-chancery-data-class": "confidential"}
    assert code_of(call(gateway, world, headers=headers)) == (403, "condition_data_class")


def test_data_found_to_be_above_the_class_although_nobody_declared_it(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    card = "My card is 4111 1111 1111 1111, please remember it."
    answer = call(gateway, world, messages=[{"role": "user", "content": card}])
    assert code_of(answer) == (403, "condition_data_class")
    assert "4111" not in answer.text


def test_a_suspended_model_provider_deployment_and_approval(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    provider = world.provider(upstream)
    model = world.model("helper", approved=False)
    deployment = world.deploy(model, provider)
    approval = world.approve(model)
    officer = world.officer
    for subject in (model, provider, deployment):
        with within(officer.scope):
            suspensions.suspend(actor=officer, subject=subject, reason="for tests", now=clock.now())
        assert code_of(call(gateway, world)) == (403, "model_suspended")
        with within(officer.scope):
            suspensions.resume(actor=officer, subject=subject, reason="for tests", now=clock.now())
        assert call(gateway, world).status_code == 200
    with within(officer.scope):
        suspensions.suspend(actor=officer, subject=approval, reason="for tests", now=clock.now())
    assert code_of(call(gateway, world)) == (403, "model_suspended")


def test_a_model_without_a_price(gateway: RunningGateway, world: World, upstream: str) -> None:
    model = world.model("helper")
    world.deploy(model, world.provider(upstream), rates=None)
    assert code_of(call(gateway, world)) == (503, "price_missing")


def test_an_upstream_that_fails_lists_its_attempts(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    answer = call(gateway, world, metadata={"dummy": "status=500"})
    assert code_of(answer) == (502, "upstream_error")
    assert len(answer.json()["error"]["attempts"]) == 2
    (settled,) = settlements(world)
    assert (settled.outcome, settled.cost_nano_usd) == ("failed", 0)


def test_an_unknown_address(gateway: RunningGateway) -> None:
    assert code_of(gateway.get("/v1/nothing")) == (404, "not_found")


def test_a_wrong_method(gateway: RunningGateway) -> None:
    answer = gateway.get("/v1/chat/completions")
    assert code_of(answer) == (405, "method_not_allowed")
