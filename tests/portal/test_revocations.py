"""The kill switch as people use it: the page, the pages that say what will happen, and the same over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from governance.models import Suspension
from governance.services import suspensions
from governance.snapshot import acknowledge, changes
from governance.snapshot.changes import Delta
from kit import clock
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants.models import ApiKey
from tenants.services import api_keys
from tests.portal.api.caller import Script, refusal
from tests.support.cast import Cast, browser
from tests.support.world import World

STOP = reverse("revocation-stop")


def stop(by: Actor, subject: Any) -> Suspension:
    with within(by.scope):
        begun = suspensions.suspend(actor=by, subject=subject, reason="It leaks.", now=clock.now())
    assert begun is not None
    return begun


def suspended_at(acme: Cast) -> Any:
    with within(acme.world.system.scope):
        return ApiKey.objects.get(id=acme.world.key.id).suspended_at


def test_a_page_asks_before_a_key_is_stopped_and_before_it_goes_on(acme: Cast) -> None:
    client, address = browser(acme.alice), f"{STOP}?prefix={acme.world.key.prefix}"

    asked = client.get(address)
    assert (asked.status_code, suspended_at(acme)) == (200, None)
    assert b"on every worker within a second" in asked.content
    assert client.post(address, {"reason": " "}).status_code == 400
    assert client.post(address, {"reason": "It leaks.", "cuts_calls": "on"}).status_code == 302
    assert suspended_at(acme)

    with within(acme.world.system.scope):
        story = Suspension.objects.get()
    page = client.get(reverse("revocations")).content.decode()
    assert "It leaks." in page
    assert "calls that ran were ended" in page
    going_on = reverse("revocation-resume", args=[story.id])
    assert going_on in page
    assert client.get(going_on).status_code == 200
    assert suspended_at(acme)
    assert client.post(going_on, {"reason": "Mended."}).status_code == 302
    assert suspended_at(acme) is None
    assert "Mended." in client.get(reverse("revocations")).content.decode()


@pytest.mark.parametrize("name", ["bob", "dev", "rob", "ann"])
def test_nobody_stops_anything_without_the_permission(acme: Cast, name: str) -> None:
    person = getattr(acme, name)
    body = {"subject": str(acme.world.key.id), "reason": "Just so."}

    assert refusal(Script(person).post("suspensions/", body, otp=person.device is not None)) == (
        403,
        "permission_denied",
    )
    assert browser(person).post(f"{STOP}?subject={acme.world.team.id}", {"reason": "Just so."}).status_code == 403
    assert suspended_at(acme) is None


def test_over_the_api_callers_are_stopped_and_resumed_with_a_code(acme: Cast) -> None:
    olga, body = Script(acme.olga), {"subject": str(acme.world.key.id), "reason": "It leaks.", "cuts_calls": True}

    assert refusal(olga.post("suspensions/", body)) == (403, "otp_required")
    begun = olga.post("suspensions/", body, otp=True)
    assert (begun.status_code, begun.json()["subject_kind"]) == (201, "key")
    assert refusal(olga.post("suspensions/", body, otp=True)) == (409, "conflict")
    [listed] = olga.get("revocations/").json()["results"]
    assert (listed["reason"], listed["cuts_calls"], listed["in_force"]) == ("It leaks.", True, True)
    path = f"suspensions/{begun.json()['id']}/resume/"
    assert refusal(olga.post(path, {"reason": "Mended."})) == (403, "otp_required")
    assert olga.post(path, {"reason": "Mended."}, otp=True).json()["end_reason"] == "Mended."
    assert suspended_at(acme) is None


def test_what_is_revoked_for_good_is_listed_too(acme: Cast) -> None:
    with within(acme.ada.actor.scope):
        api_keys.revoke(actor=acme.ada.actor, key=acme.world.key, now=clock.now())

    [listed] = Script(acme.ann).get("revocations/").json()["results"]

    assert (listed["action"], listed["suspension"], listed["in_force"]) == ("tenants.api_key.revoked", None, True)


class Worker:
    """One that looks when it is told to, and says that it did so after so many seconds."""

    def __init__(self) -> None:
        self.id = new_id()
        self.last: Delta = changes.load_all()
        acknowledge.introduce(self.id, self.last, now=clock.now())

    def look(self, seconds: float) -> None:
        self.last = changes.pull(self.last)
        acknowledge.acknowledge(self.id, self.last, now=clock.now() + timedelta(seconds=seconds))


def test_the_slowest_worker_is_named_with_its_time(acme: Cast) -> None:
    quick, slow = Worker(), Worker()
    stop(acme.alice.actor, acme.world.key)
    quick.look(0)
    slow.look(30)
    late = Worker()
    acme.world.model("another", approved=False)
    late.look(50)

    [listed] = Script(acme.alice).get("revocations/").json()["results"]

    assert 30_000 <= listed["propagation_ms"] < 50_000
    assert listed["workers"] >= 2


def test_what_a_worker_said_before_it_saw_the_change_does_not_count(acme: Cast) -> None:
    worker = Worker()
    with within(acme.alice.actor.scope):
        begun = suspensions.suspend(actor=acme.alice.actor, subject=acme.world.key, reason="It leaks.", now=clock.now())
        worker.look(0)  # while the transaction is open
    assert begun is not None
    worker.look(20)

    [listed] = Script(acme.alice).get("revocations/").json()["results"]

    assert listed["propagation_ms"] >= 20_000


def test_the_lists_are_of_the_own_organisation(acme: Cast, other_world: World) -> None:
    theirs = stop(other_world.officer, other_world.key)

    script = Script(acme.alice)
    assert script.get("revocations/").json()["results"] == []
    assert refusal(script.post(f"suspensions/{theirs.id}/resume/", {"reason": "No."}, otp=True)) == (404, "not_found")
    foreign = {"subject": str(other_world.team.id), "reason": "No."}
    assert refusal(script.post("suspensions/", foreign, otp=True)) == (404, "not_found")
