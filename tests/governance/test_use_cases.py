"""Use cases: who describes them how, and what the database refuses whoever asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, transaction
from django.urls import reverse

from governance import selectors
from governance.models import (
    AiActClass,
    Approval,
    ApprovalRequest,
    Notice,
    NoticeKind,
    RequestRevision,
    RiskTier,
    UseCase,
    WaivedCondition,
)
from governance.services import approvals, recertification, suspensions, use_cases
from governance.services.approvals import content_hash
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants.models import Role
from tests.governance.reviewing import decide, together
from tests.portal.api.caller import Script, refusal
from tests.support import waiving
from tests.support.acts import ask, description, draft, new_model, new_use_case
from tests.support.answers import entered
from tests.support.cast import Cast, browser
from tests.support.world import World, without_second_factor


def change(actor: Actor, use_case: UseCase, **described: Any) -> UseCase:
    with within(actor.scope):
        described.setdefault("owner_id", use_case.owner_id)
        return use_cases.change(actor=actor, use_case=use_case, described=description(actor, **described))


def by_hand(world: World, use_case: UseCase, **columns: Any) -> None:
    """As the portal's role, past the services."""
    with within(world.admin.scope), transaction.atomic():
        UseCase.objects.filter(id=use_case.id).update(**columns)


def test_what_is_prohibited_or_retired_is_not_in_service(world: World) -> None:
    standing, ended = new_use_case(world), new_use_case(world)
    prohibited = new_use_case(world, ai_act_class=AiActClass.PROHIBITED)
    with within(world.admin.scope):
        use_cases.retire(actor=world.admin, use_case=ended, now=clock.now())
        assert list(selectors.use_cases_in_service()) == [standing]
        assert not prohibited.is_in_service
        with pytest.raises(errors.Conflict):
            use_cases.retire(actor=world.admin, use_case=ended, now=clock.now())
    with pytest.raises(errors.Conflict):
        change(world.admin, ended)


def test_a_class_of_less_care_is_given_by_an_officer_with_a_code(world: World) -> None:
    use_case = new_use_case(world, ai_act_class=AiActClass.LIMITED)
    change(world.admin, use_case, ai_act_class=AiActClass.HIGH)
    with pytest.raises(errors.Forbidden):
        change(world.admin, use_case, ai_act_class=AiActClass.MINIMAL)
    with pytest.raises(errors.Forbidden) as told:
        change(without_second_factor(world.officer), use_case, ai_act_class=AiActClass.MINIMAL)
    assert told.value.code == "otp_required"
    assert change(world.officer, use_case, ai_act_class=AiActClass.MINIMAL).ai_act_class == AiActClass.MINIMAL


@pytest.mark.parametrize("changed", [{"purpose": "Whom to hire."}, {"decides_about_persons": True}])
def test_what_it_is_for_does_not_change_under_what_was_signed_for_it(world: World, changed: dict[str, Any]) -> None:
    waits, approved, waived = (new_use_case(world) for _ in range(3))
    ask(world, use_cases=[waits.id])
    world.approve(new_model(world), use_cases=[approved.id])
    bound = world.approve(new_model(world), caller_regions=["mars"])
    waiving.ask(world.admin, bound, waived, WaivedCondition.CALLER_REGION)
    for use_case in (waits, approved, waived):
        with pytest.raises(errors.Conflict, match="another purpose"):
            change(world.officer, use_case, **changed)
        with pytest.raises(IntegrityError, match="relies on it"):
            by_hand(world, use_case, **changed)
        named = change(world.admin, use_case, name="Letters and faxes", ai_act_class=AiActClass.LIMITED)
        assert named.name == "Letters and faxes"
    free = new_use_case(world)
    draft(world, use_cases=[free.id])
    change(world.admin, free, **changed)


def test_the_owner_is_a_member(world: World, other_world: World) -> None:
    with pytest.raises(errors.InvalidRequest) as told:
        new_use_case(world, owner_id=other_world.admin.id)
    assert told.value.param == "owner"
    with pytest.raises(IntegrityError, match="is a member"):
        by_hand(world, new_use_case(world), owner_id=other_world.admin.id)


def test_a_name_is_given_once(world: World) -> None:
    new_use_case(world, slug="letters")
    with pytest.raises(ValidationError):
        new_use_case(world, slug="letters")


def test_what_is_retired_does_not_come_back(world: World) -> None:
    use_case = new_use_case(world)
    with within(world.admin.scope):
        use_cases.retire(actor=world.admin, use_case=use_case, now=clock.now())
    with pytest.raises(IntegrityError, match="does not change"):
        by_hand(world, use_case, retired_at=None)


@pytest.mark.parametrize("column", ["slug", "team_id"])
def test_what_callers_name_and_whose_it_is_stays(world: World, column: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        by_hand(world, new_use_case(world), **{column: None})


def test_a_lead_sees_those_of_the_own_team_and_of_all(world: World) -> None:
    research, _ = world.new_team("research")
    shared, own, theirs = new_use_case(world), new_use_case(world, team=world.team), new_use_case(world, team=research)
    lead = world.person("lea", Role.TEAM_LEAD, world.team)
    with within(lead.scope):
        assert set(UseCase.objects.all()) == {shared, own}
    assert theirs.team == research


def test_it_is_registered_described_anew_and_retired_over_the_api(acme: Cast) -> None:
    ada, alice = Script(acme.ada), Script(acme.alice)
    described = {"name": "Letters", "purpose": "Drafts letters", "ai_act_class": "high"}
    made = ada.post("use-cases/", {**described, "slug": "letters"}).json()
    assert (made["owner"], made["is_in_service"]) == (str(acme.ada.user.id), True)
    address = f"use-cases/{made['id']}/"
    assert refusal(ada.put(address, {**described, "ai_act_class": "limited"})) == (403, "permission_denied")
    assert alice.put(address, {**described, "ai_act_class": "limited"}, otp=True).json()["ai_act_class"] == "limited"
    assert ada.put(address, {**described, "ai_act_class": "prohibited"}).json()["is_in_service"] is False
    assert ada.post(f"{address}retire/").json()["retired_at"]
    assert refusal(ada.put(address, described)) == (409, "conflict")
    assert refusal(ada.post("use-cases/", {**described, "slug": "letters"})) == (400, "invalid_request")


def test_it_is_registered_described_anew_and_retired_on_the_screens(acme: Cast) -> None:
    client = browser(acme.ada)
    form = {
        "slug": "letters",
        "name": "Letters",
        "purpose": "Drafts letters",
        "ai_act_class": "limited",
        "owner": str(acme.bob.user.id),
    }
    assert client.post("/admin/governance/usecase/add/", form).status_code == 302
    with within(acme.ada.actor.scope):
        use_case = UseCase.objects.get(slug="letters")
    assert use_case.owner_id == acme.bob.user.id
    page = f"/admin/governance/usecase/{use_case.id}/change/"
    assert client.post(page, {**form, "ai_act_class": "high"}).status_code == 302
    refused = client.post(page, {**form, "ai_act_class": "minimal"})
    assert "Your role does not include" in refused.content.decode()
    retire = f"/admin/governance/usecase/{use_case.id}/retire/"
    assert "does not come back" in client.get(retire).content.decode()
    assert client.post(retire).status_code == 302
    with within(acme.ada.actor.scope):
        use_case.refresh_from_db()
    assert (use_case.ai_act_class, use_case.retired_at is not None) == (AiActClass.HIGH, True)


def test_a_request_names_use_cases_that_are_in_service(world: World, other_world: World) -> None:
    prohibited = new_use_case(world, ai_act_class=AiActClass.PROHIBITED)
    foreign = new_use_case(other_world)
    for use_case in (prohibited, foreign):
        with pytest.raises(errors.InvalidRequest) as told:
            ask(world, use_cases=[use_case.id])
        assert told.value.param == "use_cases"
        request = draft(world)
        with pytest.raises(IntegrityError, match="in service"), within(world.admin.scope), transaction.atomic():
            ApprovalRequest.objects.filter(id=request.id).update(
                use_cases=[use_case.id], revision=2, content_hash="1" * 64
            )


def test_what_has_gone_out_of_service_meanwhile_is_not_approved(world: World) -> None:
    use_case = new_use_case(world)
    request = ask(world, use_cases=[use_case.id])
    change(world.admin, use_case, ai_act_class=AiActClass.PROHIBITED)
    officer = world.officer
    with within(officer.scope), pytest.raises(errors.Conflict, match="not in service"):
        approvals.approve(
            actor=officer, request=request, reason="fine", signed_hash=request.content_hash, now=clock.now()
        )


@pytest.mark.parametrize("care", [AiActClass.HIGH, AiActClass.PROHIBITED])
def test_what_takes_more_care_at_the_moment_it_is_approved_is_refused_in_words(world: World, care: AiActClass) -> None:
    use_case = new_use_case(world)
    request = ask(world, use_cases=[use_case.id])
    signed, changed = together(
        lambda: decide(world.officer, request), lambda: change(world.admin, use_case, ai_act_class=care)
    )
    assert isinstance(signed, Approval | errors.Conflict)
    assert changed.ai_act_class == care


def test_a_use_case_is_asked_for_by_teams_that_may_call_for_it(world: World) -> None:
    research, _ = world.new_team("research")
    theirs = new_use_case(world, slug="verdicts", team=research)
    for teams in ([], [research.id], [world.team.id, research.id]):
        assert ask(world, use_cases=[theirs.id], teams=teams).use_cases == [theirs.id]
    with pytest.raises(errors.InvalidRequest, match="verdicts is of a team") as told:
        ask(world, use_cases=[theirs.id, new_use_case(world).id], teams=[world.team.id])
    assert told.value.param == "use_cases"


@pytest.mark.parametrize("column", ["teams", "use_cases"])
def test_the_database_refuses_a_use_case_of_another_team_as_well(world: World, column: str) -> None:
    research, _ = world.new_team("research")
    asked: dict[str, Any] = {"teams": [world.team.id], "use_cases": [new_use_case(world, team=research).id]}
    begun: dict[str, Any] = {name: value for name, value in asked.items() if name != column}
    request = draft(world, **begun)
    with pytest.raises(IntegrityError, match="team that may call"), within(world.admin.scope), transaction.atomic():
        ApprovalRequest.objects.filter(id=request.id).update(revision=2, content_hash="1" * 64, **asked)


def test_an_approval_is_for_the_use_cases_that_were_asked_for(world: World) -> None:
    use_case, other = new_use_case(world), new_use_case(world)
    approval = world.approve(new_model(world), use_cases=[use_case.id], caller_regions=["eu"])
    assert (approval.use_cases, approval.caller_regions) == ([use_case.id], ["eu"])
    with within(world.admin.scope):
        revision = RequestRevision.objects.get(request_id=approval.request_id)
        assert (revision.use_cases, revision.caller_regions) == ([use_case.id], ["eu"])
    with pytest.raises(ProgrammingError, match="permission denied"), within(world.officer.scope), transaction.atomic():
        Approval.objects.filter(id=approval.id).update(use_cases=[other.id])


def test_what_was_asked_for_before_there_were_use_cases_keeps_its_hash(world: World) -> None:
    plain, bound = ask(world), ask(world, use_cases=[new_use_case(world).id])
    with within(world.admin.scope):
        for request in (plain, bound):
            request.use_cases, request.model = [], plain.model
        assert content_hash(plain) == content_hash(bound) == plain.content_hash


def test_use_cases_and_callers_regions_are_asked_for_and_decided_on_with_names(acme: Cast) -> None:
    use_case, model = new_use_case(acme.world, slug="letters"), new_model(acme.world)
    client, address = browser(acme.ada), f"{reverse('approval-ask')}?model={model.id}"
    assert "letters: Letters" in client.get(address).content.decode()
    form = {
        "justification": "x",
        "max_data_class": 1,
        "use_cases": [str(use_case.id)],
        "caller_regions": ["eu"],
        **entered(),
    }
    asked = client.post(address, form)
    assert asked.status_code == 302
    page = browser(acme.alice).get(asked.headers["Location"]).content.decode()
    assert "Use cases" in page
    assert f"every team, calling from eu, may send data up to internal to {model} for letters" in page


def test_whoever_decides_reads_which_teams_may_call_for_a_use_case(acme: Cast) -> None:
    world = acme.world
    research, _ = world.new_team("research")
    ours, theirs = new_use_case(world, team=world.team), new_use_case(world, team=research)
    for named, who in [([ours], "Payments"), ([ours, theirs], "Payments, research"), ([], "every team")]:
        asked = ask(world, use_cases=[use_case.id for use_case in named])
        page = browser(acme.alice).get(reverse("approval", args=[asked.id])).content.decode()
        assert f"Within a second, {who} may send" in page


def test_a_use_case_of_another_team_is_refused_at_its_field(acme: Cast) -> None:
    world, model = acme.world, new_model(acme.world)
    research, _ = world.new_team("research")
    named = {"teams": [str(world.team.id)], "use_cases": [str(new_use_case(world, slug="verdicts", team=research).id)]}
    form = {"justification": "x", "max_data_class": 1, **named, **entered()}
    page = browser(acme.ada).post(f"{reverse('approval-ask')}?model={model.id}", form).content.decode()
    at_the_field = page.partition('id="id_use_cases_error"')[2].partition("</ul>")[0]
    assert "verdicts is of a team that is not among those that may call" in at_the_field


def test_they_are_asked_for_over_the_api(acme: Cast) -> None:
    use_case, model = new_use_case(acme.world), new_model(acme.world)
    bound = {"use_cases": [str(use_case.id)], "caller_regions": ["eu"]}
    asked = Script(acme.ada).post("approval-requests/", {"model": str(model.id), "justification": "x", **bound}).json()
    assert {name: asked[name] for name in bound} == bound


def test_what_was_approved_lightly_is_recertified_soon_where_a_use_case_becomes_high(world: World) -> None:
    use_case, now = new_use_case(world), clock.now()
    lightly = world.approve(new_model(world), use_cases=[use_case.id])
    others = world.approve(new_model(world), use_cases=[new_use_case(world).id])
    soon = world.approve(new_model(world), use_cases=[use_case.id], expires_at=now + timedelta(days=7))
    with within(world.officer.scope):
        suspensions.suspend(actor=world.officer, subject=lightly, reason="for tests", now=now)

    change(world.admin, use_case, ai_act_class=AiActClass.HIGH)

    with within(world.officer.scope):
        by = {row.id: row.recertify_by for row in Approval.objects.all()}
        told = Notice.objects.filter(person_id=world.officer.id, kind=NoticeKind.BROUGHT_FORWARD)
        assert {notice.subject_id for notice in told} == {lightly.id, soon.id}
    assert now < by[lightly.id] <= clock.now() + recertification.SOON
    assert (by[others.id], by[soon.id]) == (others.recertify_by, soon.recertify_by)

    change(world.admin, use_case, ai_act_class=AiActClass.HIGH, name="Said otherwise")
    with within(world.officer.scope):
        assert told.count() == 2


def test_what_was_approved_with_the_care_it_takes_stays_as_long(world: World) -> None:
    use_case = new_use_case(world)
    request = ask(world, risk_tier=RiskTier.HIGH, use_cases=[use_case.id])
    for name in ("olivia", "oscar", "otto"):
        decide(world.person(name, Role.COMPLIANCE_OFFICER), request)
    change(world.admin, use_case, ai_act_class=AiActClass.HIGH)
    with within(world.officer.scope):
        granted = Approval.objects.get(request=request)
        assert granted.recertify_by > clock.now() + recertification.SOON
        assert not Notice.objects.filter(kind=NoticeKind.BROUGHT_FORWARD).exists()
