"""What comes to its day, page by page: nothing is left out or shown twice, whatever it is and whenever its day is."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from governance.models import EvidenceKind, WaivedCondition
from kit import clock
from kit.scoping import within
from tests.portal.api.caller import Script, refusal
from tests.support.acts import add_evidence, new_model, new_use_case
from tests.support.cast import Cast, browser
from tests.support.terms import announce_end, approved_long_ago
from tests.support.waiving import waived

KINDS = {"approval": 2, "evidence": 3, "model": 1, "waiver": 1}


@pytest.fixture
def busy(acme: Cast) -> Cast:
    """Seven things come to their day, three of them at the very same moment."""
    world, admin = acme.world, acme.world.admin
    overdue, at = approved_long_ago(world, days=366), clock.now() + timedelta(days=30)
    for _ in range(3):
        add_evidence(world, admin, overdue.model, EvidenceKind.EVALUATION, expires_at=at)
    with within(admin.scope):
        announce_end(admin, new_model(world))
    waived(world, approved_long_ago(world), new_use_case(world), WaivedCondition.RECERTIFICATION, days=20)
    return acme


def listed(script: Script, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = script.get("due/", **wanted).json()["results"]
    return found


def in_pages(script: Script, size: int) -> list[dict[str, Any]]:
    found = listed(script, limit=size)
    while following := listed(script, limit=size, after=found[-1]["place"]):
        assert len(following) <= size
        found += following
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_together_are_the_whole_list(busy: Cast, size: int) -> None:
    script = Script(busy.ann)
    whole = listed(script)
    assert {kind: sum(each["kind"] == kind for each in whole) for kind in KINDS} == KINDS
    assert [each["at"] for each in whole] == sorted(each["at"] for each in whole)
    assert [each["is_past"] for each in whole] == [True] + 6 * [False]
    assert in_pages(script, size) == whole


def test_the_page_goes_on_to_what_comes_later(busy: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.screens.due.PAGE", 4)
    client = browser(busy.rob)
    first = client.get("/due/").content.decode()
    following = re.search(r'href="(\?after=[^"]*)" rel="next">Later', first)
    assert following
    second = client.get(f"/due/{following[1]}").content.decode()
    assert (first.count("<tr>"), second.count("<tr>")) == (1 + 4, 1 + 3)
    assert "Later</a>" not in second
    assert "Soonest</a>" in second


@pytest.mark.parametrize("after", ["", "yesterday", "2026-01-01T00:00:00_01a20079-1566-785f-8000-000000000000"])
def test_what_is_no_place_of_the_list_is_said_to_be_none(acme: Cast, after: str) -> None:
    assert refusal(Script(acme.ann).get("due/", after=after or "_")) == (400, "invalid_request")
    assert "Nothing is due" in browser(acme.ann).get("/due/", {"after": after}).content.decode()
