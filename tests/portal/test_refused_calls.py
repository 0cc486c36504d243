"""The page of a refused call says what it was refused for, and leads to asking for a waiver where one would help."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import pytest

from governance.models import Approval, Model, WaivedCondition
from governance.services import suspensions
from kit import clock
from kit.data_class import DataClass
from kit.errors import CODES
from kit.scoping import within
from tests.portal.test_exceptions import page
from tests.support.acts import new_use_case
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway

CALL = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def helper(acme: Cast, upstream: str) -> Model:
    model = acme.world.model("helper", approved=False)
    acme.world.deploy(model, acme.world.provider(upstream))
    return model


def refused(gateway: RunningGateway, headers: dict[str, str], **said: str) -> str:
    """The page of a call that is refused."""
    named = {f"x-chancery-{name.replace('_', '-')}": value for name, value in said.items()}
    answer = gateway.post("/v1/chat/completions", headers={**headers, **named}, json=CALL)
    assert answer.status_code == 403
    return f"/requests/{answer.headers['x-request-id']}/"


def asking(acme: Cast, name: str, address: str) -> dict[str, Any]:
    """What the link to asking begins with; empty without one."""
    link = re.search(r'href="/waivers/new/\?([^"]*)"', page(acme, name, address))
    return dict(parse_qsl(unescape(link[1]))) if link else {}


def test_a_condition_that_failed_can_be_asked_to_be_waived(acme: Cast, helper: Model, gateway: RunningGateway) -> None:
    world = acme.world
    approval, letters = world.approve(helper, regions=["us"]), new_use_case(world, slug="letters", team=world.team)
    address = refused(gateway, acme.world.headers, use_case="letters")

    begun = {"approval": str(approval.id), "condition": "region", "use_case": str(letters.id)}
    assert asking(acme, "dev", address) == begun
    assert "The approval does not include the deployment&#x27;s region." in page(acme, "ann", address)
    assert asking(acme, "ann", address) == {}
    form = page(acme, "dev", f"/waivers/new/?approval={approval.id}&use_case={letters.id}&condition=region")
    assert form.count(" selected") >= 4


def test_a_waiver_for_what_everybody_does_is_not_asked_for_by_a_team(
    acme: Cast, helper: Model, gateway: RunningGateway
) -> None:
    acme.world.approve(helper, regions=["us"])
    letters = new_use_case(acme.world, slug="letters")
    address = refused(gateway, acme.world.headers, use_case="letters")
    assert asking(acme, "dev", address) == {}
    assert asking(acme, "ada", address)["use_case"] == str(letters.id)


def test_a_data_class_is_asked_for_where_the_approval_stands_in_the_way_and_not_the_key(
    acme: Cast, helper: Model, gateway: RunningGateway
) -> None:
    approval = acme.world.approve(helper, max_data_class=DataClass.CONFIDENTIAL)
    _, of_all = acme.world.new_key(max_data_class=DataClass.RESTRICTED)
    by_approval = refused(gateway, {"authorization": f"Bearer {of_all}"}, data_class="restricted")
    expected = {"approval": str(approval.id), "condition": "data_class", "max_data_class": "3"}
    assert asking(acme, "dev", by_approval) == expected

    _, text = acme.world.new_key(max_data_class=DataClass.INTERNAL)
    by_key = refused(gateway, {"authorization": f"Bearer {text}"}, data_class="confidential")
    by_both = refused(gateway, acme.world.headers, data_class="restricted")
    assert asking(acme, "dev", by_key) == asking(acme, "dev", by_both) == {}


def test_what_is_overdue_can_be_waived_and_what_is_suspended_cannot(
    acme: Cast, helper: Model, gateway: RunningGateway
) -> None:
    approval, olga = acme.world.approve(helper), acme.olga.actor
    with within(olga.scope):
        Approval.objects.filter(id=approval.id).update(recertify_by=clock.now())
    assert asking(acme, "dev", refused(gateway, acme.world.headers))["condition"] == "recertification"

    with within(olga.scope):
        suspensions.suspend(actor=olga, subject=helper, reason="It answers oddly.", now=clock.now())
    assert asking(acme, "dev", refused(gateway, acme.world.headers)) == {}


def test_each_condition_that_can_be_waived_is_named_as_its_refusal_is() -> None:
    named = {condition.value for condition in WaivedCondition} - {"recertification"}
    assert {f"condition_{name}" for name in named} <= CODES.keys()
