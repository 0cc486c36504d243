"""Waivers over the wire: a call that names the use case runs without the condition and says so, until the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.db import connections, transaction

from governance.models import Approval, Deployment, Model, WaivedCondition
from governance.services import suspensions
from kit.data_class import DataClass
from kit.scoping import within
from tests.e2e.test_conditions import WAYS, told
from tests.support.acts import new_use_case
from tests.support.gateway import RunningGateway
from tests.support.ledger import envelope, records
from tests.support.waiving import ask, end, run_out, sign, signed_once, waived
from tests.support.world import World


def stopped(world: World) -> Deployment:
    """Another deployment of the model, where nothing answers."""
    with within(world.admin.scope):
        model = Model.objects.get(slug="helper")
    deployment = world.deploy(model, world.provider(), position=1)
    with within(world.admin.scope):
        suspensions.suspend(actor=world.admin, subject=deployment, reason="for tests", now=world.now)
    return deployment


# What leaves letters out, by the condition that is waived, and the code of the refusal.
LEFT_OUT: dict[str, tuple[Callable[[World], dict[str, Any]], str]] = {
    "team": (lambda world: {"teams": [world.new_team("research")[0].id]}, "condition_team"),
    "use_case": (lambda world: {"use_cases": [new_use_case(world).id]}, "condition_use_case"),
    "caller_region": (lambda world: {"caller_regions": ["us"]}, "condition_caller_region"),
    "region": (lambda world: {"regions": ["us"]}, "condition_region"),
    "deployments": (lambda world: {"deployments": [stopped(world).id]}, "condition_deployments"),
    "data_class": (lambda world: {"max_data_class": DataClass.PUBLIC}, "condition_data_class"),
    "recertification": (lambda world: {}, "recertification_overdue"),
}


def overdue(approval: Approval) -> None:
    with transaction.atomic(using="migrator"), connections["migrator"].cursor() as cursor:
        cursor.execute("UPDATE governance_approval SET recertify_by = now() WHERE id = %s", [approval.id])


def call(gateway: RunningGateway, world: World, way: str, use_case: str = "letters") -> httpx.Response:
    path, body = WAYS[way]
    return gateway.post(path, headers={**world.headers, "x-chancery-use-case": use_case}, json=body)


def terms_of(condition: str) -> dict[str, Any]:
    return {"max_data_class": DataClass.INTERNAL} if condition == "data_class" else {}


@pytest.mark.parametrize("way", ["chat", "stream"])
@pytest.mark.parametrize("condition", LEFT_OUT)
def test_a_waived_condition_lets_the_use_case_through_and_nothing_else(
    gateway: RunningGateway, world: World, upstream: str, condition: str, way: str
) -> None:
    left_out, code = LEFT_OUT[condition]
    approval = world.approve(world.serve("helper", upstream), **left_out(world))
    letters, _ = new_use_case(world, slug="letters"), new_use_case(world, slug="verdicts")
    if condition == "recertification":
        overdue(approval)
    assert told(call(gateway, world, way)) == (403, code)

    waiver = waived(world, approval, letters, WaivedCondition(condition), **terms_of(condition))

    answer = call(gateway, world, way)
    assert told(answer) == (200, None)
    assert answer.headers["x-chancery-waiver"] == str(waiver.id)
    assert answer.headers["x-chancery-approval"] == str(approval.id)
    for kind in ("requested", "completed"):
        decided = envelope(records(world, kind)[-1])["decided"]
        assert (decided["approval"], decided["waiver"]) == (str(approval.id), str(waiver.id))
    assert told(call(gateway, world, way, "verdicts")) == (403, code)

    run_out(waiver)
    assert told(call(gateway, world, way)) == (403, code)


def test_it_counts_from_the_second_signature_until_it_is_ended(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    approval = world.approve(world.serve("helper", upstream), regions=["us"])
    waiver = ask(world.admin, approval, new_use_case(world, slug="letters"), WaivedCondition.REGION)
    signed_once(world, waiver)
    assert told(call(gateway, world, "chat")) == (403, "condition_region")
    sign(world.officer, waiver)
    assert told(call(gateway, world, "chat")) == (200, None)
    end(world.officer, waiver)
    assert told(call(gateway, world, "chat")) == (403, "condition_region")


def test_no_key_sends_more_than_its_own_class(gateway: RunningGateway, world: World, upstream: str) -> None:
    approval = world.approve(world.serve("helper", upstream), max_data_class=DataClass.INTERNAL)
    letters = new_use_case(world, slug="letters")
    waived(world, approval, letters, WaivedCondition.DATA_CLASS, max_data_class=DataClass.RESTRICTED)
    _, narrow = world.new_key(max_data_class=DataClass.INTERNAL)
    named = {"x-chancery-use-case": "letters", "x-chancery-data-class": "confidential"}
    path, body = WAYS["chat"]
    answer = gateway.post(path, headers={"Authorization": f"Bearer {narrow}", **named}, json=body)
    assert (answer.status_code, answer.json()["error"]["ceiling"]) == (403, "api_key")
