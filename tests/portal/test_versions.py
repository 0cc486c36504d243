"""A deployment that is not what was approved any more is shown so where people look, and asked for anew from there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from governance.models import Approval, Deployment
from tests.portal.api.caller import Script
from tests.support.cast import Cast, browser
from tests.support.identities import says

LACK = "it names another model than was approved"


@pytest.fixture
def exchanged(acme: Cast) -> tuple[Deployment, Approval]:
    world = acme.world
    model = world.model("helper", approved=False)
    approval = world.approve(model)
    deployment = world.deploy(model, world.provider())
    says(deployment, "", world.now, model="helper-2026")
    says(deployment, "", world.now + timedelta(seconds=1), model="helper-2027")
    return deployment, approval


def test_its_page_the_models_and_what_is_due_lead_to_a_request(
    acme: Cast, exchanged: tuple[Deployment, Approval]
) -> None:
    deployment, approval = exchanged
    client = browser(acme.dev)
    for address in (
        reverse("admin:governance_deployment_change", args=[deployment.id]),
        reverse("admin:governance_model_change", args=[approval.model_id]),
        reverse("due"),
    ):
        page = client.get(address).content.decode()
        assert f"renews={approval.id}" in page, address
        assert LACK in page or "Needs approval anew" in page


def test_a_script_reads_it(acme: Cast, exchanged: tuple[Deployment, Approval]) -> None:
    deployment, _ = exchanged
    other = acme.world.deploy(deployment.model, acme.world.provider())
    shown = {row["id"]: row["not_covered"] for row in Script(acme.dev).get("deployments/").json()["results"]}
    assert shown == {str(deployment.id): LACK, str(other.id): ""}
