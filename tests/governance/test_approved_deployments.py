"""An approval names the deployments it covers, or covers all of its model, those of later too."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.urls import reverse

from governance import coverage
from governance.models import Approval, ApprovalRequest, Deployment, Model, RequestRevision
from governance.services import approvals
from governance.services.approvals import content_hash
from kit import errors
from kit.scoping import within
from tests.portal.api.caller import Script
from tests.support.acts import ask, draft, new_model
from tests.support.answers import entered
from tests.support.cast import Cast, browser
from tests.support.world import World


def deployed(world: World, model: Model, **place: Any) -> Deployment:
    return world.deploy(model, world.provider(), **place)


def test_an_approval_is_for_the_deployments_that_were_asked_for(world: World) -> None:
    model = new_model(world)
    named, other = deployed(world, model), deployed(world, model)
    approval = world.approve(model, deployments=[named.id, named.id])
    assert approval.deployments == [named.id]
    with within(world.admin.scope):
        assert RequestRevision.objects.get(request_id=approval.request_id).deployments == [named.id]
    with pytest.raises(ProgrammingError, match="permission denied"), within(world.officer.scope), transaction.atomic():
        Approval.objects.filter(id=approval.id).update(deployments=[other.id])


def test_deployments_of_other_models_are_not_asked_for(world: World, other_world: World) -> None:
    of_another, foreign = deployed(world, new_model(world)), deployed(other_world, new_model(other_world))
    for deployment in (of_another, foreign):
        with pytest.raises(errors.InvalidRequest) as told:
            ask(world, deployments=[deployment.id])
        assert told.value.param == "deployments"
        request = draft(world)
        with pytest.raises(IntegrityError, match="one of the model"), within(world.admin.scope), transaction.atomic():
            ApprovalRequest.objects.filter(id=request.id).update(
                deployments=[deployment.id], revision=2, content_hash="1" * 64
            )


def test_a_deployment_outside_of_the_regions_is_not_asked_for(world: World) -> None:
    model = new_model(world)
    inside, outside = deployed(world, model), deployed(world, model, region="us")
    with pytest.raises(errors.InvalidRequest, match="none of the regions"):
        ask(world, model=model, regions=["eu"], deployments=[inside.id, outside.id])
    assert ask(world, model=model, regions=["eu", "us"], deployments=[inside.id, outside.id]).is_open


def test_another_deployment_than_was_signed_is_not_granted(world: World) -> None:
    model = new_model(world)
    named, other = deployed(world, model), deployed(world, model)
    request = ask(world, model=model, deployments=[named.id])
    request.deployments = [other.id]
    with within(world.officer.scope):
        assert content_hash(request) != request.content_hash
        granted = approvals.approve(
            actor=world.officer, request=request, reason="fine", signed_hash=request.content_hash, now=world.now
        )
    assert granted is not None
    assert granted.deployments == [named.id]


def test_what_was_asked_for_without_naming_deployments_keeps_its_hash(world: World) -> None:
    model = new_model(world)
    request = ask(world, model=model, deployments=[deployed(world, model).id])
    plain = ask(world)
    request.deployments, request.model = [], plain.model
    with within(world.admin.scope):
        assert content_hash(request) == content_hash(plain) == plain.content_hash


@pytest.mark.parametrize("names", [True, False])
def test_one_that_is_registered_later_is_covered_where_none_is_named(world: World, names: bool) -> None:
    model = new_model(world)
    named = deployed(world, model)
    world.approve(model, deployments=[named.id] if names else [])
    later = deployed(world, model)
    with within(world.officer.scope):
        assert coverage.lack(named) == ""
        assert coverage.lack(later) == ("it is bound to other regions or deployments" if names else "")


def test_one_in_another_region_is_not_covered(world: World) -> None:
    model = new_model(world)
    inside, outside = deployed(world, model), deployed(world, model, region="us")
    world.approve(model, regions=["eu"])
    with within(world.officer.scope):
        assert (coverage.lack(inside), bool(coverage.lack(outside))) == ("", True)


def _asked(acme: Cast, model: Model, **form: Any) -> str:
    """Asks on the screen; gives the page to decide on."""
    address = f"{reverse('approval-ask')}?model={model.id}"
    asked = browser(acme.ada).post(address, {"justification": "x", "max_data_class": 1, **form, **entered()})
    assert asked.status_code == 302
    return asked.headers["Location"]


def test_deployments_are_asked_for_and_decided_on_by_what_they_are_called(acme: Cast) -> None:
    model = new_model(acme.world)
    named, other = deployed(acme.world, model), deployed(acme.world, model, upstream_model="small")
    with within(acme.ada.actor.scope):
        place = Deployment.objects.select_related("provider").get(id=named.id).place
    assert place in browser(acme.ada).get(f"{reverse('approval-ask')}?model={model.id}").content.decode()
    page = browser(acme.alice).get(_asked(acme, model, deployments=[str(named.id)])).content.decode()
    assert f"may send data up to internal to {model}, only to {place} and without an end." in page
    assert page.count("not asked for") == 1
    assert "registered later" not in page
    assert other.upstream_model in page


def test_whoever_decides_reads_that_deployments_of_later_are_covered(acme: Cast) -> None:
    model = new_model(acme.world)
    deployed(acme.world, model)
    page = browser(acme.alice).get(_asked(acme, model, regions=["eu"])).content.decode()
    assert "Deployments in eu that are registered later are covered, too." in page
    assert "all, and those registered later" in page


def test_the_pages_of_the_permission_and_of_a_deployment_say_what_is_covered(acme: Cast) -> None:
    model = new_model(acme.world)
    named, other = deployed(acme.world, model), deployed(acme.world, model)
    approval, client = acme.world.approve(model, deployments=[named.id]), browser(acme.alice)
    with within(acme.ada.actor.scope):
        place = Deployment.objects.select_related("provider").get(id=named.id).place
    permission = client.get(reverse("admin:governance_approval_change", args=[approval.id])).content.decode()
    assert place in permission
    assert "covers it" in client.get(reverse("admin:governance_deployment_change", args=[named.id])).content.decode()
    left_out = client.get(reverse("admin:governance_deployment_change", args=[other.id])).content.decode()
    assert "does not cover it: it is bound to other regions or deployments." in left_out


def test_they_are_asked_for_over_the_api(acme: Cast) -> None:
    model, ada = new_model(acme.world), Script(acme.ada)
    named, other = deployed(acme.world, model), deployed(acme.world, model)
    asked = ada.post(
        "approval-requests/", {"model": str(model.id), "justification": "x", "deployments": [str(named.id)]}
    ).json()
    assert asked["deployments"] == [str(named.id)]
    acme.world.approve(new := new_model(acme.world), deployments=[deployed(acme.world, new).id])
    granted = ada.get(f"approvals/?model={new.id}").json()["results"]
    assert [len(each["deployments"]) for each in granted] == [1]
    refused = ada.post(
        "approval-requests/", {"model": str(new.id), "justification": "x", "deployments": [str(other.id)]}
    )
    assert (refused.status_code, refused.json()["param"]) == (400, "deployments")
