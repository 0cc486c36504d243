"""The page of notices, the bell, and how one is told."""

from __future__ import annotations

import pytest

from governance.models import ApprovalRequest, Notice, NoticeKind, NoticeWay
from governance.services import notices
from kit import clock
from kit.ids import new_id
from kit.scoping import within
from portal.notice_words import told
from tests.portal.api.caller import Script, refusal
from tests.support import cast
from tests.support.acts import ask
from tests.support.cast import Cast, Person, browser


def tell(acme: Cast, person: Person, asked: ApprovalRequest, kind: NoticeKind = NoticeKind.COMMENTED) -> Notice:
    with within(acme.ada.actor.scope):
        notices.tell(
            organization_id=acme.world.organization.id,
            people=[person.user.id],
            kind=kind,
            subject_kind="approval_request",
            subject_id=asked.id,
            now=clock.now(),
        )
    with within(person.actor.scope):
        return Notice.objects.filter(kind=kind).latest("id")


@pytest.fixture
def asked(acme: Cast) -> ApprovalRequest:
    return ask(acme.world, acme.world.admin)


def test_a_notice_names_its_subject_and_leads_to_it(acme: Cast, asked: ApprovalRequest) -> None:
    tell(acme, acme.ann, asked)

    page = browser(acme.ann).get("/notices/").content.decode()

    assert f"A new comment: {asked.model}" in page
    assert f'href="/approvals/{asked.id}/"' in page
    assert asked.justification not in page
    assert asked.model.slug not in browser(acme.rob).get("/notices/").content.decode()


def test_the_bell_counts_what_is_unread_and_looking_reads_nothing(acme: Cast, asked: ApprovalRequest) -> None:
    one = tell(acme, acme.ann, asked)
    client = browser(acme.ann)
    for _ in range(2):
        client.get("/notices/")
        client.get(f"/approvals/{asked.id}/")
        assert client.get("/counts/").json()["notices"] == 1

    assert client.get("/notices/read/").status_code == 405
    client.post("/notices/read/", {"notice": str(one.id)})

    assert client.get("/counts/").json()["notices"] == 0
    assert "You have read everything" in client.get("/notices/?unread=on").content.decode()


def test_somebody_elses_notice_is_not_read_away(acme: Cast, asked: ApprovalRequest) -> None:
    one = tell(acme, acme.ann, asked)
    for form in ({"notice": str(one.id)}, {"notice": "nonsense"}, {}):
        assert browser(acme.rob).post("/notices/read/", form).status_code == 302
    assert browser(acme.ann).get("/counts/").json()["notices"] == 1


def test_a_subject_that_is_not_to_be_seen_has_no_name(acme: Cast) -> None:
    with within(acme.ada.actor.scope):
        notices.tell(
            organization_id=acme.world.organization.id,
            people=[acme.ann.user.id],
            kind=NoticeKind.SUSPENDED,
            subject_kind="model",
            subject_id=new_id(),
            now=clock.now(),
        )
    assert "Something you may no longer see" in browser(acme.ann).get("/notices/").content.decode()


def test_there_are_words_for_every_kind(acme: Cast, asked: ApprovalRequest) -> None:
    made = [tell(acme, acme.ann, asked, kind) for kind in NoticeKind]
    with within(acme.ann.actor.scope):
        assert all(str(asked.model) in each.text for each in told(made))


def test_preferences_are_chosen_on_a_page(acme: Cast) -> None:
    client = browser(acme.ann)
    form = dict.fromkeys(NoticeKind.values, "mail") | {"commented": "digest"}

    assert client.get("/notices/preferences/").status_code == 200
    assert client.post("/notices/preferences/", {"commented": "shouted"}).status_code == 400
    assert client.post("/notices/preferences/", form).status_code == 302

    with within(acme.ann.actor.scope):
        assert notices.ways_of(acme.ann.actor)[NoticeKind.COMMENTED] == NoticeWay.DIGEST


def test_a_script_reads_its_persons_notices(acme: Cast, asked: ApprovalRequest) -> None:
    one = tell(acme, acme.ann, asked)
    script = Script(acme.ann)

    [shown] = script.get("notices/").json()["results"]
    assert (shown["id"], shown["kind"], shown["subject_id"]) == (str(one.id), "commented", str(asked.id))
    assert script.get("notices/", subject=str(new_id())).json()["results"] == []
    assert refusal(Script(acme.rob).get(f"notices/{one.id}/")) == (404, "not_found")
    assert Script(acme.rob).post("notices/read/", {"notices": [str(one.id)]}).json() == {"read": 0}
    assert script.post("notices/read/", {"notices": [str(one.id)]}).json() == {"read": 1}
    assert script.get(f"notices/{one.id}/").json()["read_at"]


def test_a_script_chooses_how_its_person_is_told(acme: Cast) -> None:
    script = Script(acme.ann)

    assert script.get("notices/preferences/").json()["ways"]["commented"] == "mail"
    assert refusal(script.put("notices/preferences/", {"ways": {"no_such": "mail"}}))[0] == 400
    changed = script.put("notices/preferences/", {"ways": {"commented": "portal"}}).json()["ways"]

    assert changed["commented"] == "portal"
    assert changed["suspended"] == "mail"


def test_an_organisation_hears_nothing_of_another(acme: Cast, asked: ApprovalRequest) -> None:
    tell(acme, acme.ann, asked)
    elsewhere = cast.assemble()

    assert Script(elsewhere.ann).get("notices/").json()["results"] == []
