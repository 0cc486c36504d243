"""Every page for every role: opened, refused, or not offered."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.contrib import admin
from django.urls import reverse

import portal.urls  # noqa: F401 - registers with the admin
from governance.models import ApprovalRequest
from kit.scoping import within
from portal.navigation import GROUPS
from portal.screens.choosing import PAGE
from tenants.models import Role
from tests.support import cast, filling
from tests.support import world as worlds
from tests.support.answers import entered
from tests.support.asked import ask
from tests.support.cast import Browser, Cast, browser

EVERYBODY = ["ada", "alice", "ann", "bob", "dev", "rob"]
LINKS = [link for _, links in GROUPS for link in links]
LISTS = [
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in admin.site._registry
]
NOBODYS = UUID(int=1)
POSTED = [
    "/sign-out/",
    "/account/capacity/",
    "/account/password/",
    "/account/tokens/",
    f"/account/tokens/{NOBODYS}/revoke/",
    "/notices/read/",
    f"/models/{NOBODYS}/life/revoke/",
    f"/models/{NOBODYS}/life/retire/",
    "/approvals/bulk/",
    f"/approvals/{NOBODYS}/claim/",
    f"/approvals/{NOBODYS}/release/",
    f"/approvals/{NOBODYS}/comment/",
    f"/models/{NOBODYS}/probes/add/",
    f"/models/{NOBODYS}/probes/run/",
    f"/probes/cases/{NOBODYS}/retire/",
    f"/approvals/{NOBODYS}/decide/",
    f"/approvals/{NOBODYS}/tier/",
    f"/approvals/{NOBODYS}/withdraw/",
    f"/third-parties/{NOBODYS}/describe/",
    f"/third-parties/{NOBODYS}/agree/",
    f"/agreements/{NOBODYS}/end/",
    f"/models/{NOBODYS}/card/write/",
    f"/exceptions/{NOBODYS}/countersign/",
    f"/exceptions/{NOBODYS}/review/",
    f"/exceptions/{NOBODYS}/end/",
    f"/waivers/{NOBODYS}/sign/",
    f"/budget-increases/{NOBODYS}/decide/",
    f"/budget-increases/{NOBODYS}/end/",
    f"/waivers/{NOBODYS}/end/",
    "/views/save/",
    f"/views/{NOBODYS}/change/",
    f"/views/{NOBODYS}/remove/",
    f"/alerts/{NOBODYS}/acknowledge/",
    f"/alerts/{NOBODYS}/mute/",
    f"/alerts/{NOBODYS}/unmute/",
    f"/alert-channels/{NOBODYS}/change/",
    f"/alert-channels/{NOBODYS}/move/",
    f"/alert-channels/{NOBODYS}/test/",
]


@pytest.mark.parametrize("name", EVERYBODY)
def test_whatever_the_sidebar_offers_opens_and_the_rest_is_refused(acme: Cast, name: str) -> None:
    acme.world.serve("helper")
    client, person = browser(getattr(acme, name)), getattr(acme, name)

    for link in LINKS:
        answer = client.get(reverse(link.view), follow=True)
        assert answer.status_code == (200 if person.actor.may(link.act) else 403), link.title


@pytest.mark.parametrize("name", EVERYBODY)
def test_no_list_of_the_admin_fails(acme: Cast, name: str) -> None:
    model = acme.world.serve("helper")
    acme.world.provider()
    client = browser(getattr(acme, name))

    for address in LISTS:
        for page in (address, f"{address}?q=helper", f"{address}add/"):
            assert client.get(page).status_code in (200, 403), page
    assert client.get(reverse("admin:governance_model_change", args=[model.id])).status_code == 200


def test_the_first_page_is_what_a_role_comes_for(acme: Cast) -> None:
    firsts = {name: browser(getattr(acme, name)).get("/", follow=True).content.decode() for name in EVERYBODY}

    assert "Nothing waits for a decision" in firsts["alice"]
    assert "No request yet" in firsts["ann"]
    assert "First steps" in firsts["ada"]
    assert "What is spent and what is left" in firsts["bob"]
    assert "Call a model" in firsts["dev"]
    assert "What is spent and what is left" in firsts["rob"]


def test_first_steps_lead_to_what_lacks_next(acme: Cast) -> None:
    ada, world, add = browser(acme.ada), acme.world, '<a class="btn small" href="/admin/governance/{}/add/">'

    def leads_to(kind: str) -> bool:
        return add.format(kind) in ada.get("/").content.decode()

    assert leads_to("provider")
    assert leads_to("model")
    model = world.model("helper", approved=False)
    assert leads_to("deployment")
    world.deploy(model, world.provider(), rates=None)
    assert leads_to("price")
    assert '<a class="btn small" href="/approvals/new/">Ask' in ada.get("/").content.decode()
    ask(world, model=model)
    assert '<a class="btn small" href="/approvals/">See what waits' in ada.get("/").content.decode()


def test_a_long_form_says_at_its_head_what_to_look_at_again(acme: Cast) -> None:
    model = acme.world.model("helper", approved=False)
    shown = browser(acme.dev).post(f"/approvals/new/?model={model.id}", {"justification": "Letters."}).content.decode()
    links = re.findall(r'<li><a href="#([^"]+)">', shown.partition('role="alert"')[2].partition("</ul>")[0])
    assert "id_max_data_class" in links
    assert len(links) > 2
    assert all(f'id="{link}"' in shown for link in links)


def test_first_steps_let_somebody_in_who_decides() -> None:
    world = worlds.build()
    ada, step = browser(cast.join(world, "Ada", Role.ADMINISTRATOR)), "Let in<span"
    assert step in ada.get("/").content.decode()
    cast.join(world, "Alice", Role.COMPLIANCE_OFFICER)
    assert step not in ada.get("/").content.decode()


def test_a_refusal_says_which_roles_may(acme: Cast) -> None:
    shown = browser(acme.ada).get("/acts/").content.decode()
    assert "Your role does not include audit.act.view; it takes the role of compliance officer or auditor." in shown


def test_a_developer_sees_the_models_that_the_own_team_may_call(acme: Cast) -> None:
    other, _ = acme.world.new_team("research")
    acme.world.serve("for-everyone")
    acme.world.approve(acme.world.model("for-us", approved=False), teams=[acme.world.team.id])
    acme.world.approve(acme.world.model("for-them", approved=False), teams=[other.id])

    page = browser(acme.dev).get("/").content.decode()

    assert "for-everyone" in page
    assert "for-us" in page
    assert "for-them" not in page


@pytest.mark.parametrize("address", POSTED)
def test_acts_are_posted(acme: Cast, address: str) -> None:
    assert browser(acme.alice).get(address).status_code == 405


def test_a_form_of_another_session_is_refused_kindly(acme: Cast) -> None:
    client = browser(acme.dev)
    client.handler.enforce_csrf_checks = True

    answer = client.post("/account/tokens/", {"name": "forged"})

    assert answer.status_code == 403
    assert b"Sent too late" in answer.content


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back(acme: Cast) -> None:
    answer = Browser().get("/requests/?model=helper")

    assert answer.headers["Location"] == "/sign-in/?next=%2Frequests%2F%3Fmodel%3Dhelper"
    assert Browser().get("/admin/tenants/apikey/").headers["Location"].startswith("/admin/login/")


def test_a_refused_page_says_as_whom_one_acts_and_who_gives_roles(acme: Cast) -> None:
    answer = browser(acme.dev).get("/acts/")

    assert answer.status_code == 403
    assert b"Developer in Payments" in answer.content
    assert b"An administrator" in answer.content


def test_what_was_decided_is_told_by_who_decided_it(acme: Cast) -> None:
    acme.world.approve(acme.world.model("helper", approved=False))

    page = browser(acme.alice).get("/approvals/?tab=decided").content.decode()

    assert "Approved by Olivia" in page


def test_a_request_is_asked_for_and_withdrawn_by_the_same_person_only(acme: Cast) -> None:
    model = acme.world.model("helper", approved=False)
    form = {"justification": "letters", "max_data_class": "1", "ends_on": "2099-06-30", **entered()}
    asked = browser(acme.dev).post(f"/approvals/new/?model={model.id}", form)
    withdrawal = f"{asked.headers['Location']}withdraw/"

    assert browser(acme.bob).post(withdrawal).status_code == 403
    assert browser(acme.dev).post(withdrawal).status_code == 302
    with within(acme.world.system.scope):
        assert ApprovalRequest.objects.get().status == "withdrawn"


def test_models_to_ask_for_are_found_by_name_and_shown_page_by_page(acme: Cast) -> None:
    filling.models(acme, acme.world.provider(), range(PAGE + 1))
    client = browser(acme.dev)

    first = client.get("/approvals/new/").content.decode()
    second = client.get(f"/approvals/new/?after=model-{PAGE - 1:05}").content.decode()
    found = client.get("/approvals/new/?q=model 7").content.decode()

    assert "Ask for model-00000" not in second
    assert f'Ask<span class="sr-only"> for model-{PAGE:05}' in second
    assert f"model-{PAGE:05}" not in first
    assert f"?after=model-{PAGE - 1:05}" in first
    assert "model-00007" in found
    assert "model-00017" not in found
    assert "No model fits" in client.get("/approvals/new/?q=nothing").content.decode()


def test_rows_of_a_large_register_are_named_and_not_chosen_from_all(acme: Cast) -> None:
    first, second = acme.world.model("helper"), acme.world.model("other")
    alice, life = browser(acme.alice), f"/models/{first.id}/life/"
    ending = {"last_day": "2099-06-30", "reason": "It is older."}
    measured = {"kind": "evaluation", "title": "Letters", "metric": "accuracy", "passed": "yes"}

    assert alice.post("/evidence/new/", {**measured, "subject": "helper"}).status_code == 302
    assert b"Nothing is called that." in alice.post("/evidence/new/", {**measured, "subject": "nobody"}).content
    assert b'value="helper"' in alice.get(f"/evidence/new/?subject={first.id}").content
    assert b"A successor is another model" in alice.post(life, {**ending, "successor": "helper"}).content
    assert alice.post(life, {**ending, "successor": "other"}).status_code == 302
    assert b'value="other"' in alice.get(life).content
    offered = alice.get("/revocations/?q=oth").content.decode()
    assert str(second.id) in offered
    assert str(first.id) not in offered


def test_search_leads_by_id_and_name_to_whatever_it_is(acme: Cast) -> None:
    model = acme.world.model("helper", approved=False)
    [asked] = filling.requests(acme, [model])
    filling.other_systems(acme, 1)

    def led(words: str) -> str:
        return browser(acme.alice).get("/search/", {"q": words}).headers.get("Location", "")

    assert led(str(asked.id)) == f"/approvals/{asked.id}/"
    assert led(str(model.id)) == f"/history/?object={model.id}"
    assert led("assistant 0").startswith("/admin/governance/othersystem/")
    assert led("stop some") == "/revocations/"
    assert led(acme.bob.user.email).startswith("/admin/tenants/membership/")


def test_search_finds_only_what_may_be_opened(acme: Cast) -> None:
    acme.world.serve("helper")
    prefix = acme.world.key.prefix

    def found(name: str, words: str) -> str:
        return browser(getattr(acme, name)).get("/search/", {"q": words}, follow=True).content.decode()

    assert acme.world.key.name in found("dev", prefix)
    assert "Nothing found" in found("rob", prefix)
    assert "Make a team" in found("ada", "team")
    assert "Make a team" not in found("ann", "team")
