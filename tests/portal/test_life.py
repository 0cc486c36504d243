"""A model's life after its approval, on the pages and over the management API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse

from governance.models import Approval, ApprovalRequest, Life, Model
from kit import clock
from kit.scoping import within
from tests.portal.api.caller import Script, refusal
from tests.support.answers import entered
from tests.support.cast import Cast, browser
from tests.support.settled import settled
from tests.support.terms import announce_end, approved_long_ago

DAY = timedelta(days=1)
FORM = {"last_day": "2099-06-30", "successor": "", "reason": "It is older."}


def life_of(acme: Cast, model: Model) -> Model:
    with within(acme.world.system.scope):
        return Model.objects.get(id=model.id)


def page_of(model: Model) -> str:
    return reverse("model-life", args=[model.id])


def test_a_model_is_deprecated_changed_and_retired_on_its_page(acme: Cast) -> None:
    model, successor = acme.world.serve("helper"), acme.world.serve("helper-2")
    alice = browser(acme.alice)
    assert alice.post(page_of(model), {**FORM, "successor": str(successor.id)}).status_code == 302
    assert life_of(acme, model).successor_id == successor.id
    page = alice.get(page_of(model)).content.decode()
    assert "It is older." in page
    assert 'value="2099-06-30"' in page
    assert alice.post(page_of(model), {**FORM, "last_day": "2001-01-01"}).status_code == 400
    assert alice.post(reverse("model-life-revoke", args=[model.id])).status_code == 302
    assert life_of(acme, model).life == Life.REGISTERED
    refused = alice.post(reverse("model-life-retire", args=[model.id]))
    assert refused.status_code == 409
    assert "cannot become retired" in refused.content.decode()
    alice.post(page_of(model), FORM)
    alice.post(reverse("model-life-retire", args=[model.id]))
    assert life_of(acme, model).life == Life.RETIRED
    assert "Retire for good" not in alice.get(page_of(model)).content.decode()


def test_whoever_may_not_announce_it_reads_the_page(acme: Cast) -> None:
    model = acme.world.serve("helper")
    for name in ("ann", "bob", "dev", "rob"):
        client = browser(getattr(acme, name))
        assert "Deprecate" not in client.get(page_of(model)).content.decode()
        assert client.post(page_of(model), FORM).status_code == 403
        for act in ("revoke", "retire"):
            assert client.post(reverse(f"model-life-{act}", args=[model.id])).status_code == 403
    assert life_of(acme, model).life == Life.REGISTERED


def test_the_page_says_who_still_calls_as_far_as_one_sees(acme: Cast) -> None:
    model, world = acme.world.serve("helper"), acme.world
    other, project = world.new_team("research")
    settled(world, "helper", team=world.team, project=world.project, key=world.key)
    settled(world, "helper", team=other, project=project)
    everything = browser(acme.alice).get(page_of(model)).content.decode()
    assert world.key.name in everything
    assert "research" in everything
    own = browser(acme.bob).get(page_of(model)).content.decode()
    assert world.key.name in own
    assert "research" not in own
    assert "does not see who calls" in browser(acme.dev).get(page_of(model)).content.decode()


def test_what_comes_to_its_day_is_listed_soonest_first_and_renewed_from_there(acme: Cast) -> None:
    world = acme.world
    assert "Nothing is due" in browser(acme.rob).get("/due/").content.decode()
    overdue, due = approved_long_ago(world, days=366), approved_long_ago(world)
    ending = world.serve("ending")
    day = (clock.now() + 20 * DAY).date().isoformat()
    browser(acme.alice).post(page_of(ending), {**FORM, "last_day": day})
    page = browser(acme.dev).get("/due/").content.decode()
    places = [page.index(f">{name}<") for name in (overdue.model.slug, "ending", due.model.slug)]
    assert places == sorted(places)
    assert "Recertification overdue" in page
    assert "Recertification due" in page
    assert f"renews={due.id}" in page
    assert "renews=" not in browser(acme.rob).get("/due/").content.decode()


def test_the_first_page_says_what_comes_for_ones_own_teams(acme: Cast) -> None:
    """To officers *Due* says it; their first page is the inbox."""
    world = acme.world
    other, _ = world.new_team("research")
    ours, theirs = world.serve("ours"), world.model("theirs", approved=False)
    world.approve(theirs, teams=[other.id])
    for model in (ours, theirs):
        with within(acme.alice.actor.scope):
            announce_end(acme.alice.actor, model)

    for person in (acme.bob, acme.dev):
        page = browser(person).get("/").content.decode()
        assert page_of(ours) in page
        assert page_of(theirs) not in page
    assert page_of(theirs) in browser(acme.ada).get("/").content.decode()


def test_renewing_begins_with_the_conditions_in_force_and_names_what_it_renews(acme: Cast) -> None:
    world = acme.world
    approval = world.approve(world.model("helper", approved=False), regions=["eu"])
    client, address = browser(acme.dev), f"/approvals/new/?model={approval.model_id}&renews={approval.id}"
    opened = client.get(reverse("admin:governance_approval_renew", args=[approval.id]))
    assert opened.headers["Location"] == address
    assert "It recertifies the approval" in client.get(address).content.decode()
    form = {"justification": "still needed", "max_data_class": "2", **entered()}
    assert client.post(address, form).status_code == 302
    with within(world.system.scope):
        assert ApprovalRequest.objects.get(model_id=approval.model_id, status="submitted").renews_id == approval.id
    assert client.get(f"/approvals/new/?model={approval.model_id}&renews={approval.model_id}").status_code == 404


def test_permissions_are_listed_by_how_they_stand(acme: Cast) -> None:
    due, fresh = approved_long_ago(acme.world), acme.world.approve(acme.world.model("fresh", approved=False))
    shown: Any = {}
    for state in ("recertification_due", "in_force", "superseded"):
        address = f"{reverse('admin:governance_approval_changelist')}?state={state}"
        shown[state] = browser(acme.rob).get(address).content.decode()
        listed = Script(acme.rob).get(f"approvals/?state={state}").json()["results"]
        assert {row["state"] for row in listed} <= {state}
    assert due.model.slug in shown["recertification_due"]
    assert fresh.model.slug not in shown["recertification_due"]
    assert fresh.model.slug in shown["in_force"]
    assert Script(acme.rob).get("approvals/?state=good").status_code == 400


def test_the_same_acts_over_the_management_api(acme: Cast) -> None:
    model = acme.world.serve("helper")
    settled(acme.world, "helper", team=acme.world.team, key=acme.world.key, cost_nano_usd=1_000_000)
    alice, path = Script(acme.alice), f"models/{model.id}"
    body = {"sunset_at": "2099-07-01T00:00:00Z", "reason": "older"}
    shown = alice.post(f"{path}/deprecate/", body, otp=True).json()
    assert (shown["life"], shown["sunset_at"], shown["successor"]) == ("deprecated", "2099-07-01T00:00:00Z", None)
    assert refusal(Script(acme.dev).post(f"{path}/deprecate/", body)) == (403, "permission_denied")
    assert alice.post(f"{path}/revoke-deprecation/", otp=True).json()["life"] == "registered"
    assert refusal(alice.post(f"{path}/retire/", otp=True))[0] == 409
    assert refusal(alice.post(f"{path}/retire/")) == (403, "otp_required")
    [caller] = Script(acme.bob).get(f"{path}/callers/").json()
    assert (caller["api_key"], caller["calls"], caller["cost_usd"]) == (str(acme.world.key.id), 1, "0.001")
    assert refusal(Script(acme.dev).get(f"{path}/callers/")) == (403, "permission_denied")


def test_a_renewal_is_asked_for_over_the_management_api(acme: Cast) -> None:
    approval: Approval = approved_long_ago(acme.world)
    body = {"model": str(approval.model_id), "justification": "still needed", "renews": str(approval.id)}
    assert Script(acme.dev).post("approval-requests/", body).json()["renews"] == str(approval.id)
    shown = Script(acme.dev).get(f"approvals/{approval.id}/").json()
    assert shown["state"] == "recertification_due"
    stages = [{"roles": ["compliance_officer"]}]
    rule = {"risk_tier": "low", "stages": stages, "recertify_days": 30}
    assert Script(acme.alice).post("review-rules/", rule, otp=True).json()["recertify_days"] == 30
