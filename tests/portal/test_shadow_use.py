"""What callers ask for and the register does not have is seen by team and key, and nothing else of what they wrote."""

from __future__ import annotations

from typing import Any

from tests.portal.api.caller import Script
from tests.support.cast import Cast, browser
from tests.support.gateway import RunningGateway
from tests.support.world import World

MESSAGES = [{"role": "user", "content": "letters"}]
KEY_SENT_BY_MISTAKE = "sk-" + "a1B2" * 12


def call(gateway: RunningGateway, headers: dict[str, str], *models: str) -> None:
    for model in models:
        sent = {"model": model, "messages": MESSAGES}
        assert gateway.post("/v1/chat/completions", headers=headers, json=sent).status_code == 404


def rows(person: Any) -> list[tuple[str, int]]:
    return sorted((row["name"], row["calls"]) for row in Script(person).get("shadow-use/").json()["results"])


def test_what_is_asked_for_and_not_listed_is_counted_by_name(acme: Cast, gateway: RunningGateway) -> None:
    call(gateway, acme.world.headers, "gpt-9", "gpt-9", "Meta/Llama-9", KEY_SENT_BY_MISTAKE, "anna@example.com", "über")

    page = browser(acme.alice).get("/shadow-use/").content.decode()

    assert rows(acme.alice) == [("", 3), ("Meta/Llama-9", 1), ("gpt-9", 2)]
    assert "/admin/governance/model/add/?slug=meta%2Fllama-9&amp;name=Meta%2FLlama-9" in page
    assert acme.world.key.name in page
    assert KEY_SENT_BY_MISTAKE not in page
    assert "anna@" not in page


def test_the_form_begins_with_the_name(acme: Cast) -> None:
    page = browser(acme.ada).get("/admin/governance/model/add/?slug=gpt-9&name=gpt-9").content.decode()

    assert page.count('value="gpt-9"') == 2


def test_what_is_listed_meanwhile_is_left_out(acme: Cast, gateway: RunningGateway) -> None:
    call(gateway, acme.world.headers, "gpt-9", "gpt-10")

    acme.world.model("gpt-9", approved=False)

    assert rows(acme.alice) == [("gpt-10", 1)]


def test_a_team_sees_its_own_calls_only(acme: Cast, other_world: World, gateway: RunningGateway) -> None:
    _, project = acme.world.new_team("research")
    _, secret = acme.world.new_key(project)
    call(gateway, {"authorization": f"Bearer {secret}"}, "of-research")
    call(gateway, other_world.headers, "of-others")
    call(gateway, acme.world.headers, "of-payments")

    assert rows(acme.bob) == [("of-payments", 1)]
    assert rows(acme.ann) == [("of-payments", 1), ("of-research", 1)]


def test_only_who_sees_requests_sees_it(acme: Cast) -> None:
    assert browser(acme.rob).get("/shadow-use/").status_code == 403
    assert "Nobody asked for anything" in browser(acme.ann).get("/shadow-use/").content.decode()
