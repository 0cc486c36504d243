"""Signing in: password, one-time password, lock-out, capacities."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django_otp.plugins.otp_totp.models import TOTPDevice

from kit import clock
from kit.scoping import within
from portal import lockout
from tenants.models import Role, User
from tenants.services import people
from tests.support.cast import Browser, Cast, Person, browser, join
from tests.support.world import PASSWORD


@pytest.fixture(autouse=True)
def _quick_hashes() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["tests.support.world.QuickHasher"]):
        yield


def acting(client: Browser) -> Any:
    """A request of this browser, as the middleware has left it."""
    return client.get("/account/").wsgi_request


def _give_password(client: Browser, person: Person, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/sign-in/", {"email": person.user.email, "password": password, **more})


def test_an_officer_signs_in_with_password_and_code(acme: Cast) -> None:
    client = Browser()

    assert _give_password(client, acme.alice).status_code == 302
    assert client.get("/").headers["Location"] == "/sign-in/code/?next=%2F"
    answer = client.post("/sign-in/code/", {"code": acme.alice.code(), "next": "/"})

    assert answer.headers["Location"] == "/"
    assert client.get("/").headers["Location"] == "/approvals/"


def test_without_a_code_an_officer_opens_nothing_else(acme: Cast) -> None:
    client = browser(acme.alice, otp=False)

    for page in ("/", "/approvals/", "/admin/", "/account/", "/requests/", "/admin/tenants/apikey/"):
        assert client.get(page).headers["Location"].startswith("/sign-in/code/")
    answer = client.get("/api/models/")
    assert answer.status_code == 403
    assert answer.json()["code"] == "otp_required"


def test_a_developer_needs_no_code(acme: Cast) -> None:
    client = Browser()

    _give_password(client, acme.dev)

    assert b"Call a model" in client.get("/").content


def test_an_address_may_be_written_in_any_case(acme: Cast) -> None:
    client = Browser()

    answer = client.post("/sign-in/", {"email": acme.dev.user.email.upper(), "password": PASSWORD})

    assert answer.status_code == 302


def test_unknown_people_and_wrong_passwords_are_answered_alike(acme: Cast) -> None:
    wrong = Browser().post("/sign-in/", {"email": acme.dev.user.email, "password": "wrong"})
    unknown = Browser().post("/sign-in/", {"email": "nobody@example.com", "password": "wrong"})

    def told(answer: Any) -> str:
        content: str = answer.content.decode()
        return content[content.index("errorlist") :].split("</ul>")[0]

    assert wrong.status_code == unknown.status_code == 200
    assert told(wrong) == told(unknown)


def test_signing_in_takes_a_new_session_key(acme: Cast) -> None:
    client = Browser()
    client.get("/sign-in/")
    client.cookies["sessionid"] = "planted0planted0planted0planted0"

    _give_password(client, acme.alice)
    after_password = client.cookies["sessionid"].value
    client.post("/sign-in/code/", {"code": acme.alice.code()})

    assert after_password != "planted0planted0planted0planted0"
    assert client.cookies["sessionid"].value != after_password


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_the_way_on_stays_on_this_site(acme: Cast, target: str) -> None:
    answer = _give_password(Browser(), acme.dev, next=target)

    assert answer.headers["Location"] == "/"


def test_five_wrong_tries_lock_the_right_password_out_for_a_while(acme: Cast) -> None:
    client = Browser(REMOTE_ADDR="198.51.100.7")
    for _ in range(lockout.PER_PERSON_AND_ADDRESS):
        _give_password(client, acme.dev, "wrong")

    assert _give_password(client, acme.dev).status_code == 200
    assert _give_password(Browser(REMOTE_ADDR="198.51.100.8"), acme.dev).status_code == 302
    with clock.shifted(lockout.WINDOW + timedelta(seconds=1)):
        assert _give_password(client, acme.dev).status_code == 302


def test_a_guesser_who_changes_places_is_stopped_too(acme: Cast) -> None:
    now = clock.now()
    admitted = [lockout.admit("somebody@example.com", f"203.0.113.{place}", now=now) for place in range(30)]

    assert admitted == [True] * lockout.PER_PERSON + [False] * (30 - lockout.PER_PERSON)


def test_a_right_password_forgets_the_wrong_ones_before(acme: Cast) -> None:
    client = Browser(REMOTE_ADDR="198.51.100.9")
    for _ in range(3):
        for _ in range(lockout.PER_PERSON_AND_ADDRESS - 1):
            _give_password(client, acme.dev, "wrong")
        assert _give_password(Browser(REMOTE_ADDR="198.51.100.9"), acme.dev).status_code == 302


def test_a_code_is_good_once(acme: Cast) -> None:
    code = acme.alice.code()

    first = browser(acme.alice, otp=False).post("/sign-in/code/", {"code": code})
    again = browser(acme.alice, otp=False).post("/sign-in/code/", {"code": code})

    assert first.status_code == 302
    assert b"not right, or was used already" in again.content


def test_wrong_codes_make_the_device_wait(acme: Cast) -> None:
    client = browser(acme.alice, otp=False)
    client.post("/sign-in/code/", {"code": "000000"})

    answer = client.post("/sign-in/code/", {"code": acme.alice.code()})

    assert b"waits" in answer.content


def test_an_officer_without_a_device_sets_one_up(acme: Cast) -> None:
    newcomer = join(acme.world, "Nora", Role.COMPLIANCE_OFFICER, device=False)
    client = browser(newcomer)

    assert client.get("/").headers["Location"].startswith("/sign-in/enrol/")
    page = client.get("/sign-in/enrol/")
    newcomer.device = TOTPDevice.objects.get(user=newcomer.user, confirmed=False)
    answer = client.post("/sign-in/enrol/", {"code": newcomer.code(), "next": "/approvals/"})

    assert b"<svg" in page.content
    assert answer.headers["Location"] == "/approvals/"
    assert client.get("/approvals/").status_code == 200


def test_a_password_alone_does_not_replace_a_device(acme: Cast) -> None:
    answer = browser(acme.alice, otp=False).get("/sign-in/enrol/")

    assert answer.headers["Location"].startswith("/sign-in/code/")
    assert TOTPDevice.objects.filter(user=acme.alice.user).count() == 1


def test_a_changed_password_ends_other_sessions(acme: Cast) -> None:
    here, elsewhere = browser(acme.dev), browser(acme.dev)
    form = {
        "old_password": PASSWORD,
        "new_password1": "another horse entirely",
        "new_password2": "another horse entirely",
    }

    assert here.post("/account/password/", form).status_code == 302

    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").headers["Location"].startswith("/sign-in/")


def test_somebody_without_a_role_sees_nothing(acme: Cast) -> None:
    with within(acme.world.system.scope):
        membership = acme.dev.user.memberships.get()
        people.end_membership(actor=acme.world.system, membership=membership)

    answer = browser(acme.dev).get("/requests/")

    assert answer.status_code == 403
    assert b"No role yet" in answer.content


def test_roles_in_different_teams_are_exercised_one_at_a_time(acme: Cast) -> None:
    other_team, _ = acme.world.new_team("research")
    with within(acme.world.system.scope):
        user = User.objects.get(id=acme.bob.user.id)
        people.add_member(actor=acme.world.system, user=user, role=Role.DEVELOPER, team=other_team, now=acme.world.now)
    client = browser(acme.bob)

    capacities = acting(client).capacities
    assert {capacity.team_names: set(capacity.roles) for capacity in capacities} == {
        ("research",): {"developer"},
        ("Payments",): {"team_lead"},
    }
    developer = next(capacity for capacity in capacities if "developer" in capacity.roles)
    client.post("/account/capacity/", {"capacity": developer.key})

    assert "tenants.budget.manage" not in acting(client).actor.acts


def test_nobody_takes_a_capacity_that_is_not_theirs(acme: Cast) -> None:
    client = browser(acme.dev)
    client.post("/account/capacity/", {"capacity": f"{acme.world.organization.id}:all"})

    assert acting(client).actor.team_ids == frozenset({acme.world.team.id})


def test_pages_carry_a_strict_policy(acme: Cast) -> None:
    own = browser(acme.dev).get("/").headers["Content-Security-Policy"]
    unfold = browser(acme.ada).get("/admin/").headers["Content-Security-Policy"]

    assert "unsafe" not in own
    assert "'unsafe-eval'" in unfold


def test_sign_out_needs_a_post(acme: Cast) -> None:
    client = browser(acme.dev)

    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert client.get("/account/").headers["Location"].startswith("/sign-in/")
