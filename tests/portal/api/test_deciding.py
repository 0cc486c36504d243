"""Approvals over the management API: the acts are those of the screens, and so are their refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django_otp.plugins.otp_totp.models import TOTPDevice

from audit.models import Record
from audit.selectors import content
from governance.models import Approval, Model
from kit import clock
from kit.scoping import within
from tests.portal.api.caller import Script, refusal
from tests.support import cast
from tests.support.cast import Cast


@pytest.fixture
def helper(acme: Cast) -> Model:
    return acme.world.model("helper", approved=False)


def _ask(acme: Cast, helper: Model, **terms: Any) -> dict[str, Any]:
    body = {"model": str(helper.id), "justification": "Letters to customers.", **terms}
    answer = Script(acme.alice).post("approval-requests/", body)
    assert answer.status_code == 201, answer.content
    asked: dict[str, Any] = answer.json()
    return asked


def _signed(asked: dict[str, Any]) -> dict[str, str]:
    return {"reason": "Evaluated.", "signed_hash": asked["content_hash"]}


def _acts(acme: Cast) -> list[tuple[str, str, list[str]]]:
    """(action, who, names of the details) of everything done to the model, oldest first."""
    with within(acme.world.system.scope):
        records = list(Record.objects.filter(kind="act", object_kind="model").order_by("id"))
        return [(one.action, str(one.actor_id), sorted(content(one)["details"])) for one in records]


def test_somebody_else_approves_with_a_one_time_password(acme: Cast, helper: Model) -> None:
    asked = _ask(acme, helper, regions=["eu"], max_data_class="confidential", expires_at="2099-07-01T00:00:00+02:00")
    olga = Script(acme.olga)

    assert refusal(olga.post(f"approval-requests/{asked['id']}/approve/", _signed(asked))) == (403, "otp_required")
    granted = olga.post(f"approval-requests/{asked['id']}/approve/", _signed(asked), otp=True)

    assert granted.status_code == 200, granted.content
    assert granted.json()["regions"] == ["eu"]
    assert granted.json()["max_data_class"] == "confidential"
    assert olga.get(f"approval-requests/{asked['id']}/").json()["status"] == "approved"


def test_whoever_asked_does_not_decide(acme: Cast, helper: Model) -> None:
    asked = _ask(acme, helper)

    for verdict in ("approve", "reject"):
        answer = Script(acme.alice).post(f"approval-requests/{asked['id']}/{verdict}/", _signed(asked), otp=True)
        assert refusal(answer) == (403, "separation_of_duties")


@pytest.mark.parametrize("name", ["ada", "ann", "bob", "dev", "rob"])
def test_only_compliance_officers_decide(acme: Cast, helper: Model, name: str) -> None:
    asked = _ask(acme, helper)

    answer = Script(getattr(acme, name)).post(f"approval-requests/{asked['id']}/approve/", _signed(asked), otp=True)

    assert refusal(answer) == (403, "permission_denied")


def test_a_code_is_used_up_by_the_call_it_came_with(acme: Cast, helper: Model) -> None:
    asked, olga = _ask(acme, helper), Script(acme.olga)
    code = acme.olga.code()
    stale = {"reason": "Evaluated.", "signed_hash": "0" * 64}

    first = olga.post(f"approval-requests/{asked['id']}/approve/", stale, code=code)
    again = olga.post(f"approval-requests/{asked['id']}/approve/", _signed(asked), code=code)

    assert refusal(first) == (409, "content_changed")
    assert refusal(again) == (403, "otp_required")


def test_a_wrong_code_is_refused_before_anything_is_done(acme: Cast, helper: Model) -> None:
    asked, olga = _ask(acme, helper), Script(acme.olga)

    answer = olga.post(f"approval-requests/{asked['id']}/approve/", _signed(asked), code="000000")

    assert refusal(answer) == (403, "otp_required")
    assert "wrong or used up" in answer.json()["detail"]
    assert TOTPDevice.objects.get(user=acme.olga.user).throttling_failure_count == 1
    assert olga.get(f"approval-requests/{asked['id']}/").json()["status"] == "submitted"


def test_what_was_not_read_is_not_signed(acme: Cast, helper: Model) -> None:
    asked, olga = _ask(acme, helper), Script(acme.olga)
    path = f"approval-requests/{asked['id']}"

    assert refusal(olga.post(f"{path}/approve/", {**_signed(asked), "signed_hash": "f" * 64}, otp=True))[0] == 409
    assert refusal(olga.post(f"{path}/approve/", {**_signed(asked), "reason": " "}, otp=True))[0] == 400
    assert olga.post(f"{path}/reject/", _signed(asked), otp=True).json()["status"] == "rejected"
    assert refusal(olga.post(f"{path}/approve/", _signed(asked), otp=True))[0] == 409


def test_a_second_request_waits_for_the_first(acme: Cast, helper: Model) -> None:
    _ask(acme, helper)

    again = Script(acme.dev).post("approval-requests/", {"model": str(helper.id), "justification": "mine too"})

    assert refusal(again) == (409, "conflict")


def test_stages_rules_and_revisions_are_told(acme: Cast, helper: Model) -> None:
    ada, alice, olga = Script(acme.ada), Script(acme.alice), Script(acme.olga)
    stages = [{"roles": ["compliance_officer"]}, {"roles": ["administrator"]}]
    rule = {"risk_tier": "medium", "stages": stages, "evidence": []}
    assert refusal(ada.post("review-rules/", rule, otp=True)) == (403, "permission_denied")
    assert olga.post("review-rules/", rule, otp=True).json()["stages"][1] == {
        "roles": ["administrator"],
        "needed": 1,
        "due_days": 3,
    }
    asked = _ask(acme, helper, is_draft=True, risk_tier="low")
    path = f"approval-requests/{asked['id']}"
    revised = alice.post(f"{path}/revise/", {"justification": "More letters.", "risk_tier": "medium"}).json()
    assert (revised["revision"], revised["status"], revised["stages"]) == (2, "draft", [])
    sent = alice.post(f"{path}/send/").json()
    assert [(stage["roles"], stage["is_open"]) for stage in sent["stages"]] == [
        (["compliance_officer"], True),
        (["administrator"], False),
    ]

    signed = olga.post(f"{path}/approve/", _signed(sent), otp=True).json()

    assert (signed["status"], signed["approval"]) == ("in_review", None)
    assert ada.post(f"{path}/approve/", _signed(sent), otp=True).json()["approval"]
    assert [each["number"] for each in ada.get(f"{path}/revisions/").json()] == [1, 2]


def test_what_is_given_back_or_raised_is_decided_anew(acme: Cast, helper: Model) -> None:
    asked, olga = _ask(acme, helper), Script(acme.olga)
    path = f"approval-requests/{asked['id']}"
    raised = olga.post(f"{path}/override-tier/", {"risk_tier": "high", "reason": "with care"}, otp=True).json()
    assert [stage["needed"] for stage in raised["stages"]] == [1, 2]
    assert refusal(olga.post(f"{path}/approve/", _signed(asked), otp=True)) == (409, "content_changed")
    assert olga.post(f"{path}/request-changes/", _signed(raised), otp=True).json()["status"] == "changes_requested"
    assert refusal(Script(acme.alice).post(f"{path}/send/")) == (409, "conflict")


def test_a_delegation_is_used_and_taken_back(acme: Cast, helper: Model) -> None:
    asked, ada, olga = _ask(acme, helper), Script(acme.ada), Script(acme.olga)
    times = {"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-01-02T00:00:00Z"}
    body = {"delegate": str(acme.ada.user.id), **times}
    assert olga.post("delegations/", body, otp=True).status_code == 201  # which is over
    path, signed = (
        f"approval-requests/{asked['id']}/approve/",
        {**_signed(asked), "in_place_of": str(acme.olga.user.id)},
    )
    assert refusal(ada.post(path, signed, otp=True)) == (403, "permission_denied")
    now = clock.now()
    made = olga.post(
        "delegations/",
        {**body, "starts_at": now.isoformat(), "ends_at": (now + timedelta(days=1)).isoformat()},
        otp=True,
    ).json()
    assert refusal(ada.post(f"delegations/{made['id']}/end/")) == (403, "permission_denied")
    granted = ada.post(path, signed, otp=True).json()
    assert granted["decisions"][0]["decided_for"] == str(acme.olga.user.id)
    assert olga.post(f"delegations/{made['id']}/end/").json()["ends_at"] < made["ends_at"]


def test_suspending_is_quick_and_resuming_takes_a_code(acme: Cast, helper: Model) -> None:
    acme.world.approve(helper)
    with within(acme.world.system.scope):
        approval = Approval.objects.get(model=helper)
    ada, olga = Script(acme.ada), Script(acme.olga)

    why = {"reason": "It answers oddly."}
    assert refusal(ada.post(f"approvals/{approval.id}/suspend/")) == (400, "invalid_request")
    assert ada.post(f"approvals/{approval.id}/suspend/", why).json()["suspended_at"]
    assert refusal(olga.post(f"approvals/{approval.id}/resume/", why)) == (403, "otp_required")
    assert refusal(ada.post(f"approvals/{approval.id}/resume/", why, otp=True)) == (403, "permission_denied")
    assert olga.post(f"approvals/{approval.id}/resume/", why, otp=True).json()["suspended_at"] is None
    assert refusal(Script(acme.bob).post(f"models/{helper.id}/suspend/", why)) == (403, "permission_denied")


def test_page_and_api_leave_the_same_trace(acme: Cast, other_cast: Cast) -> None:
    traces = []
    for people, by_page in ((acme, True), (other_cast, False)):
        model = people.world.model("helper", approved=False)
        asked = _ask(people, model)
        if by_page:
            form = {**_signed(asked), "verdict": "approve"}
            assert cast.browser(people.olga).post(f"/approvals/{asked['id']}/decide/", form).status_code == 302
        else:
            Script(people.olga).post(f"approval-requests/{asked['id']}/approve/", _signed(asked), otp=True)
        names = {str(people.alice.user.id): "alice", str(people.olga.user.id): "olga"}
        traces.append([(action, names.get(who), details) for action, who, details in _acts(people)])

    assert traces[0] == traces[1]
    assert traces[0][-1] == ("governance.approval.approved", "olga", ["approval_id", "request_id", "signed_hash"])


@pytest.fixture
def other_cast() -> Cast:
    return cast.assemble()
