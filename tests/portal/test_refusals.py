"""What is on record as refused, and what is a mistake and is not; where it is shown; that it floods nothing."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction

from audit.models import Body
from audit.selectors import content
from governance.models import Evidence
from kit import errors, refusals
from kit.ids import new_id
from kit.scoping import Scope, within
from portal.refusals import _counted
from tests.governance.reviewing import decide
from tests.portal.api.caller import Script
from tests.support.acts import add_evidence, ask, new_model
from tests.support.cast import Cast, browser
from tests.support.preparing import refused_in


def told(acme: Cast) -> list[tuple[str, str]]:
    """(what was tried, code) of everything that was refused, oldest first."""
    said = [content(record)["details"] for record in refused_in(acme.world)]
    return [(each["tried"], each["code"]) for each in said]


def test_the_timeline_and_the_list_of_acts_show_it(acme: Cast) -> None:
    request = ask(acme.world, acme.alice.actor)
    Script(acme.alice).post(
        f"approval-requests/{request.id}/approve/", {"reason": "x", "signed_hash": request.content_hash}, otp=True
    )
    ann = browser(acme.ann)
    for shown in (request.id, request.model_id):
        page = ann.get(f"/history/?object={shown}").content.decode()
        assert "governance.approvals.approve: separation_of_duties" in page
        assert "from 127.0.0.1" in page
    assert "separation_of_duties" in ann.get("/acts/?about=portal.act.refused").content.decode()
    assert "Approval asked for" not in ann.get("/acts/?about=portal.act.refused").content.decode()


def test_a_mistake_is_no_abuse(acme: Cast) -> None:
    request, dev, alice = ask(acme.world), Script(acme.dev), Script(acme.alice)
    signed = {"reason": " ", "signed_hash": request.content_hash}
    assert alice.post(f"approval-requests/{request.id}/approve/", signed, otp=True).status_code == 400
    assert alice.post(f"approval-requests/{acme.world.project.id}/approve/", signed, otp=True).status_code == 404
    again = {"model": str(request.model_id), "justification": "mine too"}
    assert dev.post("approval-requests/", again).status_code == 409
    assert dev.get("history/").status_code in (400, 403)
    assert browser(acme.dev).get("/acts/").status_code == 403
    assert told(acme) == []


def test_another_organisations_objects_are_not_told_of(acme: Cast, other_world: Any) -> None:
    theirs = ask(other_world)
    signed = {"reason": "x", "signed_hash": theirs.content_hash}
    assert Script(acme.alice).post(f"approval-requests/{theirs.id}/approve/", signed, otp=True).status_code == 404
    assert told(acme) == []
    assert refused_in(other_world) == []


def test_who_is_turned_away_before_any_service_is_asked_is_on_record(acme: Cast) -> None:
    request, model = ask(acme.world), new_model(acme.world)
    assert browser(acme.dev).post(f"/approvals/{request.id}/tier/", {"risk_tier": "3"}).status_code == 403
    assert Script(acme.rob).post(f"models/{model.id}/suspend/", {"reason": "x"}).status_code == 403
    [(overriding, first), (_, second)] = told(acme)
    assert overriding == "approval-tier"
    assert (first, second) == ("permission_denied", "permission_denied")
    assert [each.object_id for each in refused_in(acme.world)] == [request.model_id, model.id]


def test_a_form_that_leads_to_the_code_records_nothing(acme: Cast) -> None:
    request = ask(acme.world)
    form = {"verdict": "approve", "reason": "x", "signed_hash": request.content_hash}
    browser(acme.alice, otp=False).post(f"/approvals/{request.id}/decide/", form)
    assert told(acme) == []
    signed = {"reason": "x", "signed_hash": request.content_hash}
    assert Script(acme.alice).post(f"approval-requests/{request.id}/approve/", signed).status_code == 403
    assert told(acme) == [("governance.approvals.approve", "otp_required")]


def test_a_command_is_on_record_in_its_holders_name(acme: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("CHANCERY_TOKEN", acme.dev.token())
    file = tmp_path / "acme.yaml"
    file.write_text("chancery: 1\nteams:\n- slug: mine\n  name: Mine\n")
    with pytest.raises(CommandError):
        call_command("apply", str(file))
    [record] = refused_in(acme.world)
    assert (record.actor_id, content(record)["details"]["code"]) == (acme.dev.user.id, "permission_denied")


def test_the_same_within_a_minute_is_counted_and_written_once(acme: Cast) -> None:
    request, repeated = ask(acme.world, acme.alice.actor), _counted.of("repeated")
    before = repeated.value
    for _ in range(3):
        with pytest.raises(errors.Forbidden):
            decide(acme.alice.actor, request)
    assert len(told(acme)) == 1
    assert repeated.value == before + 2


def test_what_cannot_be_recorded_is_logged_and_counted(acme: Cast, caplog: pytest.LogCaptureFixture) -> None:
    failed = _counted.of("failed")
    before = failed.value
    refusals.keep(acme.alice.actor.scope, "people's words", "permission_denied")
    with caplog.at_level(logging.ERROR, "portal.refusals"):
        refusals.settle()
    assert failed.value == before + 1
    assert "could not be recorded" in caplog.text
    assert told(acme) == []


def test_nobody_is_named_where_nobody_is_known(acme: Cast) -> None:
    refusals.keep(Scope(acme.world.organization.id), "database.update", "check_violation")
    refusals.settle()
    assert told(acme) == []


def test_what_is_caught_within_a_scope_is_told_when_that_has_ended(acme: Cast) -> None:
    made = add_evidence(acme.world, acme.ada.actor, new_model(acme.world))
    with within(acme.alice.actor.scope):
        with pytest.raises(ProgrammingError), transaction.atomic():
            Evidence.across_tenants.filter(id=made.id).update(sha256="0" * 64)
        assert told(acme) == []
    assert told(acme) == [("database.update", "insufficient_privilege")]
    [record] = refused_in(acme.world)
    assert (record.object_kind, record.object_id) == ("evidence", made.id)


def test_what_is_tried_on_rows_that_no_id_names_is_on_record(acme: Cast) -> None:
    with within(acme.alice.actor.scope), pytest.raises(ProgrammingError), transaction.atomic():
        Body.across_tenants.filter(record_id=new_id()).update(part="response")
    assert told(acme) == [("database.update", "insufficient_privilege")]
