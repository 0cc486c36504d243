"""Guessers are stopped, by account and by place; the people whose names they know are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import override_settings

from kit import clock
from portal import lockout
from tests.support.cast import Browser, Cast, Person
from tests.support.world import PASSWORD


@pytest.fixture(autouse=True)
def _quick_hashes() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["tests.support.world.QuickHasher"]):
        yield


def give(client: Browser, person: Person, password: str = PASSWORD) -> Any:
    return client.post("/sign-in/", {"email": person.user.email, "password": password})


def gets_in(client: Browser, person: Person) -> bool:
    return bool(give(client, person).status_code == 302)


def guess_until_everybody_is_stopped(person: Person) -> None:
    for number in range(lockout.PER_PERSON):
        lockout.admit(person.user.email, f"192.0.2.{number}", now=clock.now())


def known_to(person: Person, address: str) -> Browser:
    """A browser that the person has signed in with, and out again."""
    client = Browser(REMOTE_ADDR=address)
    assert gets_in(client, person)
    client.post("/sign-out/")
    return client


def test_a_guesser_who_knows_a_name_stops_strange_browsers_only(acme: Cast) -> None:
    mine = known_to(acme.dev, "198.51.100.20")
    guess_until_everybody_is_stopped(acme.dev)

    assert not gets_in(Browser(REMOTE_ADDR="198.51.100.21"), acme.dev)
    assert gets_in(mine, acme.dev)


def test_a_guesser_in_the_same_place_stops_strange_browsers_only(acme: Cast) -> None:
    place = "198.51.100.30"
    mine = known_to(acme.dev, place)
    for number in range(lockout.PER_ADDRESS):
        lockout.admit(f"nobody-{number}@example.com", place, now=clock.now())

    assert not gets_in(Browser(REMOTE_ADDR=place), acme.rob)
    assert gets_in(mine, acme.dev)


def test_a_known_browser_is_stopped_after_its_own_tries(acme: Cast) -> None:
    mine = known_to(acme.dev, "198.51.100.40")
    for number in range(lockout.PER_PERSON_AND_ADDRESS):
        mine.defaults["REMOTE_ADDR"] = f"198.51.100.{41 + number}"
        give(mine, acme.dev, "wrong")

    assert not gets_in(mine, acme.dev)


def test_a_browser_is_known_for_the_person_who_signed_in_with_it(acme: Cast) -> None:
    mine = known_to(acme.dev, "198.51.100.50")
    guess_until_everybody_is_stopped(acme.rob)

    assert not gets_in(mine, acme.rob)


def test_a_browser_is_forgotten_after_half_a_year_and_a_forged_one_is_not_known(acme: Cast) -> None:
    mine = known_to(acme.dev, "198.51.100.60")
    guess_until_everybody_is_stopped(acme.dev)
    genuine = mine.cookies["known_browser"].value
    subject = lockout.subject_of(acme.dev.user.email).hex()
    old = signing.TimestampSigner(salt="portal.known_browser")
    old.timestamp = lambda: signing.b62_encode(int((clock.now() - timedelta(days=181)).timestamp()))  # type: ignore[method-assign]
    forged = [
        genuine[:-1] + ("A" if genuine[-1] != "A" else "B"),
        signing.dumps({"person": subject, "browser": "00"}, salt="another"),
        signing.dumps({"person": subject, "browser": "00"}, key="another", salt="portal.known_browser"),
        old.sign_object({"person": subject, "browser": "00"}),
        "nonsense",
    ]
    for value in forged:
        mine.cookies["known_browser"] = value
        assert not gets_in(mine, acme.dev)


def test_a_locked_out_person_and_a_nobody_are_answered_alike(acme: Cast) -> None:
    guess_until_everybody_is_stopped(acme.dev)

    right = give(Browser(REMOTE_ADDR="198.51.100.71"), acme.dev)
    nobody = Browser(REMOTE_ADDR="198.51.100.72").post(
        "/sign-in/", {"email": "nobody@example.com", "password": PASSWORD}
    )

    def told(answer: Any) -> str:
        content: str = answer.content.decode()
        return content[content.index("errorlist") :].split("</ul>")[0]

    assert told(right) == told(nobody)
    assert "known_browser" not in right.cookies


def test_a_wrong_code_does_not_stop_another_persons_device(acme: Cast) -> None:
    from tests.support.cast import browser

    browser(acme.alice, otp=False).post("/sign-in/code/", {"code": "000000"})

    assert browser(acme.olga, otp=False).post("/sign-in/code/", {"code": acme.olga.code()}).status_code == 302
